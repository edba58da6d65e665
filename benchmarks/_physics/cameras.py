"""Microscopes: from photons to grey levels, with the noise that each kind of hardware adds.

A camera takes the flux of a scene, photons a pixel of shape (frames, y, x), and a random
generator, and gives one acquisition. What is drawn from that generator, temporal noise and the
camera's own pattern, is new in every acquisition; what a maker draws is the setting, and stays.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.fft import fft, fftfreq, ifft
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from scipy.signal import lfilter

from _physics.scenes import Array, Draw, log_uniform

Camera = Callable[[Array, Draw], Array]
Maker = Callable[[Draw, float], tuple[str, Camera]]
"""From random numbers and the photons of the background to the name of a variant and a camera."""


def digitise(volts: Array, bits: int) -> Array:
    """Whole grey levels, clipped where the converter ends."""
    levels = np.clip(np.rint(volts), 0, 2**bits - 1)
    return levels.astype(np.uint8 if bits <= 8 else np.uint16)


def poisson(flux: Array, rng: Draw) -> Array:
    return rng.poisson(np.clip(flux, 0, None)).astype(float)


def along_raster(frames: Array, numerator: list[float], denominator: list[float]) -> Array:
    """Filter in the order of the scan, line after line, without a gap."""
    flat = frames.reshape(len(frames), -1)
    return np.asarray(lfilter(numerator, denominator, flat, axis=-1)).reshape(frames.shape)


def exponential(frames: Array, length: float, share: float = 1.0) -> Array:
    """Response of an amplifier that forgets within `length` pixels, along the scan."""
    keep = np.exp(-1 / length)
    return (1 - share) * frames + share * along_raster(frames, [1 - keep], [1, -keep])


def coloured(rng: Draw, count: int, slope: float, knee: float) -> Array:
    """Noise in time with a power of 1 / (frequency + knee)^slope, of unit variance."""
    frequency = np.abs(fftfreq(count)) + max(knee, 1 / count)
    noise = ifft(fft(rng.normal(size=count)) * frequency ** (-slope / 2)).real
    return np.asarray((noise - noise.mean()) / noise.std())


def wandering(rng: Draw, times: Array, period: float, coherence: float) -> Array:
    """Hum of unit variance whose phase walks by one radian within `coherence` steps of time."""
    steps = np.diff(times, prepend=times[0])
    walk = np.cumsum(rng.normal(size=times.shape) * np.sqrt(steps / coherence))
    phase = 2 * np.pi * times / period + walk + rng.uniform(0, 2 * np.pi)
    third = 0.3 * np.sin(3 * phase + rng.uniform(0, 2 * np.pi))
    return np.asarray((np.sin(phase) + third) / np.sqrt(0.545))


def raster_times(shape: tuple[int, ...], flyback: int) -> Array:
    """Time of each pixel of a scan, in pixels, with a pause after each line."""
    t, h, w = shape
    line = np.arange(t * h)[:, None] * (w + flyback) + np.arange(w)[None, :]
    return line.astype(float)


def full_scale(flux: Array, headroom: float, bits: int) -> float:
    """Return the grey levels of a photon where the brightest parts just fit, times a headroom."""
    brightest = float(np.quantile(flux, 0.999))
    return float(2**bits / (headroom * (brightest + 5 * np.sqrt(brightest) + 3)))


def gamma_gain(counts: Array, rng: Draw, excess: float) -> Array:
    """Multiplied charge of the counts; `excess` is the variance of one count's gain."""
    shape = np.maximum(counts, 0) / excess
    return np.where(counts > 0, rng.gamma(np.maximum(shape, 1e-9)) * excess, 0.0)


def scmos(draw: Draw, background: float) -> tuple[str, Camera]:
    read, tail = draw.uniform(0.9, 2.2), draw.uniform(0.1, 0.5)
    offsets, gains = draw.uniform(0, 2.5), draw.uniform(0.002, 0.015)
    columns, column_offsets = draw.uniform(0, 0.6), draw.uniform(0, 1.5)
    row = draw.uniform(0.3, 1) * np.sqrt(background) if draw.random() < 0.4 else draw.uniform(0, 1)
    lag = draw.uniform(0.02, 0.08) if draw.random() < 0.25 else 0.0
    corrected = draw.random() < 0.4
    fixed = 0.2 if corrected else 1.0
    dark = draw.random() < 0.1

    def camera(flux: Array, rng: Draw) -> Array:
        t, h, w = flux.shape
        electrons = poisson(0.05 + 0 * flux if dark else flux, rng)
        gain = 1 + fixed * gains * rng.normal(size=(h, w))
        electrons *= gain
        if lag:
            for frame in range(1, t):
                electrons[frame] = (1 - lag) * electrons[frame] + lag * electrons[frame - 1]
        electrons += rng.normal(size=flux.shape) * read * rng.lognormal(0, tail, (h, w))
        electrons += columns * rng.normal(size=(t, 1, w)) + row * rng.normal(size=(t, h, 1))
        pattern = offsets * rng.normal(size=(h, w)) + column_offsets * rng.normal(size=w)
        return digitise(100 + 2.2 * (electrons + fixed * pattern), 16)

    name = "dark" if dark else "lag" if lag else "corrected" if corrected else "raw"
    return name, camera


