"""What the command line says about itself: sections, examples, completion, and how to begin."""

import dataclasses
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar

import pytest
import tyro

from stylejax.cli.flags.batch import Batch
from stylejax.cli.flags.stylize import Stylize
from stylejax.cli.parsing.sections import ABOUT, REGISTRY, field_docs, sections
from stylejax.settings.recipes import recipe_named
from stylejax.settings.settings import Settings


def test_every_setting_is_in_a_section_and_explained():
    found = sections(Settings)
    assert found.pop("") == []
    assert [name for names in found.values() for name in names] == [field.name for field in dataclasses.fields(Settings)]
    for section, names in found.items():
        assert names, f"section {section} is empty"
        assert getattr(Settings, ABOUT + section).endswith(".")
    docs = field_docs(Settings)
    assert not [field.name for field in dataclasses.fields(Settings) if not docs.get(field.name)]


@dataclass(frozen=True)
class Tea:
    """A cup."""

    leaf: str
    """What is in it."""

    about_water: ClassVar = "How it is brewed."

    degrees: int = 80
    """How hot the water is,
    in degrees."""

    minutes: float = 2.0
    """How long it draws."""

    about_leaf: ClassVar = "A section may have the name of a field."

    milk: bool = False
    """Whether there is milk in it."""


def test_sections_change_nothing_about_what_is_read():
    assert tyro.cli(Tea, args=["--leaf", "green", "--minutes", "1"], registry=REGISTRY) == Tea("green", minutes=1.0)
    cold = tyro.cli(Tea, args=["--minutes", "9"], default=Tea("white", degrees=5), registry=REGISTRY)
    assert cold == Tea("white", degrees=5, minutes=9.0)
    assert sections(Tea) == {"": ["leaf"], "water": ["degrees", "minutes"], "leaf": ["milk"]}
    assert field_docs(Tea)["degrees"] == "How hot the water is, in degrees."


@pytest.mark.parametrize("recipe", ["stylejax", "crowson"])
def test_settings_read_by_section_are_those_of_the_recipe(recipe):
    arguments = ["a.png", "b.png", "-o", "c.png", "--tv-weight", "3", "--no-clamp", "--bits", "16"]
    read = tyro.cli(Stylize, args=arguments, default=Stylize.of_recipe(recipe), registry=REGISTRY)
    assert read.settings == dataclasses.replace(recipe_named(recipe), tv_weight=3.0, clamp=False)
    assert read.bits == 16


def test_a_flag_may_have_the_name_of_a_section():
    arguments = ["--content", "a*.png", "--style", "b.png", "c.png", "-o", "out", "--style-weight", "2", "--dry-run"]
    read = tyro.cli(Batch, args=arguments, default=Batch.of_recipe("stylejax"), registry=REGISTRY)
    assert (read.options.content, read.options.style, read.jobs, read.dry_run) == (("a*.png",), ("b.png", "c.png"), "", True)
    assert read.settings == dataclasses.replace(recipe_named("stylejax"), style_weight=2.0)


@pytest.mark.parametrize("columns", [80, 120])
def test_help_is_grouped_and_fits(run, columns):
    code, out, _ = run("stylize", "--help", columns=columns)
    assert code == 0
    assert max(map(len, out.splitlines()[5:])) <= columns
    for section in sections(Settings):
        if section:
            assert f" {section} options " in out
            assert getattr(Settings, ABOUT + section)[:40] in out


def titles_of(page: str) -> list[str]:
    """The titles of the groups of flags on a page of help."""
    return re.findall(r"^ (.*(?:arguments|options)) +\n -+ *$", page, re.MULTILINE)


COMMANDS = ["stylize", "batch", "video", "sweep", "demo", "app", "recipes", "info", "completion"]
COMMANDS += ["weights list", "weights fetch", "weights convert", "weights verify"]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_has_an_example_and_plain_words(run, command):
    code, out, _ = run(*command.split(), "--help")
    assert code == 0
    assert "Example: stylejax " in out
    assert "options" in titles_of(out)
    for title in titles_of(out):
        assert re.fullmatch(r"[a-z ]+", title), f"{title}: write tyro.conf.arg(name='') beside the dataclass"
    assert not re.search(r"None|True|False|\(default: *(''|)\)", out)


def test_settings_are_grouped_alike_wherever_they_are_flags(run):
    for command in ("stylize", "batch", "video", "sweep"):
        _, out, _ = run(command, "--help")
        assert titles_of(out)[2:10] == [f"{section} options" for section in sections(Settings) if section], command


@pytest.mark.parametrize("arguments", [[], ["stylize"]])
def test_without_arguments_it_shows_how_to_begin(run, arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert (
        "    stylejax demo\n    stylejax stylize stylejax-demo/photograph.png stylejax-demo/style_waves.png -o painted.png\n"
        in err
    )
    assert "stylejax stylize --help" in err


@pytest.mark.slow
def test_help_touches_no_device():
    program = (
        "import contextlib, sys\n"
        "from stylejax.cli.main import main\n"
        "with contextlib.suppress(SystemExit): main(['stylize', '--help'])\n"
        "from jax._src import xla_bridge; assert not xla_bridge._backends"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120, stdout=subprocess.DEVNULL, env={**os.environ})
