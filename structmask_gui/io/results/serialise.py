"""Results of the core as bytes and back: JSON and plain arrays, nothing that could run code."""

from __future__ import annotations

import io
import json
import math
import zipfile
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

import numpy as np

from structmask_gui.core.arrays import AnyArray
from structmask_gui.core.measure.measurement import Measurement
from structmask_gui.core.parameters.model import Parameters
from structmask_gui.core.stack.frames import Region
from structmask_gui.core.stack.patches import Sampling

_ABOUT = "about"
_MOST_ARRAYS = 10_000
_LARGEST = 512 * 2**20


# The classes of a measurement. Only these are ever made from a file, and only from their fields.
@cache
def _classes() -> dict[str, type]:
    from structmask_gui.core.correlation.autocorrelation import Autocorrelation
    from structmask_gui.core.correlation.lags import LagEstimate
    from structmask_gui.core.stack.left_out import LeftOut
    from structmask_gui.core.stack.registration import PairRelation
    from structmask_gui.core.statistical.estimate import (
        BrightnessBin,
        CorrelationEstimate,
        Evidence,
        UnlikePart,
    )
    from structmask_gui.core.statistical.flat_tiles import FlatTiles
    from structmask_gui.core.statistical.frame_diagnostics import FrameEvidence, LineCovariance
    from structmask_gui.core.statistical.out_of_band import SpectralFit
    from structmask_gui.core.statistical.patterns import Lasting, Patterns

    made: tuple[type, ...] = (
        Autocorrelation,
        BrightnessBin,
        CorrelationEstimate,
        Evidence,
        FlatTiles,
        Lasting,
        UnlikePart,
    )
    made += (FrameEvidence, LagEstimate, LineCovariance, Measurement, PairRelation, Patterns)
    return {kind.__name__: kind for kind in (*made, LeftOut, Sampling, SpectralFit)}


def measurement_bytes(measurement: Measurement) -> bytes:
    """Return a measurement as the bytes of an NPZ file; TypeError if part of it has no place."""
    arrays: dict[str, AnyArray] = {}
    about = json.dumps(_encoded(measurement, arrays)).encode()
    buffer = io.BytesIO()
    arrays[_ABOUT] = np.frombuffer(about, np.uint8)
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # taken for its option `allow_pickle`
    return buffer.getvalue()


def measurement_from(data: bytes) -> Measurement:
    """Return the measurement of such bytes; ValueError if damaged or of another version."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
        if len(entries) > _MOST_ARRAYS or sum(e.file_size for e in entries) > _LARGEST:
            raise ValueError("too large")
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        result = _decoded(json.loads(arrays.pop(_ABOUT).tobytes()), arrays)
    except Exception as error:
        # Damaged bytes can break any of these steps with any exception.
        raise ValueError("is no stored measurement") from error
    if not isinstance(result, Measurement):
        raise ValueError("is no stored measurement")
    return result


def _encoded(value: Any, arrays: dict[str, AnyArray]) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, np.generic):
        return _encoded(value.item(), arrays)
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "buif":
            raise TypeError(value.dtype)
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {"array": name, "fixed": not value.flags.writeable}
    if isinstance(value, Parameters):
        return {"parameters": value.model_dump(mode="json")}
    if isinstance(value, Region):
        return {"region": list(value)}
    if isinstance(value, Sampling):
        return _encoded_sampling(value, arrays)
    if type(value) in (tuple, list):  # A named tuple would come back without its names.
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_encoded(item, arrays) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[_encoded(k, arrays), _encoded(v, arrays)] for k, v in value.items()]}
    name = type(value).__name__
    if is_dataclass(value) and _classes().get(name) is type(value):
        inside = {f.name: _encoded(getattr(value, f.name), arrays) for f in fields(value)}
        return {"class": name, "fields": inside}
    raise TypeError(name)


def _encoded_sampling(sampling: Sampling, arrays: dict[str, AnyArray]) -> Any:
    """Encode the reasons by numbers: a million patches share a few sentences."""
    known = {reason: i for i, reason in enumerate(dict.fromkeys(sampling.reasons))}
    numbers = np.array([known[reason] for reason in sampling.reasons], np.uint16)
    return {
        "sampling": {
            "patch_shape": list(sampling.patch_shape),
            "places": _encoded(sampling.places, arrays),
            "used": _encoded(sampling.used, arrays),
            "reasons": list(known),
            "numbers": _encoded(numbers, arrays),
        }
    }


def _decoded(value: Any, arrays: dict[str, AnyArray]) -> Any:
    if not isinstance(value, dict):
        if isinstance(value, list):
            raise ValueError("a bare list")
        return value
    kind = next(iter(value))
    inner = value[kind]
    simple: dict[str, Any] = {
        "float": float,
        "parameters": lambda v: Parameters.model_validate(v),
        "region": lambda v: Region(*map(int, v)),
        "tuple": lambda v: tuple(_decoded(item, arrays) for item in v),
        "list": lambda v: [_decoded(item, arrays) for item in v],
        "dict": lambda v: {_decoded(k, arrays): _decoded(item, arrays) for k, item in v},
    }
    if kind in simple:
        return simple[kind](inner)
    if kind == "array":
        array = arrays[inner]
        if value["fixed"]:
            array.flags.writeable = False
        return array
    if kind == "sampling":
        reasons = inner["reasons"]
        numbers = _decoded(inner["numbers"], arrays)
        height, width = map(int, inner["patch_shape"])
        return Sampling(
            (height, width),
            _decoded(inner["places"], arrays),
            _decoded(inner["used"], arrays),
            tuple(str(reasons[i]) for i in numbers.tolist()),
        )
    made = _classes()[inner]
    wanted = {f.name for f in fields(made)}
    if set(value["fields"]) != wanted:
        raise ValueError("of another version")
    return made(**{name: _decoded(item, arrays) for name, item in value["fields"].items()})


def layout_text() -> str:
    """Return what the stored form depends on: the classes and their fields."""
    return repr([(name, [f.name for f in fields(kind)]) for name, kind in _classes().items()])