def point_scan(draw: Draw, _: float) -> tuple[str, Camera]:
    variant = str(draw.choice(["bandwidth", "ringing", "afterpulse", "bandwidth + afterpulse"]))
    length, delay = log_uniform(draw, 0.3, 3), int(draw.integers(2, 10))
    echo, damping = draw.uniform(0.08, 0.5), draw.uniform(0.4, 0.85)
    turn, excess = 2 * np.pi / draw.uniform(2.5, 8), draw.uniform(0.2, 0.8)
    read, headroom = draw.uniform(0.02, 0.5), draw.uniform(0.8, 3)

    def camera(flux: Array, rng: Draw) -> Array:
        current = gamma_gain(poisson(flux, rng), rng, excess)
        if "bandwidth" in variant:
            current = exponential(current, length)
        if "afterpulse" in variant:
            current = along_raster(current, [1] + [0] * (delay - 1) + [echo], [1])
        if variant == "ringing":
            poles = [1, -2 * damping * np.cos(turn), damping**2]
            current = along_raster(current, [sum(poles)], poles)
        current += read * rng.normal(size=flux.shape)
        return digitise(60 + full_scale(flux, headroom, 12) * current, 12)

    return variant, camera


def resonant(draw: Draw, _: float) -> tuple[str, Camera]:
    """Sinusoidal speed, both ways, even times of sampling, an offset between the two ways."""
    length, offset = log_uniform(draw, 0.3, 2.5), draw.uniform(-0.6, 0.6)
    used, read = draw.uniform(0.75, 0.95), draw.uniform(0.02, 0.3)
    headroom, averaged = draw.uniform(0.8, 3), int(draw.choice([1, 1, 2, 4]))

    def camera(flux: Array, rng: Draw) -> Array:
        t, h, w = flux.shape
        count = 2 * w
        edge = np.arcsin(used)
        place = (np.sin(np.linspace(-edge, edge, count)) / used + 1) / 2 * (w - 1)
        pixel = np.rint(place).astype(int)
        total = np.zeros((t, h, w))
        for _ in range(averaged):
            seen = np.empty((t, h, count))
            for way in (0, 1):
                at = np.clip(np.rint(place + (offset if way else 0)).astype(int), 0, w - 1)
                seen[:, way::2] = flux[:, way::2][..., at]
            counts = poisson(seen / (2 * averaged), rng)
            counts[:, 1::2] = counts[:, 1::2, ::-1]
            counts = exponential(counts, 2 * length)
            counts[:, 1::2] = counts[:, 1::2, ::-1]
            binned = np.zeros((t * h, w))
            np.add.at(binned.T, pixel, counts.reshape(t * h, count).T)
            total += 2 * (binned / np.maximum(np.bincount(pixel, minlength=w), 1)).reshape(t, h, w)
        total += read * rng.normal(size=flux.shape)
        return digitise(80 + full_scale(flux, headroom, 12) * total, 12)

    return "averaged" if averaged > 1 else "single", camera


def hum(draw: Draw, background: float) -> tuple[str, Camera]:
    period, flyback = log_uniform(draw, 4.2, 400), int(draw.integers(0, 60))
    strength = draw.uniform(0.3, 1.5) * np.sqrt(background + 4)
    coherence = log_uniform(draw, 300, 1e5)

    def camera(flux: Array, rng: Draw) -> Array:
        times = raster_times(flux.shape, flyback)
        wave = wandering(rng, times.ravel(), period, coherence).reshape(flux.shape)
        electrons = poisson(flux, rng) + 2 * rng.normal(size=flux.shape) + strength * wave
        return digitise(400 + 4 * electrons, 14)

    return "slow" if period > 60 else "fast", camera


