"""What lies behind or before a detector: fixed patterns, codecs, processing; and all families."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import imagecodecs
import numpy as np
from PIL import Image
from scipy.fft import dctn, fftfreq, fftn, idctn, ifftn
from scipy.ndimage import gaussian_filter, uniform_filter
from scipy.ndimage import shift as spline_shift
from scipy.signal import lfilter

from _physics.cameras import (
    Camera,
    Maker,
    ccd_taps,
    digitise,
    emccd,
    exponential,
    flicker,
    gamma_gain,
    hum,
    interference,
    light_sheet,
    point_scan,
    poisson,
    raster_1f,
    raster_times,
    resonant,
    scmos,
    sem,
    tem,
    wandering,
)
from _physics.scenes import USUAL, Array, Draw, fractal, log_uniform, scene

SEED = 20261129
PARTS = ("tune", "record", "validate")
SIDES = (96, 128, 160, 192, 256, 384)
PIXELS = 500_000
STRENGTHS = (0.2, 10)
FRAMES = (1, 1, 1, 1, 2, 3, 4, 6, 8, 12, 20, 30)
WIDER_SIDES = (80, *SIDES, 112, 224, 320, 512)
WIDER_STRENGTHS = (0.1, 15)
WIDER_FRAMES = (1, 1, 1, 1, 2, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 30, 40)
"""What is drawn for scenes to validate on: sizes and strengths beside those of the other parts."""
MOTIONS = ("still", "still", "still", "still", "drift", "bleach", "blink", "focus", "swim")


def codec(draw: Draw, background: float) -> tuple[str, Camera]:
    variant = str(draw.choice(["jpeg", "jpeg", "jpeg 2000", "video"]))
    quality, step = int(draw.integers(50, 96)), draw.uniform(0.5, 3)
    length = log_uniform(draw, 0.5, 2) if draw.random() < 0.4 else 0.0
    headroom = draw.uniform(1, 1.6)

    def camera(flux: Array, rng: Draw) -> Array:
        current = poisson(flux, rng) + rng.normal(size=flux.shape)
        if length:
            current = exponential(current, length)
        grain = 225 / (headroom * np.quantile(flux, 0.995) + 5 * np.sqrt(background + 1))
        raw = digitise(15 + grain * current, 8)
        if variant == "jpeg":
            return np.stack([_jpeg(frame, quality) for frame in raw])
        if variant == "jpeg 2000":
            level = 20 + quality // 4
            return np.stack(
                [
                    imagecodecs.jpeg2k_decode(imagecodecs.jpeg2k_encode(frame, level=level))
                    for frame in raw
                ]
            )
        return _video(raw, step * grain * np.sqrt(background))

    return variant + (", scanned" if length else ""), camera


def _jpeg(frame: Array, quality: int) -> Array:
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def _video(frames: Array, step: float) -> Array:
    """Each frame as its difference to the decoded one before, in blocks of 8, quantised."""
    before = np.full(frames.shape[1:], float(frames[0].mean()))
    decoded = []
    h, w = before.shape
    blocks = (h // 8, 8, w // 8, 8)
    for number, frame in enumerate(frames):
        waves = dctn((frame - before).reshape(blocks), axes=(1, 3), norm="ortho")
        coarse = step * (0.6 if number % 12 == 0 else 1)
        kept = np.sign(waves) * np.floor(np.abs(waves) / coarse + 0.35) * coarse
        before = before + idctn(kept, axes=(1, 3), norm="ortho").reshape(h, w)
        decoded.append(digitise(before, 8))
    return np.stack(decoded)


def _patterned(draw: Draw, pattern: Callable[[tuple[int, int], Draw], Array]) -> Camera:
    """Put a plain camera behind what multiplies the light in the same way in every frame."""
    read = draw.uniform(1, 2.5)

    def camera(flux: Array, rng: Draw) -> Array:
        passed = np.clip(pattern(flux.shape[1:], rng), 0.02, None)
        electrons = poisson(flux * passed, rng) + read * rng.normal(size=flux.shape)
        return digitise(100 + 2.2 * electrons, 16)

    return camera


def _relative(draw: Draw, background: float, low: float = 0.3, high: float = 1.5) -> float:
    """Draw a pattern's standard deviation, as a share of the light: about the shot noise's."""
    return float(min(draw.uniform(low, high) * np.sqrt(background + 4) / background, 0.45))


def fringes(draw: Draw, background: float) -> tuple[str, Camera]:
    period, turn, depth = (
        log_uniform(draw, 4, 40),
        draw.uniform(0, np.pi),
        _relative(draw, background),
    )
    bend = draw.uniform(0, 4)

    def pattern(shape: tuple[int, int], rng: Draw) -> Array:
        y, x = np.mgrid[: shape[0], : shape[1]]
        phase = 2 * np.pi * (y * np.sin(turn) + x * np.cos(turn)) / period
        phase += bend * gaussian_filter(fractal(rng, shape, 4), 8) + rng.uniform(0, 2 * np.pi)
        return 1 + depth * np.sqrt(2) * np.cos(phase)

    return "bent" if bend > 2 else "even", _patterned(draw, pattern)


def honeycomb(draw: Draw, background: float) -> tuple[str, Camera]:
    """Look through a fibre bundle: hexagonal cores, each with its own transmission."""
    period, turn = draw.uniform(3, 7), draw.uniform(0, np.pi)
    depth, unlike = _relative(draw, background, 0.3, 2), draw.uniform(0.02, 0.15)

    def pattern(shape: tuple[int, int], rng: Draw) -> Array:
        y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
        y, x = y + rng.uniform(0, 50), x + rng.uniform(0, 50)
        cells = np.zeros(shape)
        for third in range(3):
            angle = turn + third * np.pi / 3
            cells += np.cos(2 * np.pi * (y * np.sin(angle) + x * np.cos(angle)) / (0.866 * period))
        cores = gaussian_filter(rng.normal(size=shape), period / 3)
        return 1 + depth * cells / np.sqrt(1.5) + unlike * cores / cores.std()

    return "bundle", _patterned(draw, pattern)


def speckle(draw: Draw, background: float) -> tuple[str, Camera]:
    """Light with a laser: the intensity of a complex field with grains of some pixels."""
    grain, contrast = draw.uniform(0.6, 3), _relative(draw, background)
    still = draw.random() < 0.7

    def pattern(shape: tuple[int, int], rng: Draw) -> Array:
        field = gaussian_filter(rng.normal(size=(2, *shape)), (0, grain, grain))
        light = (field**2).sum(axis=0)
        return 1 + contrast * (light / light.mean() - 1)

    if still:
        return "static", _patterned(draw, pattern)

    def camera(flux: Array, rng: Draw) -> Array:
        light = np.stack([pattern(flux.shape[1:], rng) for _ in flux])
        electrons = poisson(flux * np.clip(light, 0.02, None), rng)
        return digitise(100 + 2.2 * (electrons + 1.5 * rng.normal(size=flux.shape)), 16)

    return "boiling", camera


def column_blocks(draw: Draw, background: float) -> tuple[str, Camera]:
    """Give each block of columns a converter with an offset and noise of its own."""
    width, flip = int(draw.choice([2, 4, 8, 16, 32])), draw.random() < 0.2
    fixed = draw.uniform(0.2, 1.2) * np.sqrt(background + 2)
    temporal = draw.uniform(0.2, 0.8) * np.sqrt(background + 2) if draw.random() < 0.4 else 0.0

    def camera(flux: Array, rng: Draw) -> Array:
        t, h, w = flux.shape
        if flip:
            flux = np.swapaxes(flux, 1, 2)
            h, w = w, h
        blocks = w // width + 1
        offsets = fixed * rng.normal(size=(1, 1, blocks)) + temporal * rng.normal(
            size=(t, h, blocks)
        )
        electrons = poisson(flux, rng) + 1.4 * rng.normal(size=flux.shape)
        levels = digitise(300 + 2.2 * (electrons + np.repeat(offsets, width, axis=2)[..., :w]), 16)
        return np.swapaxes(levels, 1, 2) if flip else levels

    return ("fixed and temporal" if temporal else "fixed") + (", rows" if flip else ""), camera


def tiles(draw: Draw, background: float) -> tuple[str, Camera]:
    """Stitch fields, or the chips of a detector, of unlike gain."""
    side = int(draw.choice([24, 32, 48, 64]))
    gains = _relative(draw, background, 0.2, 1.2)
    vignette = draw.uniform(0, 0.15)

    def pattern(shape: tuple[int, int], rng: Draw) -> Array:
        count = (shape[0] // side + 2, shape[1] // side + 2)
        gain = 1 + gains * rng.normal(size=count)
        within = (np.mgrid[:side, :side] - side / 2) / side
        shade = 1 - vignette * (within**2).sum(axis=0)
        start = rng.integers(0, side, 2)
        whole = np.kron(gain, np.ones((side, side))) * np.tile(shade, count)
        return whole[start[0] : start[0] + shape[0], start[1] : start[1] + shape[1]]

    return f"side {side}", _patterned(draw, pattern)


def locked_hum(draw: Draw, background: float) -> tuple[str, Camera]:
    """Hum of a scan that starts with the mains: at the same place in every frame."""
    period, line = log_uniform(draw, 6, 300), int(draw.integers(0, 60))
    strength = draw.uniform(0.3, 1.3) * np.sqrt(background + 4)

    def camera(flux: Array, rng: Draw) -> Array:
        times = raster_times((1, *flux.shape[1:]), line)
        wave = wandering(rng, times.ravel(), period, 1e7).reshape(1, *flux.shape[1:])
        electrons = poisson(flux, rng) + 2 * rng.normal(size=flux.shape) + strength * wave
        return digitise(400 + 4 * electrons, 14)

    return "scan", camera


def intensifier(draw: Draw, background: float) -> tuple[str, Camera]:
    """Each photon is a spot on a phosphor, seen by a camera with noise of its own."""
    wide, excess, white = draw.uniform(0.5, 2.2), draw.uniform(0.3, 1), draw.uniform(0.1, 0.8)
    long = draw.uniform(2, 4) if draw.random() < 0.4 else 0.0

    def camera(flux: Array, rng: Draw) -> Array:
        light = gamma_gain(poisson(flux, rng), rng, excess)
        spots = gaussian_filter(light, (0, wide, wide))
        if long:
            spots = 0.7 * spots + 0.3 * gaussian_filter(light, (0, long * wide, long * wide))
        scale = np.sqrt(background * (1 + excess) / (4 * np.pi * wide**2 + 1))
        spots += white * scale * rng.normal(size=flux.shape)
        return digitise(100 + 30 * spots / scale, 16)

    return "halo" if long else "spot", camera


def image_lag(draw: Draw, _: float) -> tuple[str, Camera]:
    """Frames that share noise: a running mean, a recursive filter, a detector that remembers."""
    variant = str(draw.choice(["running mean", "recursive", "detector"]))
    over, keep = int(draw.integers(2, 5)), draw.uniform(0.2, 0.75)
    length = log_uniform(draw, 0.4, 2) if draw.random() < 0.6 else 0.0

    def camera(flux: Array, rng: Draw) -> Array:
        before = 8
        seen = np.concatenate([np.repeat(flux[:1], before, axis=0), flux])
        current = poisson(seen, rng) + rng.normal(size=seen.shape)
        if length:
            current = exponential(current, length)
        if variant == "running mean":
            current = lfilter(np.ones(over) / over, [1], current, axis=0)
        elif variant == "recursive":
            current = lfilter([1 - keep], [1, -keep], current, axis=0)
        else:
            current = (1 - keep / 2) * current + keep / 2 * lfilter(
                [0, 0.5], [1, -0.5], current, axis=0
            )
        return digitise(150 + 20 * current[before:], 16)

    return variant + (", scanned" if length else ""), camera


def z_stack(draw: Draw, background: float) -> tuple[str, Camera]:
    """Planes of a scan; some interpolated along z afterwards, so that neighbours share noise."""
    length, lines = log_uniform(draw, 0.3, 2), draw.uniform(0, 0.4)
    factor = draw.uniform(1.2, 3) if draw.random() < 0.5 else 1.0

    def camera(flux: Array, rng: Draw) -> Array:
        t, h, _ = flux.shape
        count = int(np.ceil((t - 1) / factor)) + 2
        source = flux[np.minimum(np.rint(np.arange(count) * factor).astype(int), t - 1)]
        current = exponential(gamma_gain(poisson(source, rng), rng, 0.4), length)
        current += lines * np.sqrt(background) * rng.normal(size=(count, h, 1))
        if factor > 1:
            at = np.arange(t) / factor
            low, part = np.floor(at).astype(int), (at % 1)[:, None, None]
            current = (1 - part) * current[low] + part * current[low + 1]
        else:
            current = current[:t]
        return digitise(100 + 20 * current, 16)

    return "interpolated" if factor > 1 else "planes", camera


def tomogram(draw: Draw, background: float) -> tuple[str, Camera]:
    """Project back with a missing wedge: noise of the ramp filter, shared by planes."""
    wedge, cut, along = draw.uniform(20, 40), draw.uniform(0.25, 0.5), draw.uniform(0.2, 0.5)
    floor, bits = draw.uniform(0.02, 0.2), int(draw.choice([8, 16]))

    def camera(flux: Array, rng: Draw) -> Array:
        t, h, w = flux.shape
        deep = t + 8
        kz, ky, kx = fftfreq(deep)[:, None, None], fftfreq(h)[:, None], fftfreq(w)
        # Tilted about y: projections fill all of kx and kz outside the wedge.
        seen = np.abs(kz) <= np.abs(kx) / np.tan(np.radians(wedge)) + 0.5 / w
        ramp = np.sqrt(np.abs(kx) + 0.5 / w) * np.exp(-((np.hypot(kx, kz) / cut) ** 4))
        across = np.exp(-((ky / along) ** 2) / 2)
        noise = ifftn(fftn(rng.normal(size=(deep, h, w))) * seen * ramp * across).real[:t]
        noise += noise.std() * floor * rng.normal(size=noise.shape)
        volume = flux + np.sqrt(background) * noise / noise.std()
        grain = 10 if bits == 8 else 300
        return digitise(2 ** (bits - 2) + grain * (volume - background) / np.sqrt(background), bits)

    return f"{bits} bit", camera


def registered(draw: Draw, background: float) -> tuple[str, Camera]:
    """Frames moved back by parts of a pixel, or all resampled by one factor."""
    variant = str(draw.choice(["linear", "linear", "cubic", "one shift"]))
    length = log_uniform(draw, 0.4, 1.5) if draw.random() < 0.4 else 0.0
    offsets = draw.uniform(-2, 2, (64, 2))
    columns = draw.uniform(0.3, 1) * np.sqrt(background) if draw.random() < 0.3 else 0.0

    def camera(flux: Array, rng: Draw) -> Array:
        w = flux.shape[2]
        order = 3 if variant == "cubic" else 1
        pattern = columns * rng.normal(size=w)
        moved = []
        for number, frame in enumerate(flux):
            by = offsets[0 if variant == "one shift" else number]
            there = spline_shift(frame, by, order=3, mode="nearest")
            seen = poisson(there, rng) + rng.normal(size=frame.shape) + pattern
            if length:
                seen = exponential(seen[None], length)[0]
            moved.append(spline_shift(seen, -by, order=order, mode="nearest"))
        return digitise(100 + 10 * np.stack(moved), 16)

    return variant + (", scanned" if length else "") + (", columns" if columns else ""), camera


def photon_counting(draw: Draw, _: float) -> tuple[str, Camera]:
    """Count with dead time, and with afterpulses or crosstalk of neighbours for diodes."""
    variant = str(draw.choice(["plain", "afterpulse", "crosstalk"]))
    few, dead, chance = log_uniform(draw, 0.02, 0.5), draw.uniform(0, 0.05), draw.uniform(0.03, 0.3)

    def camera(flux: Array, rng: Draw) -> Array:
        counts = poisson(few * flux, rng)
        again = rng.binomial(counts.astype(int), chance).astype(float)
        if variant == "afterpulse":
            counts += np.roll(again, 1, axis=2)
        elif variant == "crosstalk":
            way = rng.integers(0, 4, size=counts.shape)
            for number, (axis, step) in enumerate(((1, 1), (1, -1), (2, 1), (2, -1))):
                counts += np.roll(again * (way == number), step, axis=axis)
        return digitise(counts / (1 + dead * counts), 8)

    return variant, camera


def clipping(draw: Draw, background: float) -> tuple[str, Camera]:
    """Scan with an offset below zero or with too high a gain."""
    variant, length = str(draw.choice(["black", "white"])), log_uniform(draw, 0.3, 1.5)
    cut, row = draw.uniform(-1.5, 0.5), draw.uniform(0, 0.5)
    bits = int(draw.choice([8, 12]))

    def camera(flux: Array, rng: Draw) -> Array:
        t, h, _ = flux.shape
        sd = np.sqrt(background + 1)
        current = exponential(poisson(flux, rng) + rng.normal(size=flux.shape), length)
        current += row * sd * rng.normal(size=(t, h, 1))
        gain = (10 if bits == 8 else 100) / sd
        if variant == "black":
            return digitise(gain * (current - background - cut * sd), bits)
        top = np.quantile(flux, 0.97) + sd
        return digitise((2**bits - 1) * (current + 2 * sd) / (top + 2 * sd), bits)

    return variant, camera


def white(draw: Draw, _: float) -> tuple[str, Camera]:
    """Nothing to be done: shot noise and read noise without any correlation."""
    read, gain, bits = draw.uniform(0.3, 4), log_uniform(draw, 0.5, 20), int(draw.choice([12, 16]))

    def camera(flux: Array, rng: Draw) -> Array:
        electrons = poisson(flux, rng) + read * rng.normal(size=flux.shape)
        return digitise(100 + gain * electrons, bits)

    return "read noise" if read > 2 else "shot noise", camera


def smoothed(draw: Draw, background: float) -> tuple[str, Camera]:
    """Noise that was filtered in a small window on its way: binning, a filter of the camera."""
    wide, box = draw.uniform(0.4, 1.5), draw.random() < 0.4
    white_share = draw.uniform(0.02, 0.4)

    def camera(flux: Array, rng: Draw) -> Array:
        seen = poisson(flux, rng) + rng.normal(size=flux.shape)
        soft = uniform_filter(seen, (0, 3, 3)) if box else gaussian_filter(seen, (0, wide, wide))
        scale = np.sqrt(background + 1) / (3 if box else np.sqrt(4 * np.pi * wide**2 + 1))
        soft += np.sqrt(white_share) * scale * rng.normal(size=flux.shape)
        return digitise(200 + 20 * soft / scale, 16)

    return "box" if box else "gaussian", camera


@dataclass(frozen=True)
class Family:
    """What is drawn for one kind of instrument: pictures, motions, frames, photons."""

    maker: Maker
    kinds: tuple[str, ...] = USUAL
    motions: tuple[str, ...] = MOTIONS
    frames: tuple[int, ...] = FRAMES
    photons: tuple[float, float] = (5, 150)


MANY = (4, 6, 8, 12, 20, 30)
MOVING = ("drift", "fast", "fast", "swim", "still")
FAMILIES = {
    "sCMOS": Family(scmos, photons=(5, 100)),
    "point scanning": Family(point_scan, photons=(1, 30)),
    "resonant scan": Family(resonant, photons=(2, 40)),
    "hum": Family(hum),
    "1/f along the scan": Family(raster_1f),
    "SEM": Family(sem, ("em", "em", "membranes", "beads"), ("still", "drift"), (1, 1, 1, 2, 3, 5)),
    "TEM": Family(tem, ("em", "membranes", "filaments"), ("still", "drift"), photons=(3, 40)),
    "light sheet": Family(light_sheet, motions=MOVING, photons=(10, 200)),
    "codec": Family(codec),
    "EMCCD": Family(emccd, photons=(1, 30)),
    "CCD taps": Family(ccd_taps, photons=(20, 300)),
    "rolling-shutter flicker": Family(flicker, photons=(20, 300)),
    "interference": Family(interference),
    "fringes": Family(fringes, photons=(20, 300)),
    "fibre bundle": Family(honeycomb, photons=(20, 300)),
    "speckle": Family(speckle, photons=(20, 300)),
    "column blocks": Family(column_blocks),
    "tiles": Family(tiles, photons=(20, 300)),
    "locked hum": Family(locked_hum),
    "intensifier": Family(intensifier, photons=(2, 40)),
    "smoothed": Family(smoothed),
    "frames that share noise": Family(image_lag, frames=MANY),
    "z-stack": Family(z_stack, (*USUAL, *3 * ("puncta", "beads")), ("planes",), MANY, (1, 30)),
    "tomogram": Family(tomogram, ("em", "membranes", "filaments"), ("planes",), MANY, (5, 60)),
    "registered": Family(registered, motions=("still", "still", "bleach", "blink")),
    "photon counting": Family(photon_counting, photons=(2, 30)),
    "clipped": Family(clipping, photons=(5, 60)),
    "nothing to do": Family(white, (*USUAL, "grating")),
}


@dataclass(frozen=True)
class Recipe:
    """A scene and a microscope with every setting; `acquire` is one acquisition of it."""

    family: str
    variant: str
    kind: str
    motion: str
    background: float
    strength: float
    scene: Array
    camera: Camera

    def acquire(self, amplitude: float, rng: Draw, frames: int | None = None) -> Array:
        """Frames (frames, y, x) of whole grey levels, with new noise."""
        return self.camera(self.background + amplitude * self.scene[:frames], rng)


def seeds(part: str, family: str, number: int, use: str) -> list[int]:
    """Seeds of the random numbers for one use of one recipe."""
    return [SEED, PARTS.index(part), crc32(family.encode()), number, crc32(use.encode())]


def recipe(part: str, family: str, number: int) -> Recipe:
    """Draw the recipe of a number in a part."""
    asked = FAMILIES[family]
    draw = np.random.default_rng(seeds(part, family, number, "recipe"))
    wider = part == "validate"
    counts = WIDER_FRAMES if wider and asked.frames == FRAMES else asked.frames
    frames, all_sides = int(draw.choice(counts)), WIDER_SIDES if wider else SIDES
    sides = [side for side in all_sides if frames * side * min(all_sides) <= PIXELS]
    height = int(draw.choice(sides))
    width = int(draw.choice([side for side in all_sides if frames * side * height <= PIXELS]))
    kind = str(draw.choice(asked.kinds))
    alone = "planes" if "planes" in asked.motions else "still"
    motion = str(draw.choice(asked.motions)) if frames > 1 else alone
    background = log_uniform(draw, *asked.photons)
    strength = log_uniform(draw, *(WIDER_STRENGTHS if wider else STRENGTHS))
    variant, camera = asked.maker(draw, background)
    drawn = scene(kind, motion, draw, frames, (height, width))
    return Recipe(family, variant, kind, motion, background, strength, drawn, camera)
