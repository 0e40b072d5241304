"""Count the evaluations of `torch.optim.LBFGS` on functions with known minima, the golden numbers of `test_lbfgs.py`.

python scripts/reference/lbfgs_evaluations.py
"""

from collections.abc import Callable

import torch
from torch import Tensor

CURVATURES = torch.logspace(0, 3, 50)


def rosenbrock(x: Tensor) -> Tensor:
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def long_bowl(x: Tensor) -> Tensor:
    return 0.5 * torch.sum(CURVATURES * (x - 1) ** 2)


def chained_rosenbrock(x: Tensor) -> Tensor:
    return torch.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def evaluations(function: Callable[[Tensor], Tensor], start: Tensor, below: float) -> int:
    """Number of evaluations from `start` until a value is less than `below`, with a history of 10."""
    x = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS(
        [x], max_iter=1000, max_eval=1000, tolerance_grad=0, tolerance_change=0, history_size=10, line_search_fn="strong_wolfe"
    )
    values = []

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = function(x)
        value.backward()
        values.append(value.item())
        return value

    optimizer.step(closure)  # pyright: ignore[reportArgumentType]
    return 1 + next(i for i, value in enumerate(values) if value < below)


if __name__ == "__main__":
    print("rosenbrock", evaluations(rosenbrock, torch.tensor([-1.2, 1.0]), 1e-6))
    print("long bowl", evaluations(long_bowl, torch.zeros(50), 1e-3))
    print("chained rosenbrock", evaluations(chained_rosenbrock, torch.tensor([-1.2, 1.0] * 10), 1e-4))
