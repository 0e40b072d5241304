"""Every published recipe against the answers of an independent PyTorch program, and the words about what is missing."""

import jax
import numpy as np
import pytest
from places import GOLDEN
from reference import ours, seeded

from stylejax.run.inputs.job import Job
from stylejax.run.loop import optimize_batch
from stylejax.settings.recipes import RECIPES, settings_from

pytestmark = pytest.mark.slow

PROGRAMS = np.load(GOLDEN)
PUBLISHED = [name for name in RECIPES if name != "stylejax"]
STEPS = 20


def inputs_of(settings):
    return "torchvision" if settings.model == "vgg19-torchvision" else "oxford"


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_recipe_has_the_values_gradient_and_adam_iterates_of_the_pytorch_program(name):
    settings = settings_from({"recipe": name})
    if settings.optimizer == "l-bfgs":
        settings = settings_from({"recipe": name, "optimizer": "adam", "clamp": False})
    with jax.enable_x64(True):  # in float32 rounding would turn a maximum or a ReLU the other way somewhere
        arrays = {key.removeprefix("weights/"): PROGRAMS[key] for key in PROGRAMS.files if key.startswith("weights/")}
        arrays, content, style, start = jax.tree.map(
            lambda array: array.astype(np.float64), (arrays, *(PROGRAMS[picture] for picture in ("content", "style", "start")))
        )
        if settings.style_fit == "stretch":
            style = seeded.picture(*content.shape[:2], seed=10).astype(np.float64)
        problem = ours.Problem(ours.network(arrays, inputs_of(settings), settings), settings, content, [style], [1.0])
        terms, gradient = problem.value_and_gradient(start)
        *_, iterate = problem.adam_iterates(start, STEPS)
    for term, value in terms.items():
        assert value == pytest.approx(float(PROGRAMS[f"recipe/{name}/{term}"]), rel=1e-5)
    for got, part, tolerance in ((gradient, "gradient", 1e-4), (iterate, "iterate", 1e-3)):
        wanted = PROGRAMS[f"recipe/{name}/{part}"]
        assert np.linalg.norm(got - wanted) <= tolerance * np.linalg.norm(wanted), part
    moved = np.linalg.norm(iterate - start) / np.linalg.norm(start)
    assert moved > 0.002  # the iterates say something


def test_crowson_moves_from_scale_to_scale_with_two_styles_as_its_program_does():
    sides, steps = (24, 34), 4
    scales = {"smallest_size": sides[0], "size": sides[1], "scale_factor": sides[1] / sides[0]}
    others = {"iterations": steps, "style_blend": "0.7,0.3", "init": "start.png"}
    settings = settings_from({"recipe": "crowson", **scales, **others})
    arrays = {key.removeprefix("weights/"): PROGRAMS[key] for key in PROGRAMS.files if key.startswith("weights/")}
    styles = tuple(PROGRAMS[f"scales/styles/{number}"] for number in range(2))
    job = Job(PROGRAMS["content"], styles, settings, init=PROGRAMS["start"])
    progresses = list(optimize_batch(ours.network(arrays, "torchvision", settings), [job]))
    losses = [record["total"] for progress in progresses for record in progress.records[0]]
    np.testing.assert_allclose(losses, PROGRAMS["scales/losses"], rtol=1e-3)
    wanted = PROGRAMS["scales/picture"]
    assert np.linalg.norm(progresses[-1].pictures[0] - wanted) < 2e-4 * np.linalg.norm(wanted)