def raster_1f(draw: Draw, background: float) -> tuple[str, Camera]:
    slope, knee = draw.uniform(0.8, 1.8), log_uniform(draw, 1e-5, 0.02)
    strength = draw.uniform(0.3, 1.5) * np.sqrt(background + 2)
    flyback = int(draw.integers(0, 60))

    def camera(flux: Array, rng: Draw) -> Array:
        t, h, w = flux.shape
        drift = coloured(rng, t * h * (w + flyback), slope, knee).reshape(t, h, -1)[..., :w]
        electrons = poisson(flux, rng) + rng.normal(size=flux.shape) + strength * drift
        return digitise(400 + 4 * electrons, 14)

    return "steep" if slope > 1.3 else "shallow", camera


def sem(draw: Draw, background: float) -> tuple[str, Camera]:
    """Scan electrons: bandwidth, offsets and jitter of lines, charging that trails."""
    length, lines = log_uniform(draw, 0.25, 1.5), draw.uniform(0, 0.8)
    jitter, walk = draw.uniform(0, 0.35), draw.uniform(0, 0.25)
    trail, trail_length = draw.uniform(0, 0.08), draw.uniform(5, 40)
    wide = log_uniform(draw, 1.5, 4)

    def camera(flux: Array, rng: Draw) -> Array:
        t, h, w = flux.shape
        shifts = rng.normal(0, jitter, size=(t, h, 1))
        low = np.floor(shifts).astype(int)
        at = np.arange(w)[None, None, :] + low
        left = np.take_along_axis(flux, np.clip(at, 0, w - 1), axis=2)
        right = np.take_along_axis(flux, np.clip(at + 1, 0, w - 1), axis=2)
        yielded = poisson(left + (right - left) * (shifts - low), rng)
        current = exponential(yielded, length)
        current -= trail * exponential(yielded, trail_length)
        sd = np.sqrt(background)
        offsets = lines * rng.normal(size=(t, h, 1))
        offsets += lfilter([walk], [1, -0.97], rng.normal(size=(t, h, 1)), axis=1)
        # The scale of 8 bits holds the mean and some standard deviations of the scene.
        volts = (current - flux.mean() + sd * offsets) / (np.sqrt(flux.var() + background) * wide)
        return digitise(110 + 90 * volts, 8)

    return "jitter" if jitter > 0.2 else "lines", camera


def tem(draw: Draw, background: float) -> tuple[str, Camera]:
    """Scintillator: each electron is a spot of light; the noise is blurred with the picture."""
    wide, tail = draw.uniform(0.35, 0.9), draw.uniform(0, 0.3)
    white, gains = draw.uniform(0.1, 0.6), draw.uniform(0, 0.02)

    def camera(flux: Array, rng: Draw) -> Array:
        counts = poisson(flux, rng)
        spot = (1 - tail) * gaussian_filter(counts, (0, wide, wide))
        spot += tail * gaussian_filter(counts, (0, 3 * wide, 3 * wide))
        spot *= 1 + gains * rng.normal(size=flux.shape[1:])
        spot += white * np.sqrt(background) * rng.normal(size=flux.shape)
        return digitise(100 + 20 * spot, 16)

    return "scintillator", camera


def light_sheet(draw: Draw, _: float) -> tuple[str, Camera]:
    """Shadows of the sheet: stripes along the light, at the same place in every frame."""
    depth, width = draw.uniform(0.08, 0.5), log_uniform(draw, 0.7, 5)
    tilt, spread = draw.uniform(-0.25, 0.25) if draw.random() < 0.5 else 0.0, draw.uniform(0, 0.02)
    pivoted = draw.random() < 0.25
    read = draw.uniform(1, 2)

    def camera(flux: Array, rng: Draw) -> Array:
        t, h, w = flux.shape
        profile = gaussian_filter1d(rng.normal(size=(t if pivoted else 1, 2 * h)), width, axis=-1)
        wider = gaussian_filter1d(profile, 4, axis=-1)
        scale = profile.std()
        y = np.arange(h)[:, None] + h / 2 + tilt * (np.arange(w)[None, :] - w / 2)
        low = np.floor(y).astype(int)
        far = np.clip(spread * np.arange(w)[None, :], 0, 1)
        part = y - low
        stripes = (1 - part) * ((1 - far) * profile[:, low] + far * wider[:, low])
        stripes += part * ((1 - far) * profile[:, low + 1] + far * wider[:, low + 1])
        shade = np.clip(1 + depth * 0.5 * stripes / scale, 0.05, None)
        electrons = poisson(flux * shade, rng) + read * rng.normal(size=flux.shape)
        return digitise(100 + 2.2 * electrons, 16)

    return "pivoted" if pivoted else "tilted" if tilt else "static", camera


