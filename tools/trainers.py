"""`make trainers`: the texts for trainers, taken literally, are run by the trainers themselves.

``trainers.py write FOLDER`` writes texts, masks and frames with the program; ``trainers.py NAME
FOLDER``, called with the Python that has the trainer, runs its texts with a short training and
counts which pixels it blanks. It imports nothing of ours but to write.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

MASKS = {
    "row": np.ones((1, 5), dtype=bool),
    "column": np.ones((7, 1), dtype=bool),
    "oblique": np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]], dtype=bool),
    "gaps": np.array([[1, 0, 1, 0, 1]], dtype=bool),
}
Offsets = set[tuple[int, int]]
Report = Callable[[str], None]


def write(folder: Path) -> None:
    """Write the frames, and for each mask its file and the texts of all trainers."""
    import tifffile

    from structmask_gui.core.masks.mask import Mask
    from structmask_gui.core.names import TARGETS
    from structmask_gui.io.trainers.snippets import MaskContext, snippet

    noise = np.random.default_rng(0).normal(1000, 50, size=(12, 96, 116)).astype(np.float32)
    frames = sum(noise[:, :, shift : shift + 112] for shift in range(5)) / 5
    for name, array in MASKS.items():
        for target in TARGETS:
            place = folder / target / name
            place.mkdir(parents=True, exist_ok=True)
            np.save(place / "x_mask.npy", array)
            # Aydin takes long for each pixel.
            part = frames[:3, :48, :48] if target == "aydin" else frames
            tifffile.imwrite(place / "x.tif", part.astype(np.uint16))
            context = MaskContext(file="x.tif", axes="TYX", mask_file="x_mask.npy")
            text = snippet(target, Mask(array), context).text
            (place / "text.py").write_text(text, encoding="utf-8")


@contextmanager
def literally(place: Path) -> Iterator[Callable[[], dict[str, Any]]]:
    """Give what runs the text as a script in its folder."""
    before = Path.cwd()
    os.chdir(place)
    try:
        yield lambda: runpy.run_path("text.py", run_name="__main__")
    finally:
        os.chdir(before)


def offsets(mask: np.ndarray) -> Offsets:
    """Return the offsets (dy, dx) of a mask's pixels."""
    return {(int(dy), int(dx)) for dy, dx in np.argwhere(mask) - np.array(mask.shape) // 2}


def shortened(module: Any, name: str, **options: object) -> None:
    """Have a class of the trainer made with these options beside those of the text."""
    original = getattr(module, name)
    original = getattr(original, "original", original)

    def made(*args: object, **given: object) -> object:
        return original(*args, **{**given, **options})

    made.original = original  # type: ignore[attr-defined]
    setattr(module, name, made)


def found_by(change: Callable[[], tuple[np.ndarray, np.ndarray]], times: int = 20) -> Offsets:
    """Return the offsets, from the one centre, of what differs in any of some draws."""
    found = {(0, 0)}
    for _ in range(times):
        differs, centre = change()
        found |= {(int(dy), int(dx)) for dy, dx in np.argwhere(differs) - centre}
    return found


def _torchvision() -> None:
    """Import it beside a PyTorch of which it is no build: it then lacks what is compiled."""
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        with suppress(RuntimeError):  # there it fits, and has them
            importlib.import_module("torchvision")
            return
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    importlib.import_module("torchvision")


# --- the trainers: run the text in a folder, and return the pixels that are blanked -------------


def n2v(place: Path, report: Report) -> Offsets:
    """Run the text; return the pixels that are blanked about the one that is predicted."""
    models = importlib.import_module("n2v.models")
    shortened(models, "N2VConfig", train_epochs=1, train_steps_per_epoch=2, train_batch_size=4)
    with literally(place) as run:
        config = run()["config"]
        assert Path("x_n2v.ome.tif").exists()
        solid = float(Path("text.py").read_text("utf-8").split("in 3-D: ")[1].split()[0])

    def blank(side: tuple[int, ...], percent: float, mask: object) -> tuple[np.ndarray, ...]:
        wrapper = importlib.import_module("n2v.internals.N2V_DataWrapper").N2V_DataWrapper
        random = importlib.import_module("n2v.utils.n2v_utils").pm_uniform_withCP(5)
        images = np.random.default_rng(1).random((1, *side, 1)).astype(np.float32)
        both = np.concatenate([images, np.zeros_like(images)], axis=-1)
        batch = wrapper(images, both, 1, 1, percent, side, random, mask)[0]
        return images[0, ..., 0], batch[0][0, ..., 0], batch[1][0, ..., 1]

    def change() -> tuple[np.ndarray, np.ndarray]:
        while True:
            before, after, centres = blank((64, 64), 100 / 64**2, np.array(config.structN2Vmask))
            (centre,) = np.argwhere(centres)
            # At the border n2v moves the pixels of the mask into the patch.
            if centre.min() >= 8 and centre.max() < 56:
                return before != after, centre

    asked = config.n2v_perc_pix
    shares = [100 * float(blank((64,) * 3, value, None)[2].mean()) for value in (asked, solid)]
    report(f"3-D: {asked:g} % asked, {shares[0]:.2g} % given; with {solid:g}, {shares[1]:.2g} %")
    assert 0.7 * asked < shares[1] < 1.4 * asked
    return found_by(change)


def careamics(place: Path, _: Report) -> Offsets:
    """Run the script with two steps; count about pixels that are chosen far from others."""
    _torchvision()
    shortened(
        importlib.import_module("careamics.config"),
        "create_advanced_n2v_config",
        num_epochs=1,
        num_steps=2,
    )
    with literally(place) as run:
        module = run()["trained"].model
        assert Path("x_careamics.ome.tif").exists()
    import torch

    def change() -> tuple[np.ndarray, np.ndarray]:
        while True:
            images = torch.rand(1, 1, 64, 64)
            after, before, chosen = (part[0, 0].numpy() for part in module.n2v_manipulate(images))
            centres = np.argwhere(chosen)
            apart = np.abs(centres[:, np.newaxis] - centres).max(axis=2)
            alone = ((apart <= 16).sum(axis=1) == 1) & (np.abs(centres - 32).max(axis=1) < 24)
            if alone.any():
                centre = centres[alone][0]
                y, x = centre
                near = np.zeros_like(chosen, dtype=bool)
                near[y - 8 : y + 9, x - 8 : x + 9] = True
                return (after != before) & near, centre

    return found_by(change)


def aydin(place: Path, _: Report) -> Offsets:
    """Run the text with a short regression; note what its features leave out."""
    boosting = importlib.import_module("aydin.regression.cb")
    quick = importlib.import_module("aydin.regression.lgbm").LGBMRegressor
    boosting.CBRegressor = lambda: quick(max_num_estimators=8)
    features = importlib.import_module("aydin.features.standard_features")
    seen: list[Any] = []
    original = features.StandardFeatureGenerator.compute

    def compute(self: Any, *args: Any, **given: Any) -> Any:
        seen.append(given["excluded_voxels"])
        return original(self, *args, **given)

    features.StandardFeatureGenerator.compute = compute
    with literally(place) as run:
        run()
        assert Path("x_aydin.ome.tif").exists()
    assert all(excluded == seen[0] for excluded in seen)
    return {(0, 0), *(tuple(lag) for lag in seen[0])}


def autostructn2v_0_1(place: Path, _: Report) -> Offsets:
    """Run the text with small networks; count in what it makes of a patch."""
    import torch

    _torchvision()
    # Newer versions of torch do not know this option any more.
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau

    def without_verbose(*args: Any, **given: Any) -> Any:
        given.pop("verbose", None)
        return plateau(*args, **given)

    torch.optim.lr_scheduler.ReduceLROnPlateau = without_verbose  # type: ignore[assignment, misc]
    runner = importlib.import_module("autoStructN2V.pipeline.runner")
    validate = runner.validate_config
    small = {"features": 4, "num_layers": 2, "patches_per_image": 4, "batch_size": 4}

    def shorter(config: dict[str, Any]) -> dict[str, Any]:
        whole = validate(config)
        whole["num_epochs"] = 1
        for stage in ("stage1", "stage2"):
            whole[stage].update(small)
        return whole

    runner.validate_config = shorter
    with literally(place) as run:
        left = run()
        import tifffile

        denoised, frames = tifffile.imread("x_autostructn2v.ome.tif"), tifffile.imread("x.tif")
        assert denoised.shape == frames.shape
    config = {"stage2": {"patch_size": 64, "mask_percentage": 0.03}}

    def change() -> tuple[np.ndarray, np.ndarray]:
        whole, centres = left["stage2_mask"](None, config)
        (centre,) = np.argwhere(centres)
        return whole, centre

    return found_by(change)


def support(place: Path, _: Report) -> Offsets:
    """Show the command to its parser of arguments, and ask its network what it does not see."""
    command = _command(place)
    parse = importlib.import_module("src.utils.util").parse_arguments
    before, sys.argv = sys.argv, command[2:]  # as from -m src.train
    try:
        options = parse()
    finally:
        sys.argv = before
    import torch

    network = importlib.import_module("model.SUPPORT").SUPPORT
    torch.manual_seed(0)
    model = network(
        options.input_frames,
        mid_channels=[4, 8],
        depth=options.depth,
        blind_conv_channels=16,
        one_by_one_channels=[16, 8],
        last_layer_channels=[8, 4],
        bs_size=options.bs_size,
    )
    side, middle = 32, options.input_frames // 2
    unseen = np.ones((side, side), dtype=bool)
    for seed in range(4):
        torch.manual_seed(seed)
        frames = torch.randn(1, options.input_frames, side, side, requires_grad=True)
        model(frames)[0, 0, side // 2, side // 2].backward()
        assert frames.grad is not None
        unseen &= frames.grad[0, middle].numpy() == 0
    # Beyond the reach of its convolutions it does not see anything either.
    near = slice(side // 2 - 4, side // 2 + 5)
    return offsets(unseen[near, near])


def cosdd(place: Path, report: Report) -> Offsets | None:
    """Show the configuration to its own completion and its model of the noise."""
    _torchvision()
    _command(place)
    config = json.loads((place / "structmask.yaml").read_text("utf-8"))
    whole = importlib.import_module("utils").get_defaults(config)
    importlib.import_module("models.get_models").get_models(whole, 1)
    report(f"direction {whole['hyper-parameters']['noise-direction']}")
    return None


def _command(place: Path) -> list[str]:
    """Run a text that starts its trainer, and return the command in place of starting it."""
    commands: list[list[str]] = []
    original = subprocess.run
    subprocess.run = lambda command, **_: commands.append(command)  # type: ignore[assignment]
    try:
        with literally(place) as run:
            run()
    finally:
        subprocess.run = original
    (command,) = commands
    return command


RUNS: dict[str, tuple[Callable[[Path, Report], Offsets | None], tuple[str, ...], str]] = {
    "n2v": (n2v, ("row", "column", "oblique", "gaps"), "n2v"),
    "careamics": (careamics, ("row", "oblique"), "careamics"),
    "aydin": (aydin, ("row", "oblique"), "aydin"),
    "autostructn2v-0.1": (autostructn2v_0_1, ("row", "oblique"), ""),
    "support": (support, ("row", "column"), ""),
    "cosdd": (cosdd, ("row", "column", "oblique"), ""),
}
"""For each trainer what runs its text, the masks it can blank, and its distribution."""


def _day_of_the_clone() -> str:
    """Return "of 2025-05-14" for the clone that is the present folder."""
    command = ["git", "log", "-1", "--format=of %cs"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip() or "of no date"


def main() -> int:
    """Run the texts of one trainer, or write all of them."""
    what, folder = sys.argv[1], Path(sys.argv[2]).absolute()
    if what == "write":
        write(folder)
        return 0
    run, masks, package = RUNS[what]
    version = _day_of_the_clone()
    with suppress(importlib.metadata.PackageNotFoundError):
        version = importlib.metadata.version(package or "none")
    for framework in ("torch", "tensorflow"):
        with suppress(ModuleNotFoundError):
            version += f", {framework} {importlib.import_module(framework).__version__}"
    for name in masks:
        notes: list[str] = []
        found = run(folder / what / name, notes.append)
        expected = offsets(MASKS[name])
        notes += [f"{len(found)} of {len(expected)} pixels blanked"] if found else []
        print(f"trainers: {what} {version}, {name}: the text ran; {'; '.join(notes)}", flush=True)
        if found is not None and found != expected:
            print(f"trainers: {what}: blanked {sorted(found)}, the mask is {sorted(expected)}")
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
