"""Figures, table and picture of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Row = dict[str, Any]

AIMS: tuple[tuple[str, str, str, float, bool], ...] = (
    # figure, words, how it is written, aim, whether more is better
    ("reliable", "answered reliably", "{:.0%}", 0.55, True),
    ("wrong", "wrong, of the reliable answers", "{:.1%}", 0.015, False),
    ("regret_50", "regret of reliable answers: median", "{:.2f}", 1.02, False),
    ("regret_90", "regret of reliable answers: 90 %", "{:.2f}", 1.10, False),
    ("regret_99", "regret of reliable answers: 99 %", "{:.2f}", 1.6, False),
    ("all_90", "regret of all answers: 90 %", "{:.2f}", 1.25, False),
    ("doubted", "right but doubted, of the right ones", "{:.0%}", 0.10, False),
    ("harmful", "“cannot tell” worse than the bare centre", "{:.0%}", 0.05, False),
    ("refused", "refused", "{:.1%}", 0.05, False),
)

CERTAINTIES = ("reliable", "act first", "uncertain", "cannot tell")


def is_wrong(row: Row) -> bool:
    """Whether a mask is a bad one: of wrong lags and no good, or by far not the best."""
    error, best = row["recommended"]["error"], row["best"]
    no_good = row["f1"] < 0.8 and row["regret"] > 1.05
    return no_good or (error > 1.15 * best and error > best + 0.01)


def is_harmful(row: Row) -> bool:
    """Whether a mask is worse than none."""
    error, bare = row["recommended"]["error"], row["bare"]
    return bool(error > 1.05 * bare and error > bare + 0.01)


def _share(part: list[Row], whole: list[Row]) -> float | None:
    return round(len(part) / len(whole), 4) if whole else None


def _quantile(values: list[float], at: float) -> float | None:
    return round(float(np.quantile(values, at)), 4) if values else None


def figures(rows: list[Row]) -> dict[str, Any]:
    """Every figure of some scenes; None where there is nothing to count."""
    answered = [row for row in rows if not row["refused"]]
    reliable = [row for row in answered if row["certainty"] == "reliable"]
    right = [row for row in answered if row["f1"] > 0.95]
    untold = [row for row in answered if row["certainty"] == "cannot tell"]
    sure_regret = [row["regret"] for row in reliable]
    every_regret = [row["regret"] for row in answered]
    found: dict[str, Any] = {
        "scenes": len(rows),
        "reliable": _share(reliable, rows),
        "reliable_count": len(reliable),
        "wrong": _share([row for row in reliable if is_wrong(row)], reliable),
        "wrong_count": sum(map(is_wrong, reliable)),
        "harmful_reliable_count": sum(map(is_harmful, reliable)),
        "right_count": len(right),
        "doubted": _share([row for row in right if row["certainty"] != "reliable"], right),
        "cannot_tell_count": len(untold),
        "harmful": _share([row for row in untold if is_harmful(row)], untold),
        "harmful_all": _share([row for row in answered if is_harmful(row)], answered),
        "refused": _share([row for row in rows if row["refused"]], rows),
        "mean_f1": round(float(np.mean([row["f1"] for row in answered])), 4) if answered else None,
        "seconds": _quantile([row["seconds"] for row in rows], 0.5),
    }
    for percent in (50, 90, 99):
        found[f"regret_{percent}"] = _quantile(sure_regret, percent / 100)
        found[f"all_{percent}"] = _quantile(every_regret, percent / 100)
    for name, errors in (
        ("bare", [row["bare"] / row["best"] for row in answered]),
        ("significant", [row["significant"]["error"] / row["best"] for row in answered]),
        (
            "suggested",
            [row["suggested"]["error"] / row["best"] for row in answered if "suggested" in row],
        ),
    ):
        found[f"{name}_50"], found[f"{name}_90"] = _quantile(errors, 0.5), _quantile(errors, 0.9)
    return found


def summary(rows: list[Row]) -> dict[str, Any]:
    """Figures of all scenes and of each family, and the worst answers."""
    families = list(dict.fromkeys(row["family"] for row in rows))
    return {
        "part": rows[0]["part"],
        "all": figures(rows),
        "certainties": by_certainty(rows),
        "families": {name: figures([r for r in rows if r["family"] == name]) for name in families},
        "worst": worst(rows),
    }


def by_certainty(rows: list[Row]) -> dict[str, dict[str, Any]]:
    """Count the answers of each certainty, and how many of their masks are bad or worse than none.

    Where something has to be done first, what the mask is not for counts as noise here as well.
    """
    found = {}
    for certainty in CERTAINTIES:
        answers = [row for row in rows if not row["refused"] and row["certainty"] == certainty]
        regret = [row["regret"] for row in answers]
        found[certainty] = {
            "share": _share(answers, rows),
            "wrong": sum(map(is_wrong, answers)),
            "harmful": sum(map(is_harmful, answers)),
            "count": len(answers),
            "regret_50": _quantile(regret, 0.5),
            "regret_90": _quantile(regret, 0.9),
        }
    return found


def worst(rows: list[Row], count: int = 10) -> list[dict[str, str]]:
    """Return the reliable answers of the largest regret, with what was there and what was said."""
    reliable = [row for row in rows if row["certainty"] == "reliable"]
    reliable.sort(key=lambda row: row["regret"], reverse=True)
    return [
        {
            "scene": f"{row['family']} {row['number']}",
            "what": f"{row['variant']}; {row['picture']}, {row['motion']}, strength"
            f" {row['strength']:.1f}; {' x '.join(map(str, row['shape']))}",
            "said": row["sentence"].split(" patches used")[0].rsplit(". ", 1)[0] + ".",
            "why": _why(row),
            "errors": f"{row['recommended']['error']:.3f}; {row['best_mask']} {row['best']:.3f};"
            f" bare {row['bare']:.3f}",
            "regret": f"{row['regret']:.2f}",
        }
        for row in reliable[:count]
    ]


def _why(row: Row) -> str:
    """Say what is amiss with a mask, as far as figures tell."""
    reasons = []
    if row["fixed"] is not None and row["fixed"] > 0.1:
        reasons.append(f"{row['fixed']:.0%} of the noise is the same in every frame")
    found, there = row["recommended"]["pixels"], row["lags"]
    if row["f1"] < 0.8:
        reasons.append(f"lags wrong (F1 {row['f1']:.2f}): {there} correlated, {found} hidden")
    elif row["recommended"]["error"] > 1.001 * row["bare"]:
        reasons.append(f"lags right (F1 {row['f1']:.2f}), but hiding {found} pixels costs more")
    else:
        reasons.append(f"F1 {row['f1']:.2f}, {found} pixels hidden; another mask is better")
    return "; ".join(reasons)


def _text(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def page(now: dict[str, Any], before: dict[str, Any] | None) -> str:
    """Return the tables in Markdown; `before` adds the figures of another run."""
    lines = ["| figure | asked |" + (" before |" if before else "") + " measured | met |"]
    lines.append("|---|---|" + ("---|" if before else "") + "---|---|")
    for name, words, form, aim, more in AIMS:
        value = now["all"][name]
        met = value is not None and (value >= aim if more else value <= aim)
        then = f" {_text(before['all'][name], form)} |" if before else ""
        asked = f"at {'least' if more else 'most'} {form.format(aim)}"
        verdict = "yes" if met else "**no**"
        lines.append(f"| {words} | {asked} |{then} {_text(value, form)} | {verdict} |")
    harmful, count = now["all"]["harmful_reliable_count"], now["all"]["reliable_count"]
    lines += ["", f"Of the {count} reliable masks {harmful} were worse than the bare centre."]
    lines += ["", "Error over that of the best candidate, all answers:", ""]
    lines += ["| mask | median | 90 % |", "|---|---|---|"]
    for name, words in (
        ("all", "recommended"),
        ("significant", "significant"),
        ("suggested", "suggested by the window"),
        ("bare", "bare centre"),
    ):
        values = [now["all"][f"{name}_{percent}"] for percent in (50, 90)]
        if values[0] is not None:
            lines.append(f"| {words} | {values[0]:.2f} | {values[1]:.2f} |")
    lines += ["", "By certainty:", "", *_certainties(now)]
    lines += ["", "By family", "", *_families(now, before)]
    lines += ["", "The ten reliable answers of the largest regret:", ""]
    lines += ["| scene | what | said | why | error: recommended; best; bare | regret |"]
    lines += ["|---|---|---|---|---|---|"]
    lines += [f"| {' | '.join(one.values())} |" for one in now["worst"]]
    return "\n".join(lines)


def _certainties(now: dict[str, Any]) -> list[str]:
    lines = ["| answer | share | masks | wrong | worse than none | regret: median | 90 % |"]
    lines.append("|---|---|---|---|---|---|---|")
    for name, values in now["certainties"].items():
        regret = " | ".join(_text(values[key], "{:.2f}") for key in ("regret_50", "regret_90"))
        lines.append(
            f"| {name} | {values['share']:.0%} | {values['count']} | {values['wrong']} |"
            f" {values['harmful']} | {regret} |"
        )
    return lines


def _families(now: dict[str, Any], before: dict[str, Any] | None) -> list[str]:
    then = before["families"] if before else {}
    columns = (
        ("reliable", "{:.0%}"),
        ("wrong_count", "{}"),
        ("regret_50", "{:.2f}"),
        ("regret_90", "{:.2f}"),
        ("regret_99", "{:.2f}"),
        ("all_90", "{:.2f}"),
        ("doubted", "{:.0%}"),
        ("harmful", "{:.0%}"),
        ("refused", "{:.0%}"),
    )
    lines = [
        "| family | scenes | reliable | of these wrong | regret, reliable: median | 90 % | 99 % |"
        " regret, all: 90 % | right but doubted | “cannot tell” worse than bare | refused |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for family, values in now["families"].items():
        cells = []
        for name, form in columns:
            cell = _text(values[name], form)
            old = _text(then[family][name], form) if family in then else cell
            cells.append(cell if old == cell else f"{cell} (was {old})")
        lines.append(f"| {family} | {values['scenes']} | {' | '.join(cells)} |")
    return lines


INTRODUCTION = """# Acquisitions simulated from physics

