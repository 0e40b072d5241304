"""The PyTorch side of a run over several scales, with the transitions between scales of Crowson's program."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from reference.cases import Case
from reference.theirs import Array, Problem


class Run(NamedTuple):
    """Result of a run over several scales."""

    losses: list[float]
    """Loss of each step, before the update."""
    picture: Array


def run_scales(
    case: Case,
    arrays: dict[str, Array],
    content: Array,
    styles: Sequence[Array],
    start: Array,
    *,
    sides: Sequence[int],
    steps: int,
    learning_rate: float,
    betas: tuple[float, float],
    decay: float,
) -> Run:
    """Run `steps` steps at each long side, starting from the picture `start`.

    Pictures are downscaled with Pillow's bicubic filter in 8 bits. A scale starts from the running average of the previous
    scale, enlarged by `torch.nn.functional.interpolate`; its own average includes this start. Adam's moments are enlarged as
    well, and its step count continues.
    """
    losses: list[float] = []
    image = _channels_first(_shrunk(start, _fitted(start, sides[0])))
    moments = count = None
    for side in sides:
        shape = _fitted(content, side)
        resized = [_shrunk(style, _fitted(style, min(side, max(style.shape)))) for style in styles]
        problem = Problem.of(case, arrays, _shrunk(content, shape), resized)
        image = functional.interpolate(image, shape, mode="bicubic", align_corners=False).clamp(0, 1).requires_grad_()
        optimizer = torch.optim.Adam([image], lr=learning_rate, betas=betas)
        if moments is not None:
            first, second = moments
            optimizer.state[image] = {
                "step": count,
                "exp_avg": functional.interpolate(first, shape, mode="bicubic", align_corners=False),
                "exp_avg_sq": functional.interpolate(second, shape, mode="bilinear", align_corners=False).relu(),
            }
        passed = [image.detach().clone()]
        for _ in range(steps):
            optimizer.zero_grad()
            total = torch.stack(list(problem.terms(image[0].movedim(0, -1)).values())).sum()
            total.backward()
            optimizer.step()
            with torch.no_grad():
                image.clamp_(0, 1)
            losses.append(total.item())
            passed.append(image.detach().clone())
        shares = decay ** torch.arange(len(passed) - 1, -1, -1, dtype=torch.float64)
        image = sum(share * each for share, each in zip((shares / shares.sum()).tolist(), passed, strict=True))
        assert isinstance(image, Tensor)
        (state,) = optimizer.state.values()
        moments, count = (state["exp_avg"], state["exp_avg_sq"]), state["step"]
    return Run(losses, image[0].movedim(0, -1).numpy())


def _fitted(picture: Array, side: int) -> tuple[int, int]:
    height, width = picture.shape[:2]
    return round(side * height / max(height, width)), round(side * width / max(height, width))


def _shrunk(picture: Array, shape: tuple[int, int]) -> Array:
    whole = Image.fromarray(np.rint(255 * picture).astype(np.uint8))
    return np.asarray(whole.resize((shape[1], shape[0]), Image.Resampling.BICUBIC), np.float32) / 255


def _channels_first(picture: Array) -> Tensor:
    return torch.tensor(picture).movedim(-1, 0)[None]
