"""The PyTorch side, in variants of memory layout, precision, and `torch.compile`."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from reference import seeded
from torch import Tensor
from torch.nn import functional

from benchmark.problem import CONTENT_LAYER, DEEPEST, STYLE_LAYERS, Problem

POOLED_AFTER = ("conv1_2", "conv2_2", "conv3_4", "conv4_4")


@dataclass(frozen=True)
class Variant:
    """One variant of the program."""

    layout: str = "channels-last"
    precision: str = "float32"
    compiled: bool = False

    @property
    def name(self) -> str:
        """Name of the variant in the table."""
        return ", ".join([self.precision, self.layout, *(["compiled"] if self.compiled else [])])


def variants(device: str) -> list[Variant]:
    """All variants for the device."""
    layouts = ("channels-last", "contiguous")
    if device == "cpu":
        return [Variant(layout) for layout in layouts]
    plain = [Variant(layout, precision) for layout in layouts for precision in ("float32", "tf32", "bfloat16")]
    return [*plain, *(Variant("channels-last", precision, compiled=True) for precision in ("tf32", "bfloat16"))]


def step_timer(problem: Problem, variant: Variant, device: str, *, steps: int) -> Callable[[], float]:
    """Make a function that runs steps and returns the seconds per step; its first call may compile."""
    layout = torch.channels_last if variant.layout == "channels-last" else torch.contiguous_format
    arrays = problem.weights()
    weights = {}
    for name in seeded.convolution_names()[:DEEPEST]:
        kernel = torch.tensor(arrays[f"{name}/kernel"].transpose(3, 2, 0, 1).copy())
        weights[name] = (kernel.to(device).to(memory_format=layout), torch.tensor(arrays[f"{name}/bias"]).to(device))
    mean = torch.tensor([0.485, 0.456, 0.406], device=device).view(3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225], device=device).view(3, 1, 1)

    def features(picture: Tensor) -> dict[str, Tensor]:
        value, found = (picture - mean) / deviation, {}
        for name, (kernel, bias) in weights.items():
            value = functional.relu(functional.conv2d(value, kernel, bias, padding=1))
            found[name.replace("conv", "relu")] = value
            if name in POOLED_AFTER:
                value = functional.max_pool2d(value, 2)
        return found

    def gram(seen: Tensor) -> Tensor:
        flat = seen.flatten(2).float()
        return flat @ flat.transpose(1, 2) / flat.shape[2]

    def total(picture: Tensor, content: Tensor, grams: list[Tensor]) -> Tensor:
        seen = features(picture)
        loss = functional.mse_loss(seen[CONTENT_LAYER].float(), content)
        for layer, wanted in zip(STYLE_LAYERS, grams, strict=True):
            loss = loss + functional.mse_loss(gram(seen[layer]), wanted)
        return loss * problem.batch  # sum over independent pictures

    contents, style = problem.pictures()
    pictures = torch.stack([torch.tensor(content) for content in contents]).permute(0, 3, 1, 2).to(device)
    variable = pictures.contiguous(memory_format=layout).requires_grad_()
    styled = torch.tensor(style)[None].permute(0, 3, 1, 2).to(device).contiguous(memory_format=layout)
    with torch.no_grad():
        content = features(variable)[CONTENT_LAYER]
        seen = features(styled)
        grams = [gram(seen[layer]).expand(problem.batch, -1, -1) for layer in STYLE_LAYERS]
    optimizer = torch.optim.Adam([variable], lr=0.02)
    objective = torch.compile(total) if variant.compiled else total
    mixed = torch.autocast(device, torch.bfloat16) if variant.precision == "bfloat16" else nullcontext()

    def timed() -> float:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = variant.precision != "float32"
        torch.backends.cudnn.benchmark = True
        began = time.perf_counter()
        for _ in range(steps):
            optimizer.zero_grad()
            with mixed:
                loss = objective(variable, content, grams)
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                variable.clamp_(0, 1)
        if device == "cuda":
            torch.cuda.synchronize()
        return (time.perf_counter() - began) / steps

    return timed
