from __future__ import annotations

import pytest

from structmask_gui.core.quality.error import EstimatedError, Scored
from structmask_gui.core.recommend.compare import Expected, better, figures

NAMES = ("A", "B")


def mask(left: float, lost: float, copied: float, pixels: int = 5) -> Expected:
    return Expected.of(Scored(EstimatedError(left, lost), pixels, copied))


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (mask(0.1, 0.1, 0.02), mask(0.6, 0.05, 0.5), "A is better: with B a network copies more"),
        (mask(0.1, 0.5, 0.02), mask(0.1, 0.05, 0.02), "B is better: A loses more detail"),
        (mask(0.1, 0.1, 0.02, 900), mask(0.1, 0.1, 0.02), "B is better: A hides more pixels"),
    ],
)
def test_the_better_one_is_named_with_its_reason_and_both_errors(a, b, words):
    said = better(a, b, NAMES)
    assert said.startswith(words)
    assert "Expected error about " in said


def test_the_same_figure_is_said_once():
    said = better(mask(0.04, 0.041, 0.02), mask(0.04, 0.036, 0.005), NAMES)
    assert said == (
        "B is slightly better: with A a network copies more noise. Expected error about 8 % of the"
        " noise with both."
    )


def test_of_equally_good_ones_the_smaller_is_advised():
    a, b = mask(0.1, 0.1, 0.02, 9), mask(0.1, 0.101, 0.02, 5)
    assert better(a, b, NAMES) == ("A and B are equally good. Take B, which hides fewer pixels.")


def test_of_equally_good_ones_that_which_copies_less_is_advised_as_for_the_recommended_mask():
    a, b = mask(0.1, 0.1, 0.02, 9), mask(0.1, 0.101, 0.05, 5)
    assert better(a, b, NAMES) == (
        "A and B are equally good. Take A, which lets less noise be copied."
    )


def test_what_cannot_be_told_is_said():
    a, b = mask(0.1, 0.1, 0.02), mask(0.6, 0.05, 0.5)
    assert "cannot be told" in better(a, b, NAMES, "structure")
    assert "Neither gains" in better(mask(1, 1, 0.9), mask(1, 0.5, 0.9), NAMES)


def test_figures_are_shares_of_the_noise():
    assert figures(mask(0.3, 0.02, 0.25)) == (
        ("Expected error", "about 32 %"),
        ("Noise copied", "about 25 %"),
        ("Detail lost", "under 5 %"),
    )
