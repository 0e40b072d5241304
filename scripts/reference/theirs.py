"""The PyTorch side: value, gradient and iterates of Adam for a formula."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reference.cases import Case
from reference.formulas import Statistics
from reference.network import features, octaves, tensors

Array = np.ndarray


@dataclass
class Problem:
    """A formula with its targets, a function of one picture."""

    case: Case
    weights: dict[str, Tensor]
    content: dict[str, Tensor]
    style: list[dict[str, Statistics]]
    """Targets by octave and layer."""

    @classmethod
    def of(
        cls, case: Case, arrays: dict[str, Array], content: Array, styles: list[Array], *, dtype: torch.dtype = torch.float32
    ) -> "Problem":
        """Compute the targets."""
        weights, formula = tensors(arrays, dtype=dtype), case.formula
        seen = features(case.network, weights, torch.tensor(content, dtype=dtype), list(formula.content))
        pictures, shares = [torch.tensor(style, dtype=dtype) for style in styles], list(case.shares)
        if formula.strength < 1:
            pictures.append(torch.tensor(content, dtype=dtype))
            shares = [*(formula.strength * share for share in shares), 1 - formula.strength]
        seen_styles = [_by_octave(case, weights, picture, list(formula.style)) for picture in pictures]
        targets = [formula.style_target(list(same), shares) for same in zip(*seen_styles, strict=True)]
        return cls(case, weights, seen, targets)

    def terms(self, image: Tensor) -> dict[str, Tensor]:
        """The weighted terms of the objective."""
        seen = _by_octave(self.case, self.weights, image, self.case.formula.layers)
        return self.case.formula.terms(image, seen, self.content, self.style)

    def value_and_gradient(self, image: Array) -> tuple[dict[str, float], Array]:
        """All terms and their `total`, and the gradient of the total with respect to the picture."""
        variable = torch.tensor(image, dtype=self._dtype, requires_grad=True)
        terms = self.terms(variable)
        total = terms["content"] + terms["style"] + terms["tv"]
        (gradient,) = torch.autograd.grad(total, variable)
        return {name: term.item() for name, term in (terms | {"total": total}).items()}, gradient.numpy()

    def adam_iterates(self, image: Array, steps: int, learning_rate: float, betas: tuple[float, float]) -> list[Array]:
        """Pictures after each step of `torch.optim.Adam` on the variable of the case."""
        scale, offset = (torch.tensor(part, dtype=self._dtype) for part in self.case.space)
        start = (torch.tensor(image, dtype=self._dtype) - offset) / scale
        variable = start.clone().requires_grad_()
        optimizer = torch.optim.Adam([variable], lr=learning_rate, betas=betas)
        iterates = []
        for _ in range(steps):
            optimizer.zero_grad()
            torch.stack(list(self.terms(scale * variable + offset).values())).sum().backward()
            optimizer.step()
            if self.case.clamp:
                with torch.no_grad():
                    variable.clamp_(0, 1)
            iterates.append((scale * variable + offset).detach().numpy().copy())
        return iterates

    @property
    def _dtype(self) -> torch.dtype:
        return self.weights["conv1_1/kernel"].dtype


def _by_octave(case: Case, weights: dict[str, Tensor], image: Tensor, layers: list[str]) -> list[dict[str, Tensor]]:
    halved = octaves(case.network, image, case.formula.octaves)
    return [features(case.network, weights, each, layers) for each in halved]
