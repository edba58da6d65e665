from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structmask_gui.core.errors import InputError
from structmask_gui.core.masks import morphology
from structmask_gui.core.masks.mask import Mask
from structmask_gui.core.masks.symmetry import allowed_turns

BARE = Mask(np.ones((1, 1), dtype=bool))

lags = st.tuples(st.integers(-9, 9), st.integers(-9, 9))


@st.composite
def masks(draw: st.DrawFn, symmetric: bool = True) -> Mask:
    cells = draw(st.lists(lags, max_size=20))
    return morphology.with_cells(BARE, cells, True, symmetric=symmetric)


def mask(*rows: str) -> Mask:
    return Mask.checked([[cell == "#" for cell in row] for row in rows])


def cells(one: Mask) -> set[tuple[int, int]]:
    return set(map(tuple, one.lags().tolist()))


def is_symmetric(one: Mask) -> bool:
    return bool(one.statistics.symmetric)


@settings(deadline=None)
@given(masks(), lags)
def test_a_click_changes_a_pixel_and_its_mirror_and_a_second_undoes_it(one, lag):
    value = not morphology.contains(one, lag)
    clicked = morphology.with_cells(one, [lag], value)
    mirror = (-lag[0], -lag[1])
    assert cells(clicked) ^ cells(one) == ({lag, mirror} if lag != (0, 0) else set())
    assert cells(morphology.with_cells(clicked, [lag], not value)) == cells(one)
    assert is_symmetric(clicked)


@settings(deadline=None)
@given(masks(symmetric=False), lags)
def test_a_click_on_one_side_alone(one, lag):
    value = not morphology.contains(one, lag)
    clicked = morphology.with_cells(one, [lag], value, symmetric=False)
    assert cells(clicked) ^ cells(one) == ({lag} if lag != (0, 0) else set())


def test_the_centre_stays_and_the_mask_grows_to_a_far_cell():
    assert morphology.with_cells(BARE, [(0, 0)], False) == BARE
    far = morphology.with_cells(BARE, [(2, -5)], True)
    assert far.shape == (5, 11)
    assert cells(far) == {(0, 0), (2, -5), (-2, 5)}
    assert morphology.with_cells(far, [(40, 40)], False) == far


def test_too_far():
    for call in (
        lambda: morphology.with_cells(BARE, [(0, morphology.LARGEST_REACH + 1)], True),
        lambda: morphology.with_line(BARE, (0, 0), (10**12, 0)),
    ):
        with pytest.raises(InputError, match=r"from the centre; a mask can be edited up to 1000\."):
            call()


@settings(deadline=None)
@given(lags, lags)
def test_a_line_has_no_gaps_and_its_mirror_is_a_line(start, end):
    line = morphology.line_cells(start, end)
    assert line[0] in (start, end)
    assert line[-1] in (start, end)
    assert set(line) == set(morphology.line_cells(end, start))
    mirrored = {(-dy, -dx) for dy, dx in line}
    assert mirrored == set(morphology.line_cells((-start[0], -start[1]), (-end[0], -end[1])))
    steps = np.abs(np.diff(np.array(line), axis=0))
    assert (steps.max(axis=1) == 1).all() if len(line) > 1 else True


def test_a_line_is_drawn_with_its_mirror():
    row = morphology.with_line(BARE, (0, 1), (0, 4))
    assert row == Mask(np.ones((1, 9), dtype=bool))
    one_side = morphology.with_line(BARE, (0, 0), (3, 3), symmetric=False)
    assert cells(one_side) == {(i, i) for i in range(4)}


@settings(deadline=None)
@given(masks(), st.sampled_from(["all", "rows", "columns"]))
def test_growing_adds_just_the_neighbours(one, direction):
    dy, dx = {"all": (1, 1), "rows": (0, 1), "columns": (1, 0)}[direction]
    expected = {
        (y + a, x + b)
        for y, x in cells(one)
        for a in range(-dy, dy + 1)
        for b in range(-dx, dx + 1)
    }
    grown = morphology.grown(one, direction)
    assert cells(grown) == expected
    assert is_symmetric(grown)


