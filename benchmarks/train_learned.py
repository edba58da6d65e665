"""Train the networks of `structmask_gui.core.learned`; needs PyTorch.

``python benchmarks/train_learned.py --write`` draws frames (`_learned`), trains, prints how well
frames that were not trained on are read, and writes ``learned.npz`` there. On two
cores it takes about ten minutes.
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from _learned import Array, drawn, shapes
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from structmask_gui.core.learned import noise
from structmask_gui.core.learned.features import RINGS

FILE = Path(noise.__file__).with_name("learned.npz")
NETWORKS, HIDDEN = 5, (96, 48)
HELD_OUT, SHAPES = 2000, 1500
EPOCHS, BATCH, RATE, BLUR = 40, 128, 2e-3, 0.05
CHUNK = 250


def chunk(seed: int) -> tuple[Array, Array]:
    """Draw a part of the frames."""
    with threadpool_limits(1):
        draw = np.random.default_rng([1, seed])
        values, powers = zip(*(drawn(draw) for _ in range(CHUNK)), strict=True)
    return np.array(values), np.array(powers)


class Network(nn.Module):
    """What is read from features: the power of the noise in each ring, and its variance."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        sides = [inputs, *HIDDEN, 2 * RINGS]
        self.layers = nn.ModuleList(nn.Linear(first, second) for first, second in pairwise(sides))

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        for layer in self.layers[:-1]:
            values = nn.functional.silu(layer(values))
        found = self.layers[-1](values)
        return found[:, :RINGS], found[:, RINGS:].clamp(-5, 3)


def loss(network: Network, values: Tensor, powers: Tensor) -> Tensor:
    """Return the negative log likelihood of the true power."""
    found, log_variance = network(values)
    return 0.5 * ((powers - found) ** 2 * torch.exp(-log_variance) + log_variance).mean()


def trained(values: Tensor, powers: Tensor, seed: int) -> Network:
    torch.manual_seed(seed)
    network = Network(values.shape[1])
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-3)
    steps = len(values) // BATCH
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=EPOCHS * steps)
    for _ in range(EPOCHS):
        order = torch.randperm(len(values))
        for step in range(steps):
            at = order[step * BATCH : (step + 1) * BATCH]
            optimizer.zero_grad()
            blurred = values[at] + BLUR * torch.randn(len(at), values.shape[1])
            loss(network, blurred, powers[at]).backward()
            optimizer.step()
            rate.step()
    return network


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=40_000)
    parser.add_argument("--write", action="store_true", help=f"write {FILE.name}")
    options = parser.parse_args()
    with get_context("spawn").Pool(2) as pool:
        parts = pool.map(chunk, range(options.frames // CHUNK), chunksize=4)
    values, powers = (np.concatenate(part) for part in zip(*parts, strict=True))
    mean, scale = values.mean(axis=0), values.std(axis=0) + 1e-3
    torch.set_num_threads(1)
    read = torch.tensor(np.clip((values - mean) / scale, -6, 6), dtype=torch.float32)
    true = torch.tensor(powers, dtype=torch.float32)
    networks = [trained(read[HELD_OUT:], true[HELD_OUT:], seed) for seed in range(NETWORKS)]
    with torch.no_grad():
        found, log_variances = zip(*(one(read[:HELD_OUT]) for one in networks), strict=True)
    power, variances = torch.stack(found), torch.exp(torch.stack(log_variances))
    off = (true[:HELD_OUT] - power.mean(dim=0)).numpy()
    spread = (variances.mean(dim=0) + power.var(dim=0)).sqrt().numpy()
    print("error of the logarithm of the power, by ring:", np.sqrt((off**2).mean(axis=0)).round(2))
    print("over what was said:", (off / spread).std(axis=0).round(2))
    if options.write:
        layers = [[one.layers[number] for one in networks] for number in range(3)]
        arrays = {
            "mean": mean,
            "scale": scale,
            "errors": np.corrcoef((off / spread).T),
            "shapes": shapes(np.random.default_rng(2), SHAPES),
        }
        for number, layer in enumerate(layers):
            arrays[f"weights{number}"] = np.stack([one.weight.detach().numpy() for one in layer])
            arrays[f"biases{number}"] = np.stack([one.bias.detach().numpy() for one in layer])
        half = {name: array.astype(np.float16) for name, array in arrays.items()}
        half["mean"], half["scale"] = mean.astype(np.float32), scale.astype(np.float32)
        np.savez_compressed(FILE, **half)
        print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
