"""The tables of `_ranking_runs`, and the aims that they bear out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from _aims import Aim, Section
from _ranking_runs import FRAMES, PIXEL_SHARE, STRENGTHS, Run, Single, Spec, pictures

RANK = 0.95
NEAR = 1.05


def specs(chosen: tuple[str, ...], seed: int) -> list[Spec]:
    """Return the runs to do: those of several frames, and those of one."""
    return [
        Spec(name, picture, strength, frames, seed)
        for frames in (*FRAMES, 1)
        for name in chosen
        for picture in pictures()
        for strength in STRENGTHS
    ]


def ranking(found: list[Run | Single]) -> Section:
    """Return the tables of all runs."""
    runs = {
        n: [run for run in found if isinstance(run, Run) and run.spec.frames == n] for n in FRAMES
    }
    alone = [run for run in found if isinstance(run, Single)]
    return Section([*errors(runs), "", *singles(alone)], _aims(runs))


def _aims(runs: dict[int, list[Run]]) -> list[Aim]:
    fewest = min(run.masks for run in runs[FRAMES[0]])
    aims = [
        Aim("masks ranked for each kernel and picture", "at least 10", str(fewest), fewest >= 10)
    ]
    for n, some in runs.items():
        ranks = [run.rank for run in some]
        good = sum(rank >= RANK for rank in ranks)
        aims.append(
            Aim(
                f"estimated against true error, {n} frames: rank correlation",
                f"at least {RANK} in every run" if n == FRAMES[0] else "-",
                f"{good} of {len(some)} at least {RANK}, least {min(ranks):.3f}",
                good == len(some) if n == FRAMES[0] else None,
            )
        )
    for n, some in runs.items():
        ratios = [run.ratio for run in some]
        good = sum(ratio <= NEAR for ratio in ratios)
        aims.append(
            Aim(
                f"true error of the suggested mask, {n} frames",
                "within 5 % of the best tried" if n == FRAMES[0] else "-",
                f"{good} of {len(some)} within 5 %, most {max(ratios) - 1:.1%} above",
                good == len(some) if n == FRAMES[0] else None,
            )
        )
    return aims


def errors(runs: dict[int, list[Run]]) -> Iterator[str]:
    yield "## Estimated against true error, and the suggested mask"
    yield ""
    main = runs[FRAMES[0]]
    chosen = list(dict.fromkeys(r.spec.kernel for r in main))
    yield (
        f"{len(main)} runs: {len(chosen)} kernels x 4 pictures x strengths {STRENGTHS},"
        f" {PIXEL_SHARE:.0%} of the variance in independent pixel noise, {FRAMES[0]} frames of"
        f" a still scene, {min(r.masks for r in main)} to {max(r.masks for r in main)} masks each."
        " The error is estimated by predicting frames and comparing them with the others; beside it"
        " stands what the covariances alone would say. Rank correlation is Spearman's; wrong pairs"
        " are those of two masks whose true errors differ by more than 5 %. With fewer frames the"
        " order of masks that are nearly as good as each other is left to chance; nothing is asked"
        " of them."
    )
    yield ""
    yield (
        "| kernel | rank correlation: mean, least | wrong pairs | by covariances: mean, least"
        " | suggested / best: mean, most | pixels |"
    )
    yield "|---|---|---|---|---|---|"
    for name in chosen:
        yield _row(name, [r for r in main if r.spec.kernel == name])
    for picture in dict.fromkeys(r.spec.picture for r in main):
        for strength in STRENGTHS:
            some = [r for r in main if (r.spec.picture, r.spec.strength) == (picture, strength)]
            yield _row(f"*all under {picture} x {strength}*", some)
    yield _row("**all**", main)
    yield ""
    yield (
        "| frames | rank correlation: mean, least | at least 0.95 | wrong pairs"
        " | suggested mask within 5 % of the best |"
    )
    yield "|---|---|---|---|---|"
    for n_frames, found in runs.items():
        ranks = np.array([r.rank for r in found])
        yield (
            f"| {n_frames} | {ranks.mean():.3f}, {ranks.min():.3f} | {np.sum(ranks >= RANK)} of"
            f" {len(found)} | {np.mean([r.wrong for r in found]):.2%} |"
            f" {sum(r.ratio <= NEAR for r in found)} of {len(found)} |"
        )
    for n_frames, found in runs.items():
        yield from _listed(n_frames, found)


def _listed(n_frames: int, runs: list[Run]) -> Iterator[str]:
    """Name the runs that fell short."""
    below = sorted((r for r in runs if r.rank < RANK), key=lambda r: r.rank)
    if below:
        yield ""
        yield f"Below 0.95 with {n_frames} frames (rank correlation, wrong pairs): " + "; ".join(
            f"{r.spec.name} ({r.rank:.2f}, {r.wrong:.1%})" for r in below
        )
    above = [r for r in runs if r.ratio > NEAR]
    if above:
        yield ""
        yield f"Suggested mask more than 5 % above the best tried, {n_frames} frames: " + "; ".join(
            f"{r.spec.name} ({r.suggested:.4f} against {r.best:.4f})" for r in above
        )


def singles(runs: list[Single]) -> Iterator[str]:
    yield "## The same from a single frame"
    yield ""
    yield (
        "The noise is measured where the statistical method finds it, beyond the optical cut-off or"
        " in flat parts; compared with the flattest patches alone. Where noise and structure cannot"
        " be separated, window and command line say so, and show the order without ranks:"
        " *withheld*. The other columns are of what is shown. The variance of noise measured beyond"
        " the optical cut-off can come out some 5 % low; large masks then seem to lose more detail"
        " than they do, and change places with masks up to a tenth worse."
    )
    yield ""
    yield (
        "| picture | withheld | rank correlation: mean, least | at least 0.95 | wrong pairs"
        " | flattest patches: mean, least | of the withheld: mean, least |"
    )
    yield "|---|---|---|---|---|---|---|"
    groups = [
        (f"{picture} x {strength}", [r for r in runs if (r.spec.picture, r.spec.strength) == key])
        for picture, strength in dict.fromkeys((r.spec.picture, r.spec.strength) for r in runs)
        for key in [(picture, strength)]
    ]
    for name, some in [*groups, ("**all**", runs)]:
        shown = [r for r in some if r.trusted]
        held = [r for r in some if not r.trusted]
        yield (
            f"| {name} | {len(held)} of {len(some)} | {_least([r.rank for r in shown])} |"
            f" {sum(r.rank >= RANK for r in shown)} of {len(shown)} |"
            f" {np.mean([r.wrong for r in shown] or [0]):.1%} |"
            f" {_least([r.flat for r in shown])} | {_least([r.rank for r in held])} |"
        )
    below = sorted((r for r in runs if r.trusted and r.rank < 0.9), key=lambda r: r.rank)
    if below:
        yield ""
        yield "Shown with a rank correlation below 0.9: " + "; ".join(
            f"{r.spec.name} ({r.rank:.2f}, noise measured in {r.source})" for r in below
        )


def _least(values: list[float]) -> str:
    return f"{np.mean(values):.3f}, {min(values):.3f}" if values else "-"


def _row(name: str, runs: list[Run]) -> str:
    def pick(field: str) -> np.ndarray:
        return np.array([getattr(r, field) for r in runs])

    ratio, pixels = pick("ratio"), pick("pixels")
    return (
        f"| {name} | {_least([r.rank for r in runs])} | {pick('wrong').mean():.1%} |"
        f" {_least([r.covariances for r in runs])} | {ratio.mean():.3f}, {ratio.max():.3f} |"
        f" {pixels.min()} to {pixels.max()} |"
    )
