"""What many tests ask of the same few stacks is worked out once in a process.

What decides the answer is compared by its bytes: covariances and correlations are those of other
frames as soon as one pixel differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from hashlib import blake2b
from typing import Any

import numpy as np
import pytest

from structmask_gui.core.quality import assessment
from structmask_gui.core.quality.prediction import mask_array
from structmask_gui.core.recommend import extract


def digest(*parts: Any) -> bytes:
    """Return a digest of arrays and of what `repr` shows whole."""
    made = blake2b(digest_size=16)
    for part in parts:
        array = isinstance(part, np.ndarray)
        made.update(repr((part.shape, part.dtype.str) if array else part).encode())
        made.update(part.tobytes() if array else b"")
    return made.digest()


def kept(work: Callable[..., Any], key: Callable[..., bytes]) -> Callable[..., Any]:
    """Return a function that keeps its answers by a key of its arguments."""
    known: dict[bytes, Any] = {}

    @wraps(work)
    def answer(*args: Any, **more: Any) -> Any:
        place = key(*args, **more)
        if place not in known:
            known[place] = work(*args, **more)
        return known[place]

    return answer


def _of_scores(noise: Any, image: Any, mask: Any, radius: int, still: Any) -> bytes:
    figures = (noise.values, noise.pixels, noise.sides, noise.destriped, image)
    return digest(*figures, mask_array(mask), radius, still and still.pixels)


def _of_suggestion(noise: Any, image: Any, radius: int, **more: Any) -> bytes:
    still = more["still"]
    return digest(_of_scores(noise, image, None, radius, still), more["pixels"])


def _of_recommendation(basis: Any, extraction: Any, *_: Any, **__: Any) -> bytes:
    lags = extraction.measurement.correlation.lags
    figures = (extraction.parameters, extraction.verdict, lags.rho, lags.standard_error)
    if basis is None:
        return digest(*figures)
    scores = _of_scores(basis.noise, basis.image.values, None, basis.radius, basis.still)
    return digest(*figures, scores, basis.trusted)


@contextmanager
def figures_kept() -> Iterator[None]:
    """Keep recommended and suggested masks, and the scores of masks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extract, "recommend", kept(extract.recommend, _of_recommendation))
        patch.setattr(assessment, "score_mask", kept(assessment.score_mask, _of_scores))
        patch.setattr(assessment, "suggest", kept(assessment.suggest, _of_suggestion))
        yield