@settings(deadline=None)
@given(masks(), st.sampled_from(["all", "rows", "columns"]))
def test_shrinking_keeps_what_has_all_its_neighbours(one, direction):
    dy, dx = {"all": (1, 1), "rows": (0, 1), "columns": (1, 0)}[direction]
    before = cells(one)
    expected = {
        (y, x)
        for y, x in before
        if all((y + a, x + b) in before for a in range(-dy, dy + 1) for b in range(-dx, dx + 1))
    }
    shrunk = morphology.shrunk(one, direction)
    assert cells(shrunk) == expected | {(0, 0)}
    assert shrunk.shape == one.shape


def test_a_grown_mask_keeps_its_array_while_it_fits():
    one = BARE.padded((5, 7))
    assert morphology.grown(one).shape == (5, 7)
    assert morphology.grown(morphology.grown(morphology.grown(one))).shape == (7, 7)
    assert morphology.grown(BARE, "rows").shape == (1, 3)
    wide = Mask(np.ones((1, 2 * morphology.LARGEST_REACH + 1), dtype=bool))
    with pytest.raises(InputError, match="up to 1000"):
        morphology.grown(wide)


def test_gaps_are_filled_along_lines_and_holes_too():
    assert morphology.filled(mask("#.#.#")) == mask("#####")
    assert morphology.filled(mask("#..#..#")) == mask("#######")
    assert morphology.filled(mask("#...#...#")) == mask("#...#...#")
    assert morphology.filled(mask("#....", ".....", "..#..", ".....", "....#")) == mask(
        "#....", ".#...", "..#..", "...#.", "....#"
    )
    ring = mask("#######", "#.....#", "#.....#", "#..#..#", "#.....#", "#.....#", "#######")
    assert morphology.filled(ring) == Mask(np.ones((7, 7), dtype=bool))


@pytest.mark.slow
@settings(deadline=None)
@given(masks())
def test_filling_takes_nothing_away_and_is_done_once(one):
    filled = morphology.filled(one)
    assert cells(one) <= cells(filled)
    assert is_symmetric(filled)


@settings(deadline=None)
@given(masks(), masks())
def test_union_and_intersection(one, other):
    assert cells(morphology.union(one, other)) == cells(one) | cells(other)
    assert cells(morphology.intersection(one, other)) == cells(one) & cells(other)


@settings(deadline=None)
@given(masks(symmetric=False))
def test_symmetrised_and_cropped(one):
    whole = morphology.symmetrised(one)
    assert is_symmetric(whole)
    assert cells(whole) == cells(one) | {(-y, -x) for y, x in cells(one)}
    small = one.padded((31, 31)).cropped()
    assert cells(small) == cells(one)
    reach = np.abs(one.lags()).max(axis=0)
    assert small.shape == (2 * reach[0] + 1, 2 * reach[1] + 1)


def test_nothing_given_is_changed():
    one = mask("..#..", ".###.", "..#..")
    before = one.array.copy()
    morphology.with_cells(one, [(0, 2)], True)
    morphology.grown(one)
    morphology.shrunk(one)
    morphology.filled(one)
    np.testing.assert_array_equal(one.array, before)


# --- which turns leave a mask unchanged -----------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (BARE, (True, True, True, True)),
        (Mask(np.ones((1, 5), dtype=bool)), (True, True, False, True)),
        (Mask(np.ones((3, 3), dtype=bool)), (True, True, True, True)),
        (Mask(np.eye(5, dtype=bool)), (False, False, False, True)),
        (mask("##.", "###", ".##"), (False, False, False, True)),
        (mask("###", ".#.", "..."), (True, False, False, False)),
        (mask("#..", ".#.", "..."), (False, False, False, False)),
        (mask("#...#", ".....", "..#..", ".....", "#...#"), (True, True, True, True)),
    ],
)
def test_allowed_turns(one, expected):
    turns = allowed_turns(one)
    assert (turns.flip_x, turns.flip_y, turns.quarter, turns.half) == expected
    assert turns.all == (expected[:3] == (True, True, True))
    assert turns.sentence.endswith((".",))


def test_what_is_allowed_in_words():
    assert allowed_turns(Mask(np.ones((1, 5), dtype=bool))).sentence == (
        "Unchanged by flips left to right, flips top to bottom and half turns; train without"
        " quarter turns, which would turn the noise away from the mask."
    )
    assert "so all are allowed" in allowed_turns(BARE).sentence
    assert "train without augmentation" in allowed_turns(mask("#..", ".#.", "...")).sentence
