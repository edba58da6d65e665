import json

import numpy as np
import pytest

from structmask_gui.core.errors import ParameterError
from structmask_gui.core.progress import Task
from structmask_gui.core.quality.assessment import assess, basis
from structmask_gui.core.quality.basis import automatic_basis
from structmask_gui.core.quality.copied_noise import still_copied
from structmask_gui.core.quality.covariance import given_covariance
from structmask_gui.core.quality.error import estimated_error, weights
from structmask_gui.core.simulation import NoiseModel, cells, kernels, simulate
from structmask_gui.core.stack.frames import ArrayFrames

MODEL = NoiseModel(kernels()["row 5"], 0.3)


@pytest.fixture(scope="module")
def stack():
    return ArrayFrames(
        simulate(MODEL, (128, 200), n_frames=2, picture=cells((128, 200)), strength=1.5)
    )


def test_an_assessment_gathers_the_figures_of_its_parts(stack):
    measured = basis(stack)
    mask = np.array([[0, 0, 1, 1, 1]], dtype=bool)
    found = assess(measured, mask)
    noise, image = measured.noise.values, measured.image.values
    assert found.figures.copied == still_copied(measured.noise, mask)
    assert found.figures.copied < still_copied(noise, mask)
    np.testing.assert_array_equal(found.weights, weights(image, mask))
    assert measured.still is not None
    assert found.error == estimated_error(noise, image, found.weights, measured.still)
    assert measured.score(mask).error == found.error
    assert found.curve.radii[-1] == (128 - 1) // 2 // 2
    assert found.figures.copied < found.figures.copied_bare
    assert {item.trainer.name for item in found.blanked} == {"n2v", "CAREamics"}


def test_the_record_is_plain_json(stack):
    record = assess(basis(stack, source="flat"), None).record()
    again = json.loads(json.dumps(record, allow_nan=False))
    assert again == record
    assert again["still_copied"] == again["still_copied_bare_centre"]
    assert again["estimated_error"]["total"] == pytest.approx(
        again["estimated_error"]["noise_left"] + again["estimated_error"]["detail_lost"]
    )
    assert len(again["curve"]["radius"]) == len(again["curve"]["still_copied"]) == 10


def test_noise_measured_otherwise_is_taken(stack):
    given = given_covariance(MODEL.correlation(20), 1.0, "dark stack")
    assert basis(stack, noise=given).noise is given
    short = given_covariance(MODEL.correlation(10), 1.0, "dark stack")
    with pytest.raises(ParameterError, match=r"radius of 10 .* give 1 to 5"):
        basis(stack, noise=short)
    assert assess(basis(stack, noise=short, radius=5), None).figures.radius == 5


def test_measuring_reports(stack):
    reports = []
    basis(stack, task=Task(lambda *report: reports.append(report)))
    assert {what for _, _, what in reports} == {
        "Measuring the image",
        "Measuring the noise",
        "Comparing frames",
    }


def test_frames_too_small_are_refused():
    small = ArrayFrames(np.random.default_rng(0).normal(size=(2, 30, 30)))
    with pytest.raises(ParameterError, match="does not fit"):
        basis(small)


@pytest.mark.parametrize(("side", "radius"), [(20, 4), (40, 9), (41, 10), (60, 10)])
def test_small_frames_are_measured_as_far_as_they_allow(side, radius):
    small = ArrayFrames(np.random.default_rng(0).normal(size=(6, side, side)))
    assert automatic_basis(small).radius == radius


def test_a_radius_that_is_asked_for_is_not_lowered():
    small = ArrayFrames(np.random.default_rng(0).normal(size=(6, 40, 40)))
    with pytest.raises(ParameterError, match="A radius of 10 pixels does not fit"):
        automatic_basis(small, radius=10)
