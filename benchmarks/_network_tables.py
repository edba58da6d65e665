"""Tables of *Denoise here* beside networks, for their benchmarks and the guide; without torch."""

from __future__ import annotations

from typing import Any

import numpy as np

UNET_AIM = 1.05
NOISES = ("row 7", "diagonal", "isotropic")
AIMED, CAREAMICS_AIM = ("row 7", "diagonal"), 0.65


def unet(rows: list[dict[str, Any]]) -> tuple[list[str], float]:
    """Return the table, and the error over the U-Net's: the mean of errors, over that of its."""
    text = [
        "| scene | structure | noise | sd | frames | linear | here | U-Net | to the end | steps |"
        " CPU-s here, U-Net |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    rows = sorted(rows, key=lambda row: row["number"])
    for row in rows:
        longest = f"{row['longest']:.3f}" if "longest" in row else ""
        steps = f"{row['steps']}" + (f", {row['longest steps']}" if longest else "")
        times = f"{row['cpu']:.0f}, {row['U-Net cpu']:.0f}"
        text.append(
            f"| {row['number']} | {row['picture']} | {row['noise']} | {row['strength']} |"
            f" {row['frames']}, {row['motion']} | {row['linear']:.3f} | {row['denoised']:.3f} |"
            f" {row['U-Net']:.3f} | {longest} | {steps} | {times} |"
        )
    mine, others = (np.array([row[key] for row in rows]) for key in ("denoised", "U-Net"))
    ratio, each = float(mine.mean() / others.mean()), mine / others
    text += [
        "",
        f"Mean error {mine.mean():.3f}, the U-Net's {others.mean():.3f}: {ratio:.2f} of it (asked:"
        f" at most {UNET_AIM}); geometric mean of the ratios {np.exp(np.log(each).mean()):.2f},"
        f" largest {each.max():.2f}.",
    ]
    return text, ratio


def careamics(found: dict[str, Any]) -> tuple[list[str], bool]:
    """Return the lines of what was found, and whether the aim is met."""
    lines = [
        "| noise | mask | CAREamics, seeds | mean | over plain N2V | here | CPU-s, here |",
        "|---|---|---|---|---|---|---|",
    ]
    good = True
    for noise in NOISES:
        means = {}
        for name in ("plain N2V", "recommended"):
            runs = [run for key, run in found.items() if key.startswith(f"{noise}, {name}, seed")]
            if not runs:
                continue
            means[name] = float(np.mean([run["error"] for run in runs]))
            ratio = means[name] / means.get("plain N2V", np.nan)
            pixels = runs[0]["pixels"]
            own = found[f"{noise}, {name}, here"]
            lines.append(
                f"| {noise} | {name}, {pixels} px |"
                f" {', '.join(format(run['error'], '.3f') for run in runs)} | {means[name]:.3f} |"
                f" {ratio:.2f} | {own['error']:.3f} |"
                f" {np.mean([run['cpu'] for run in runs]):.0f}, {own['cpu']:.0f} |"
            )
            good &= name == "plain N2V" or noise not in AIMED or ratio <= CAREAMICS_AIM
    return lines, good
