"""Runs of one recipe in both programs: losses of all evaluations, and the final picture."""

import dataclasses
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from reference.cases import OBJECTIVES
from reference.network import Network
from reference.theirs import Problem

from stylejax.images.io.write import write_picture
from stylejax.network.preprocessing import Preprocessing, preprocessing_named
from stylejax.run.inputs.job import Job
from stylejax.run.loop import optimize_batch
from stylejax.run.starts import starting_images
from stylejax.settings.settings import Settings
from stylejax.weights.load import build_model
from stylejax.weights.weight_set import WeightSet

BYTES = 256 / 255
"""`neural-style` multiplies pictures by 256, the recipe by 255; pictures are brightened by this ratio to compensate."""

UNIT = 1e6
"""Factor of the loss for `torch.optim.LBFGS`, which discards pairs of a step s and a gradient change y with s·y ≤ 1e-10, and
therefore makes no progress if losses are small, as with `vgg19-slim`."""


class Run(NamedTuple):
    """Result of a program."""

    losses: list[float]
    """Loss of each evaluation, before the update."""
    picture: np.ndarray


def ours(weights: WeightSet, settings: Settings, content: np.ndarray, style: np.ndarray, *, scale: float = 1.0) -> Run:
    """Run stylejax with pictures multiplied by `scale`."""
    model = build_model(weights, pooling=settings.pooling, padding=settings.padding)
    progresses = list(optimize_batch(model, [Job(content * np.float32(scale), (style * np.float32(scale),), settings)]))
    losses = [record["total"] for progress in progresses for record in progress.records[0]]
    return Run(losses, np.clip(np.asarray(progresses[-1].pictures[0]) / scale, 0, 1))


def from_formula(weights: WeightSet, recipe: str, settings: Settings, content: np.ndarray, style: np.ndarray) -> Run:
    """Minimize the recipe's formulas in PyTorch with `torch.optim`, from the same initial picture."""
    case = next(case for case in OBJECTIVES if case.name == recipe)
    case = dataclasses.replace(case, network=Network("torchvision", settings.pooling, settings.padding))
    problem = Problem.of(case, weights.arrays, content, [style])
    start = np.asarray(starting_images([Job(content, (style,), settings)], *content.shape[:2])[0])
    scale, offset = (torch.tensor(part) for part in case.space)
    variable = ((torch.tensor(start) - offset) / scale).requires_grad_()
    unit = UNIT if settings.optimizer == "l-bfgs" else 1.0
    losses: list[float] = []

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        total = torch.stack(list(problem.terms(scale * variable + offset).values())).sum()
        (unit * total).backward()
        losses.append(total.item())
        return unit * total.detach()

    (steps,) = settings.steps(1)
    if settings.optimizer == "l-bfgs":
        # SciPy, which the paper used, has a line search; the later programs have none.
        search = "strong_wolfe" if recipe == "gatys-2016" else None
        budget = {"max_iter": steps, "max_eval": steps}
        optimizer = torch.optim.LBFGS([variable], line_search_fn=search, tolerance_grad=0, tolerance_change=0, **budget)
        optimizer.step(closure)
        return Run(losses, (scale * variable + offset).detach().clamp(0, 1).numpy())
    optimizer = torch.optim.Adam([variable], lr=settings.learning_rate, betas=(settings.beta1, settings.beta2))
    average, kept = torch.zeros_like(variable), 1.0
    for _ in range(steps):
        optimizer.step(closure)
        with torch.no_grad():
            if settings.clamp:
                variable.clamp_(0, 1)
            average = settings.averaging * average + (1 - settings.averaging) * variable
            kept *= settings.averaging
    return Run(losses, (scale * average / (1 - kept) + offset).detach().clamp(0, 1).numpy())


def neural_style(weights: WeightSet, settings: Settings, content: np.ndarray, style: np.ndarray, steps: int) -> Run:
    """Run the published program with weights in its units, starting from the content."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_picture(folder / "content.png", content)
        write_picture(folder / "style.png", style)
        torch.save(_state_dict(weights.arrays), folder / "vgg19.pth")
        flags = {
            "content_image": folder / "content.png",
            "style_image": folder / "style.png",
            "output_image": folder / "painted.png",
            "model_file": folder / "vgg19.pth",
            "image_size": max(content.shape),
            "num_iterations": steps,
            "optimizer": str(settings.optimizer).replace("-", ""),
            "init": "image",
            "print_iter": 1,
            "save_iter": 0,
            "gpu": "c",
        }
        command = [sys.executable, str(Path(__file__).with_name("narrow_neural_style.py"))]
        command += [",".join(map(str, weights.widths)), "-disable_check"]
        command += [text for flag, value in flags.items() for text in (f"-{flag}", str(value))]
        printed = subprocess.run(command, capture_output=True, text=True)
        if printed.returncode:
            raise SystemExit(f"neural-style failed: {printed.stderr.strip().splitlines()[-1]}")
        losses = [float(loss) for loss in re.findall(r"Total loss: (\S+)", printed.stdout)]
        return Run(losses[:steps], np.asarray(Image.open(folder / "painted.png"), np.float32) / 255)


def in_units_of(weights: WeightSet, name: str) -> WeightSet:
    """Convert a network to the units of another preprocessing, such as 0-255 in BGR order for `neural-style`."""
    ours, theirs = weights.preprocessing, preprocessing_named(name)
    if ours == theirs:
        return weights
    (scale, mean), (wanted_scale, wanted_mean) = _in_rgb(ours), _in_rgb(theirs)
    kernel = weights.arrays["conv1_1/kernel"].astype(np.float64)[:, :, :: -1 if ours.bgr else 1]
    bias = weights.arrays["conv1_1/bias"] + np.einsum("ijco,c->o", kernel, scale * (wanted_mean - mean))
    turned = (kernel * (scale / wanted_scale)[:, np.newaxis])[:, :, :: -1 if theirs.bgr else 1]
    first = {"conv1_1/kernel": turned.astype(np.float32), "conv1_1/bias": bias.astype(np.float32)}
    return dataclasses.replace(weights, preprocessing=theirs, arrays=weights.arrays | first)


def _in_rgb(preprocessing: Preprocessing) -> tuple[np.ndarray, np.ndarray]:
    """Scale s and mean m of `s * (picture - m)`, in RGB order."""
    mean, std = np.array(preprocessing.mean), np.array(preprocessing.std)
    scale, mean = preprocessing.scale / std, mean / preprocessing.scale
    return (scale[::-1], mean[::-1]) if preprocessing.bgr else (scale, mean)


def _state_dict(arrays: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    places = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)
    names = [name.removesuffix("/kernel") for name in arrays if name.endswith("/kernel")]
    state = {}
    for place, name in zip(places, sorted(names), strict=True):
        state[f"features.{place}.weight"] = torch.tensor(arrays[f"{name}/kernel"].transpose(3, 2, 0, 1).copy())
        state[f"features.{place}.bias"] = torch.tensor(arrays[f"{name}/bias"])
    return state
