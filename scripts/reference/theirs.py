"""The PyTorch side: value, gradient and Adam's iterates of a formula."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reference.formulas import Formula, Statistics
from reference.network import Network, features, tensors

Array = np.ndarray


@dataclass
class Problem:
    """A formula with its targets made: a function of one picture."""

    network: Network
    weights: dict[str, Tensor]
    formula: Formula
    content: dict[str, Tensor]
    style: dict[str, Statistics]

    @classmethod
    def of(
        cls,
        network: Network,
        arrays: dict[str, Array],
        formula: Formula,
        content: Array,
        styles: list[Array],
        shares: list[float],
        dtype: torch.dtype = torch.float32,
    ) -> "Problem":
        """Look at the content and the styles once."""
        weights = tensors(arrays, dtype)
        looked = [features(network, weights, torch.tensor(style, dtype=dtype), list(formula.style)) for style in styles]
        kept = features(network, weights, torch.tensor(content, dtype=dtype), list(formula.content))
        return cls(network, weights, formula, kept, formula.style_target(looked, shares))

    def terms(self, image: Tensor) -> dict[str, Tensor]:
        """The weighted terms of the objective."""
        seen = features(self.network, self.weights, image, self.formula.layers)
        return self.formula.terms(image, seen, self.content, self.style)

    def value_and_gradient(self, image: Array) -> tuple[dict[str, float], Array]:
        """All terms and their `total`, and the gradient of the total for the picture."""
        variable = torch.tensor(image, dtype=self._dtype, requires_grad=True)
        terms = self.terms(variable)
        total = terms["content"] + terms["style"] + terms["tv"]
        (gradient,) = torch.autograd.grad(total, variable)
        return {name: term.item() for name, term in (terms | {"total": total}).items()}, gradient.numpy()

    def adam_iterates(self, image: Array, steps: int, learning_rate: float, betas: tuple[float, float]) -> list[Array]:
        """The pictures after each step of `torch.optim.Adam`, clamped to [0, 1] each time."""
        variable = torch.tensor(image, dtype=self._dtype, requires_grad=True)
        optimizer = torch.optim.Adam([variable], lr=learning_rate, betas=betas)
        iterates = []
        for _ in range(steps):
            optimizer.zero_grad()
            torch.stack(list(self.terms(variable).values())).sum().backward()
            optimizer.step()
            with torch.no_grad():
                variable.clamp_(0, 1)
            iterates.append(variable.detach().numpy().copy())
        return iterates

    @property
    def _dtype(self) -> torch.dtype:
        return self.weights["conv1_1/kernel"].dtype