Made by `python benchmarks/physics.py --part record --write-docs`. Microscopes are simulated from
the photon to the grey level, with settings drawn at random: detectors, scanning, fixed patterns,
processing and codecs. Nothing of the program was used to make them, and nothing is tuned on the
scenes of this page: those to tune and to validate on are others (`--part tune`, `--part validate`).
These were run thirty-two times, after as many states of the program; each time but one this page
was written. After the twelfth, two new rules that had held on the other scenes, and not on these,
were taken out. After the twenty-ninth, the limit beyond which a pixel is a cosmic ray was doubled;
two scenes to validate on had changed by it for the worse, and some of these, too. After the
thirty-first, another window for the power of tiles was taken back, which had lowered a row of the
accuracy table.

**What is true.** The scene is held fixed and recorded again and again, noise and camera drawn
anew; what differs is the noise, temporal and fixed. The error of a mask is that of the best
linear blind-spot prediction with the true covariances of noise and scene, from a square of radius
10 and rows and columns to 28, in units of the noise's variance. The *regret* of a mask is its
error over the least of forty candidates: the bare centre, the true lags over 0.05, 0.1 and 0.2,
rows and columns up to 41 pixels, crosses, squares, diagonals, every shape of CAREamics.

**What counts.** An answer is *wrong* if its significant lags have an F1 below 0.8 (true
correlations of 0.035 to 0.07 count for neither side) and its recommended mask a regret over 1.05,
or if the mask's error is over 1.15 times the best and 0.01 more. It is *right* if the F1 is over
0.95, and doubted if the program does not call it *likely* (“reliable” on this page). Up to the
ninth run, offsets of whole lines that have to be removed first were “act first”, however sure the
answer was; how sure it is and what to do first are separate now, so they count by how sure it is.
“Cannot tell” is *worse than the bare centre* if the mask's error is over 1.05 times that and 0.01
more.
"""


def _validated(folder: Path) -> str:
    """Say what the scenes that were looked at gave, so that a reader sees what looking is worth."""
    file = folder / "physics_validate.json"
    if not file.exists():
        return ""
    known = json.loads(file.read_text())["all"]
    return (
        f"On the {known['scenes']} scenes to validate on, from which the rules were made:"
        f" {known['reliable']:.0%} answered reliably, {known['wrong']:.1%} of these wrong,"
        f" regret of reliable answers {known['regret_50']:.2f} / {known['regret_90']:.2f} /"
        f" {known['regret_99']:.2f} (median, 90 %, 99 %), of all {known['all_90']:.2f} (90 %),"
        f" right but doubted {known['doubted']:.0%}. Nothing was chosen by the scenes below: what"
        " they give worse than those is what looking at scenes is worth.\n\n"
    )


def write(docs: Path, now: dict[str, Any], before_file: Path) -> None:
    """Write physics.md and its picture."""
    before = json.loads(before_file.read_text()) if before_file.exists() else None
    if before == now:
        before = None
    text = page(now, before).replace("\nBy family\n", "\n## By family\n")
    text = text.replace("\nThe ten reliable answers", "\n## The worst\n\nThe ten reliable answers")
    picture = "![By family: what was answered, and the regret of the mask](images/physics.png)"
    scenes = now["all"]["scenes"]
    every = scenes if before is None else max(scenes, before["all"]["scenes"])
    title, note = f"All {scenes} acquisitions", ""
    if scenes < every:
        title = f"The first {scenes} of {every} acquisitions"
        note = "Families in turn; what was before is of all of them.\n\n"
    head = f"{INTRODUCTION}\n{_validated(before_file.parent)}## {title}\n\n{note}"
    (docs / "physics.md").write_text(
        f"{head}{text.replace('## By family', f'## By family{chr(10)}{chr(10)}{picture}')}\n"
    )
    draw(now).save(docs / "images" / "physics.png", optimize=True)


COLOURS = {
    "reliable, good": (44, 123, 182),
    "reliable, wrong": (215, 48, 39),
    "not reliable": (190, 200, 210),
    "refused": (90, 90, 90),
}


def draw(now: dict[str, Any]) -> Image.Image:
    """Draw a row for each family: shares of answers, and the regret of the mask."""
    names = list(now["families"])
    step, left, wide, gap, right, top = 30, 270, 420, 50, 420, 90
    image = Image.new(
        "RGB", (left + wide + gap + right + 40, top + step * len(names) + 50), "white"
    )
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=16)
    ink = (30, 30, 30)
    start = left + wide + gap
    pen.text((left, 12), "Answers", ink, font)
    pen.text((start, 12), "Error over the best candidate's, all answers", ink, font)
    x = left
    for label, colour in COLOURS.items():
        pen.rectangle((x, 46, x + 12, 58), colour)
        pen.text((x + 18, 42), label, ink, font)
        x += 30 + int(pen.textlength(label, font))
    for number, label in enumerate(("median", "90 %")):
        _dot(pen, start + 130 * number + 6, 52, hollow=bool(number))
        pen.text((start + 130 * number + 18, 42), label, ink, font)

    def place(regret: float) -> int:
        return start + int(right * np.log(np.clip(regret, 1, 10)) / np.log(10))

    bottom = top + step * len(names)
    for tick in (1, 1.25, 2, 5, 10):
        pen.line((place(tick), top - 6, place(tick), bottom), (225, 225, 225))
        label = f"{tick:g}" if tick < 10 else "10 +"
        pen.text((place(tick) - pen.textlength(label, font) / 2, bottom + 8), label, ink, font)
    for row, name in enumerate(names):
        y = top + step * row
        values = now["families"][name]
        wrong, reliable = values["wrong_count"], values["reliable_count"]
        refused = round(values["refused"] * values["scenes"])
        counts = (
            reliable - wrong,
            wrong,
            values["scenes"] - reliable - refused,
            refused,
        )
        pen.text((left - 12 - pen.textlength(name, font), y + 2), name, ink, font)
        x = left
        for count, colour in zip(counts, COLOURS.values(), strict=True):
            end = x + wide * count / values["scenes"]
            if count:
                pen.rectangle((x, y + 2, end - 1, y + step - 8), colour)
            x = end
        if values["all_50"] is not None:
            middle, ninety = place(values["all_50"]), place(values["all_90"])
            pen.line((middle, y + 11, ninety, y + 11), (150, 150, 150), 2)
            _dot(pen, middle, y + 11, hollow=False)
            _dot(pen, ninety, y + 11, hollow=True)
    return image


def _dot(pen: ImageDraw.ImageDraw, x: int, y: int, *, hollow: bool) -> None:
    pen.ellipse(
        (x - 5, y - 5, x + 5, y + 5), "white" if hollow else (44, 123, 182), (44, 123, 182), 2
    )
