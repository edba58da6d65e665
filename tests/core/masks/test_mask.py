from __future__ import annotations

import numpy as np
import pytest

from structmask_gui.core.errors import InputError
from structmask_gui.core.masks.mask import Mask, compare_masks


def mask_of(*rows: str) -> Mask:
    return Mask(np.array([[char == "#" for char in row] for row in rows]))


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        (["...", ".#.", "..."], "centre only"),
        (["...", "###", "..."], "horizontal"),
        ([".#.", ".#.", ".#."], "vertical"),
        ([".#.", "###", ".#."], "cross"),
        (["#..", ".#.", "..#"], "diagonal"),
        (["..#", ".#.", "#.."], "diagonal"),
        (["#....", "##...", ".###.", "...##", "....#"], "diagonal"),
        (["###", "###", "###"], "blob"),
        ([".....", "#####", "#####", "#####", "....."], "blob"),
        (["#########", "#########", "#########"], "horizontal"),
        (["###"] * 9, "vertical"),
        (["#...#", ".....", "..#..", ".....", "#...#"], "irregular"),
        (["#.#", ".#.", "#.#"], "irregular"),
        ([".#...", ".....", "..#..", ".....", "...#."], "irregular"),
    ],
)
def test_shape_class(rows, name):
    assert mask_of(*rows).statistics.shape_class == name


def test_statistics():
    statistics = mask_of("#....", "##...", "..#..", "...##", "....#").statistics
    assert statistics.shape == (5, 5)
    assert statistics.true_pixels == 7
    assert statistics.share == 7 / 25
    assert statistics.extent == (5, 5)
    assert statistics.components == 1
    assert statistics.symmetric


def test_asymmetric_mask_is_told():
    assert not mask_of("...", ".##", "...").statistics.symmetric


def test_components_count_diagonal_neighbours_as_one():
    assert mask_of("#.#", ".#.", "#.#").statistics.components == 1
    assert mask_of("#...#", ".....", "..#..", ".....", "#...#").statistics.components == 5


def test_crop_and_pad_are_inverse():
    mask = mask_of(".....", ".....", ".###.", ".....", ".....")
    assert mask.cropped().shape == (1, 3)
    assert mask.cropped().padded((5, 5)) == mask
    assert hash(mask.cropped().padded((5, 5))) == hash(mask)


def test_crop_of_an_asymmetric_mask_keeps_the_centre():
    cropped = mask_of(".....", ".....", "..###", ".....", ".....").cropped()
    assert cropped.array.tolist() == [[False, False, True, True, True]]


def test_array_is_read_only_and_its_own():
    source = np.ones((3, 3), dtype=bool)
    mask = Mask(source)
    source[:] = False
    assert mask.array.all()
    with pytest.raises(ValueError, match="read-only"):
        mask.array[0, 0] = False


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.ones((3, 3, 3)), "3 dimensions"),
        (np.ones((4, 3)), "odd sides"),
        (np.full((3, 3), 0.5), "other values than 0 and 1"),
        (np.full((3, 3), np.nan), "other values than 0 and 1"),
        (np.zeros((3, 3)), "0 at its centre"),
        (np.full((3, 3), "1"), "other values than 0 and 1"),
        (np.ones((0, 0)), "odd sides"),
    ],
)
def test_what_is_not_a_mask_is_refused_by_name(values, words):
    with pytest.raises(InputError, match=words) as caught:
        Mask.checked(values, "my.npy")
    assert "my.npy" in str(caught.value)


@pytest.mark.parametrize("values", [np.ones((4, 4)), np.zeros((3, 3)), [[0.5, 1, 0.2]]])
def test_no_other_way_makes_a_mask_of_it(values):
    with pytest.raises(InputError, match="the mask "):
        Mask(values)


def test_checked_takes_numbers():
    assert Mask.checked([[0, 1, 0]]).array.dtype == bool


def test_comparison():
    row = np.zeros((1, 5), dtype=bool)
    row[:] = True
    column = np.ones((3, 1), dtype=bool)
    comparison = compare_masks(row, column, labels=("row", "column"))
    assert comparison.shape == (3, 5)
    assert (comparison.pixels_a, comparison.pixels_b) == (5, 3)
    assert (comparison.overlap, comparison.only_in_a, comparison.only_in_b) == (1, 4, 2)
    assert comparison.jaccard == 1 / 7
    assert comparison.summary() == (
        "row: 5 pixels, column: 3, in both: 1, only in row: 4, only in column: 2, Jaccard 0.143"
    )


def test_comparison_of_equal_masks():
    mask = mask_of("...", "###", "...")
    assert compare_masks(mask, mask.cropped()).jaccard == 1


def test_comparison_names_the_bad_one():
    with pytest.raises(InputError, match="mask left"):
        compare_masks(np.ones((2, 2)), np.ones((3, 3)), labels=("left", "right"))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[1]], "1 pixel"),
        ([[1, 1, 1]], "3 pixels"),
        ([[1, 0, 0, 0, 1, 0, 0, 0, 1]], "3 pixels spread over 9"),
        ([[1], [0], [1], [0], [1]], "3 pixels spread over 5"),
        ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], "3 pixels"),
        ([[1, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 1]], "3 pixels spread over 3 x 5"),
    ],
)
def test_pixels_that_are_apart_are_said_to_be(rows, words):
    assert Mask(np.array(rows, bool)).statistics.size_words == words


def test_a_thick_line_is_not_called_a_column():
    array = np.ones((9, 3), dtype=bool)
    array[0, 0] = array[8, 2] = False
    assert Mask(array).statistics.shape_words == "Wide column"
    assert Mask(array.T).statistics.shape_words == "Wide row"
    assert Mask(np.ones((9, 1), dtype=bool)).statistics.shape_words == "Column"


def test_rows_of_unlike_length_are_no_mask():
    with pytest.raises(InputError, match="A has rows of unlike length"):
        compare_masks([[1], [1, 1, 1]], [[1]])
