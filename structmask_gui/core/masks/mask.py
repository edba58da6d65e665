"""The mask: a small bool array about a centre pixel, its statistics, and the comparison of two."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from structmask_gui.core.arrays import BoolArray, crop_or_pad
from structmask_gui.core.errors import InputError

ShapeClass = Literal[
    "centre only", "horizontal", "vertical", "cross", "diagonal", "blob", "irregular"
]

_SHAPE_WORDS: dict[ShapeClass, str] = {
    "centre only": "Only the centre",
    "horizontal": "Row",
    "vertical": "Column",
    "cross": "Cross",
    "diagonal": "Diagonal",
    "blob": "Blob",
    "irregular": "Irregular shape",
}
"""What each shape class is called in a sentence."""

# A band counts as a line when it is at least this many times longer than wide, and a region as
# filled when it covers at least this share of its bounding box (a disc covers 0.79, a plus 0.56).
_LONG = 3
_FILLED = 0.6


@dataclass(frozen=True)
class MaskStatistics:
    """Figures that describe a mask."""

    shape: tuple[int, int]
    """Height and width of the array."""
    true_pixels: int
    """Number of True pixels, the centre included."""
    share: float
    """True pixels divided by all pixels of the array."""
    extent: tuple[int, int]
    """Height and width of the bounding box of the True pixels."""
    components: int
    """Number of 8-connected components."""
    symmetric: bool
    """Whether the mask equals its 180-degree rotation, as an autocorrelation does."""
    shape_class: ShapeClass

    @property
    def shape_words(self) -> str:
        """What the shape is called in a sentence, the same everywhere."""
        height, width = self.extent
        if min(height, width) > 1 and self.true_pixels == height * width:
            return f"Block of {height} x {width}"
        if min(height, width) > 1 and self.shape_class in ("horizontal", "vertical"):
            return f"Wide {_SHAPE_WORDS[self.shape_class].lower()}"
        return _SHAPE_WORDS[self.shape_class]

    @property
    def size_words(self) -> str:
        """How many pixels, and over what if they are apart: "3 pixels spread over 9"."""
        words = f"{self.true_pixels} pixel{'s' if self.true_pixels > 1 else ''}"
        if self.components == 1:
            return words
        height, width = self.extent
        within = f"{height} x {width}" if min(self.extent) > 1 else f"{max(self.extent)}"
        return f"{words} spread over {within}"


@dataclass(frozen=True, eq=False)
class Mask:
    """A StructN2V mask.

    Attributes
    ----------
    array : ndarray of bool, shape (odd, odd)
        Axes (y, x), read-only. True means "hide this pixel together with the centre"; the centre
        is True. Anything else raises `InputError`.
    """

    array: BoolArray

    def __post_init__(self) -> None:
        array = _checked(np.asarray(self.array), "the mask").astype(bool, order="C")
        array.setflags(write=False)
        object.__setattr__(self, "array", array)

    @classmethod
    def checked(cls, values: ArrayLike, name: str = "the mask") -> Self:
        """Make a mask of an array from outside the program.

        Parameters
        ----------
        values : array_like
            Two dimensions, odd sides, only 0 and 1 (or False and True), the centre 1. It need not
            be symmetric.
        name : str
            Its name in the error message.

        Raises
        ------
        InputError
            If any of that does not hold.
        """
        try:
            array = np.asarray(values)
        except ValueError:
            raise InputError(f"{name} has rows of unlike length; a mask is a rectangle.") from None
        return cls(_checked(array, name))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return int(self.array.shape[0]), int(self.array.shape[1])

    @property
    def centre(self) -> tuple[int, int]:
        """Index (y, x) of the centre pixel."""
        return self.shape[0] // 2, self.shape[1] // 2

    @cached_property
    def statistics(self) -> MaskStatistics:
        """Shape, size, components, symmetry and shape class."""
        array = self.array
        lags = self.lags()
        low, high = lags.min(axis=0), lags.max(axis=0)
        components = count_components(array)
        return MaskStatistics(
            shape=self.shape,
            true_pixels=len(lags),
            share=len(lags) / array.size,
            extent=(int(high[0] - low[0] + 1), int(high[1] - low[1] + 1)),
            components=components,
            symmetric=bool((array == array[::-1, ::-1]).all()),
            shape_class=_shape_class(lags, components),
        )

    def lags(self) -> NDArray[np.intp]:
        """Return the lags (dy, dx) of the True pixels, shape (n, 2), row by row."""
        lags: NDArray[np.intp] = np.argwhere(self.array) - np.array(self.centre)
        return lags

    def padded(self, shape: tuple[int, int]) -> Mask:
        """Return the mask with False added on all sides up to ``shape`` (odd, not smaller)."""
        return Mask(crop_or_pad(self.array, shape))

    def cropped(self) -> Mask:
        """Return the smallest mask about the same centre that holds all True pixels."""
        reach_y, reach_x = np.abs(self.lags()).max(axis=0).tolist()
        return Mask(crop_or_pad(self.array, (2 * reach_y + 1, 2 * reach_x + 1)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mask) and np.array_equal(self.array, other.array)

    def __hash__(self) -> int:
        return hash((self.shape, self.array.tobytes()))


def _checked(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Return an array that is a mask; of any other say what is wrong with it."""
    if array.ndim != 2:
        raise InputError(f"{name} has {array.ndim} dimensions; a mask has two, height and width.")
    height, width = array.shape
    if height % 2 == 0 or width % 2 == 0:
        raise InputError(
            f"{name} is {height} x {width}; a mask has odd sides, so that it has a centre pixel."
        )
    values = array.dtype.kind == "b" or (array.dtype.kind in "uif" and np.isin(array, (0, 1)).all())
    if not values:
        raise InputError(f"{name} holds other values than 0 and 1; a mask holds only these.")
    if not array[height // 2, width // 2]:
        raise InputError(f"{name} has a 0 at its centre; the centre of a mask is always 1.")
    return array


def count_components(array: BoolArray) -> int:
    """Return the number of 8-connected components of a bool array."""
    return int(labelled(array).max())


def labelled(array: BoolArray) -> NDArray[np.intp]:
    """Return the 8-connected components of a bool array, numbered from 1; 0 elsewhere."""
    from skimage.measure import label

    # skimage hands bool arrays to SciPy, which is slower at this size.
    labels: NDArray[np.intp] = label(array.view(np.uint8), connectivity=2)
    return labels


def same_shape(a: Mask, b: Mask) -> tuple[BoolArray, BoolArray]:
    """Return the arrays of two masks, padded about their centres to the larger height and width."""
    shape = (max(a.shape[0], b.shape[0]), max(a.shape[1], b.shape[1]))
    return crop_or_pad(a.array, shape), crop_or_pad(b.array, shape)


def _shape_class(lags: NDArray[np.intp], components: int) -> ShapeClass:
    if len(lags) == 1:
        return "centre only"
    dy, dx = lags[:, 0], lags[:, 1]
    if (dy == 0).all():
        return "horizontal"
    if (dx == 0).all():
        return "vertical"
    if ((dy == 0) | (dx == 0)).all():
        return "cross"
    along, across = dx + dy, dx - dy
    for a, b in ((along, across), (across, along)):
        # A drawn diagonal has steps: one pixel to the side of it still belongs to the line.
        if (b == 0).all() or (np.abs(b).max() <= 1 and np.abs(a).max() >= 4):
            return "diagonal"
    if components > 1:
        return "irregular"
    height, width = int(np.ptp(dy)) + 1, int(np.ptp(dx)) + 1
    if len(lags) < _FILLED * height * width:
        return "irregular"
    if width >= _LONG * height:
        return "horizontal"
    if height >= _LONG * width:
        return "vertical"
    return "blob"


@dataclass(frozen=True, eq=False)
class MaskComparison:
    """Two masks compared pixel by pixel about their centres."""

    labels: tuple[str, str]
    shape: tuple[int, int]
    """The common shape: the larger height and the larger width."""
    a: BoolArray
    """The first mask, padded to `shape` about its centre."""
    b: BoolArray
    pixels_a: int
    pixels_b: int
    overlap: int
    only_in_a: int
    only_in_b: int
    jaccard: float
    """Overlap divided by the pixels of either, 0 to 1."""

    def summary(self) -> str:
        """Return the comparison in one line."""
        a, b = self.labels
        return (
            f"{a}: {self.pixels_a} pixels, {b}: {self.pixels_b}, in both: {self.overlap},"
            f" only in {a}: {self.only_in_a}, only in {b}: {self.only_in_b},"
            f" Jaccard {self.jaccard:.3f}"
        )


def compare_masks(
    a: Mask | ArrayLike, b: Mask | ArrayLike, labels: tuple[str, str] = ("A", "B")
) -> MaskComparison:
    """Compare two masks; unlike sizes are padded about their centres.

    Parameters
    ----------
    a, b : Mask or array_like
        Arrays need two dimensions, odd sides, 0 and 1, and a 1 at the centre.
    labels : tuple of str
        What the two are called.

    Raises
    ------
    InputError
        If one of them is not a mask.
    """
    first = a if isinstance(a, Mask) else Mask.checked(a, f"mask {labels[0]}")
    second = b if isinstance(b, Mask) else Mask.checked(b, f"mask {labels[1]}")
    in_a, in_b = same_shape(first, second)
    overlap = int((in_a & in_b).sum())
    return MaskComparison(
        labels=labels,
        shape=(in_a.shape[0], in_a.shape[1]),
        a=in_a,
        b=in_b,
        pixels_a=int(in_a.sum()),
        pixels_b=int(in_b.sum()),
        overlap=overlap,
        only_in_a=int((in_a & ~in_b).sum()),
        only_in_b=int((in_b & ~in_a).sum()),
        jaccard=overlap / int((in_a | in_b).sum()),
    )