def emccd(draw: Draw, _: float) -> tuple[str, Camera]:
    smear, induced = draw.uniform(0.03, 0.4), draw.uniform(0.005, 0.05)
    read, row = draw.uniform(0.05, 0.3), draw.uniform(0, 0.3)

    def camera(flux: Array, rng: Draw) -> Array:
        t, h, _ = flux.shape
        charge = gamma_gain(poisson(flux + induced, rng), rng, 1.0)
        trailed = lfilter([1 - smear], [1, -smear], charge, axis=-1)
        trailed += read * rng.normal(size=flux.shape) + row * rng.normal(size=(t, h, 1))
        return digitise(200 + 25 * trailed, 16)

    return "smear", camera


def ccd_taps(draw: Draw, _: float) -> tuple[str, Camera]:
    """Two or four amplifiers, side by side or interleaved, each with gain, offset, band."""
    variant = str(draw.choice(["halves", "quarters", "interleaved"]))
    count = {"halves": 2, "quarters": 4, "interleaved": 2}[variant]
    lengths = [log_uniform(draw, 0.2, 1.2) for _ in range(count)]
    unlike, apart = draw.uniform(0.001, 0.01), draw.uniform(0, 1)
    reads, common = draw.uniform(2, 6, count), draw.uniform(0, 4)

    def camera(flux: Array, rng: Draw) -> Array:
        t, h, w = flux.shape
        gains, offsets = rng.normal(1, unlike, count), rng.normal(0, apart, count)
        electrons = poisson(flux, rng)
        shared = common * rng.normal(size=(t, h, w))
        out = np.empty_like(electrons)
        for tap in range(count):
            if variant == "interleaved":
                where = (slice(None), slice(None), slice(tap, None, 2))
            else:
                upper = tap // 2 * h // 2
                rows = slice(None) if count == 2 else slice(upper, upper + h // 2)
                where = (slice(None), rows, slice(tap % 2 * w // 2, w * (tap % 2 + 1) // 2))
            part = electrons[where]
            part = part + reads[tap] * rng.normal(size=part.shape)
            backward = variant != "interleaved" and tap % 2 == 1
            # What is picked up by all taps at the same time is mirrored with them.
            read_out = exponential(part[..., ::-1] if backward else part, lengths[tap])
            read_out = gains[tap] * read_out + offsets[tap]
            read_out += shared[:, : part.shape[1], : part.shape[2]]
            out[where] = read_out[..., ::-1] if backward else read_out
        return digitise(200 + 2 * out, 14)

    return variant, camera


def flicker(draw: Draw, background: float) -> tuple[str, Camera]:
    """Flicker while the shutter rolls: whole rows, smooth from row to row."""
    variant = str(draw.choice(["mains", "mains", "laser"]))
    period, coherence = log_uniform(draw, 5, 90), log_uniform(draw, 30, 3000)
    strength = draw.uniform(0.3, 1.8) / np.sqrt(background)
    slope = draw.uniform(0.7, 1.7)

    def camera(flux: Array, rng: Draw) -> Array:
        t, h, _ = flux.shape
        times = (np.arange(t)[:, None] * (h + 7) + np.arange(h)).astype(float)
        if variant == "mains":
            light = wandering(rng, times.ravel(), period, coherence)
        else:
            light = coloured(rng, t * h, slope, 0.001)
        bright = np.clip(1 + strength * light.reshape(t, h, 1), 0, None)
        electrons = poisson(flux * bright, rng) + 1.5 * rng.normal(size=flux.shape)
        return digitise(100 + 2.2 * electrons, 16)

    return variant, camera


def interference(draw: Draw, background: float) -> tuple[str, Camera]:
    """Pick-up of a clock: plane waves, a new phase in every frame."""
    count = int(draw.integers(1, 3))
    turn, period = draw.uniform(0, np.pi, count), [log_uniform(draw, 2.3, 30) for _ in range(count)]
    strength = draw.uniform(0.3, 1.3) * np.sqrt(background + 3)

    def camera(flux: Array, rng: Draw) -> Array:
        t, h, w = flux.shape
        y, x = np.mgrid[:h, :w]
        electrons = poisson(flux, rng) + 1.7 * rng.normal(size=flux.shape)
        for number in range(count):
            wave = 2 * np.pi * (y * np.sin(turn[number]) + x * np.cos(turn[number]))
            phase = rng.uniform(0, 2 * np.pi, (t, 1, 1))
            electrons += strength * np.sqrt(2 / count) * np.sin(wave / period[number] + phase)
        return digitise(300 + 2.2 * electrons, 16)

    return f"{count} waves", camera
