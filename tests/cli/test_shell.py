"""What a shell meets before any work is done: nothing heavy is imported, mistakes are one line, words are completed."""

import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import get_args

import pytest

from stylejax.choices import NetworkName, PublishedName, RecipeName
from stylejax.settings.recipes import RECIPES
from stylejax.weights.sources import SOURCES

HEAVY = ("jax", "flax", "optax", "numpy", "PIL", "h5py", "safetensors", "tifffile", "requests", "gradio", "uvicorn")


@pytest.mark.slow
def test_what_does_no_work_imports_nothing_heavy():
    """All in one process, which is what the imports of one command are that does all of this."""
    lines = [
        ["--help"],
        ["--version"],
        ["stylize", "--help"],
        ["weights", "--help"],
        ["stylise", "a.png", "b.png"],
        ["stylize", "a.png", "b.png", "-o", "c.png", "--contnt-weight", "3"],
        ["batch", "jobs.csv", "-o", "out", "--size", "large"],
        ["sweep", "a.png"],
        ["completion", "bash"],
        ["recipes"],
        ["weights", "list"],
    ]
    program = f"""
import contextlib, io, sys
from stylejax.cli.main import main
import stylejax
stylejax.Settings(size=64), stylejax.StylejaxError, stylejax.__version__
for line in {lines!r}:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(SystemExit):
        main(line)
    heavy = {HEAVY!r} if line[0] != "weights" or line[1] == "--help" else ("jax", "flax")
    found = sorted({{name.partition(".")[0] for name in sys.modules}} & set(heavy))
    assert not found, f"{{line}} imports {{found}}"
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_the_version_is_told(run):
    assert run("--version") == (0, f"stylejax {version('stylejax')}\n", "")


def test_the_package_runs_as_a_module():
    result = subprocess.run([sys.executable, "-m", "stylejax", "--version"], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (0, f"stylejax {version('stylejax')}\n", "")


STYLIZE = ["stylize", "a.png", "b.png", "-o", "c.png"]
MISTAKES = {
    "a command": (["stylise", "a.png"], "no command 'stylise'; did you mean stylize? See stylejax --help"),
    "no command near": (["paint"], "no command 'paint'; there are stylize, batch, "),
    "an empty command": ([""], "no command ''"),
    "a command of weights": (["weights", "ftch", "vgg19"], "weights has no command 'ftch'; did you mean fetch?"),
    "no command of weights": (["weights"], "weights needs a command; there are convert, fetch, list, verify"),
    "a flag": ([*STYLIZE, "--contnt-weight", "3"], "stylize has no flag --contnt-weight; did you mean --content-weight?"),
    "a flag before the pictures": (["stylize", "--contnt-weight=3", "a.png", "b.png"], "did you mean --content-weight?"),
    "a flag with underscores": ([*STYLIZE, "--contnt_weight", "3"], "did you mean --content-weight?"),
    "one dash": ([*STYLIZE, "-size", "3"], "stylize has no flag -size; did you mean --size?"),
    "half a flag": ([*STYLIZE, "--keep", "match"], "did you mean --keep-color?"),
    "a flag of another command": (
        ["demo", "--iterations", "3"],
        "demo has no flag --iterations; it is a flag of stylize, batch, video and sweep; see stylejax demo --help",
    ),
    "regions of a clip": (
        ["video", "a.mp4", "b.png", "-o", "c.mp4", "--content-mask", "d.png"],
        "video has no flag --content-mask; it is a flag of stylize; see stylejax video --help",
    ),
    "a flag of a subcommand": (["weights", "fetch", "vgg19", "--form", "pip"], "did you mean --from?"),
    "no value": ([*STYLIZE, "--content-weight"], "--content-weight needs a value, a number"),
    "a flag for a value": ([*STYLIZE, "--content-weight", "--quiet"], "--content-weight needs a value, a number"),
    "no number": ([*STYLIZE, "--content-weight", "abc"], "--content-weight is 'abc'; it must be a number"),
    "no whole number": ([*STYLIZE, "--seed=1.5"], "--seed is '1.5'; it must be a whole number"),
    "neither of two kinds": ([*STYLIZE, "--size", "large"], "--size is 'large'; it must be a whole number or native"),
    "no choice": ([*STYLIZE, "--pooling", "averge"], "--pooling is 'averge'; it must be one of max, average, "),
    "a recipe": ([*STYLIZE, "--recipe", "croson"], "did you mean 'crowson'?"),
    "a shell": (["completion", "tcsh"], "SHELL is 'tcsh'; it must be one of bash, zsh, fish"),
    "no output": (["batch", "jobs.csv"], "batch needs --output"),
    "no name": (["weights", "fetch"], "weights fetch needs NAME"),
    "a word too many": (["info", "memory"], "info has no place for 'memory'"),
    "a value for a switch": ([*STYLIZE, "--quiet=yes"], "--quiet takes no value, but got 'yes'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(run, name):
    arguments, line = MISTAKES[name]
    code, out, err = run(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert line in err


def test_help_shows_no_comment_of_the_source(run):
    for command in (["--help"], ["weights", "--help"], ["sweep", "--help"], ["batch", "--help"], ["app", "--help"]):
        code, out, _ = run(*command)
        assert code == 0
        assert "pyright" not in out and "noqa" not in out


def test_the_paths_of_weights_are_whole(run, monkeypatch, tmp_path):
    cache = tmp_path / ("a-folder-with-a-long-name" * 8)
    (cache / "weights").mkdir(parents=True)
    (cache / "weights" / "vgg19.safetensors").touch()
    monkeypatch.setenv("STYLEJAX_CACHE", str(cache))
    code, out, _ = run("info")
    assert code == 0
    assert f"weights vgg19              {cache}/weights/vgg19.safetensors\n" in out


def test_names_are_those_of_what_they_name():
    assert set(get_args(RecipeName)) == set(RECIPES)
    assert set(get_args(NetworkName)) == set(SOURCES)
    assert set(get_args(PublishedName)) == {name for name, source in SOURCES.items() if source.url}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory) -> Path:
    """A folder with the completion scripts, pictures and a folder."""
    folder = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "zsh", "fish"):
        program = f"from stylejax.cli.main import main; main(['completion', {shell!r}])"
        with (folder / f"stylejax.{shell}").open("wb") as file:
            subprocess.run([sys.executable, "-c", program], check=True, timeout=60, stdout=file)
    for name in ("town.jpg", "old town.jpg", "vgg.safetensors"):
        (folder / name).touch()
    return folder


COMPLETIONS = {
    "": {"stylize", "batch", "demo", "sweep", "app", "weights", "recipes", "info", "completion", "video"},
    "sty": {"stylize"},
    "--ver": {"--version"},
    "stylize --content-w": {"--content-weight"},
    "stylize --no-cl": {"--no-clamp"},
    "stylize --recipe ": set(RECIPES),
    "stylize a.jpg b.jpg --recipe cr": {"crowson"},
    "batch --recipe u": {"udacity"},
    "sweep a.jpg b.jpg --recipe u": {"udacity"},
    "stylize --keep-color ": {"none", "luminance", "match"},
    "stylize --model ": {"auto", *SOURCES},
    "stylize --model vgg19-s": {"vgg19-slim"},
    "stylize --model vgg.": {"vgg.safetensors"},
    "stylize --init st": {"style-stats"},
    "stylize --size n": {"native"},
    "stylize tow": {"town.jpg"},
    "stylize --size 64 tow": {"town.jpg"},
    "stylize --quiet a.jpg tow": {"town.jpg"},
    "stylize a.jpg b.jpg -o old": {"old town.jpg"},
    "stylize --content-mask tow": {"town.jpg"},
    "batch --content a.jpg tow": {"town.jpg"},
    "weights ": {"list", "fetch", "convert", "verify"},
    "weights fetch ": {"vgg19", "vgg19-torchvision"},
    "weights fetch vgg19 --from p": {"publisher", "pip"},
    "weights verify vgg19-s": {"vgg19-slim"},
    "weights verify vgg.": {"vgg.safetensors"},
    "completion ": {"bash", "zsh", "fish"},
}


def of_bash(folder: Path, lines: list[str]) -> list[set[str]]:
    """What bash would offer for the last word of each line, one process for all."""
    program = ["source ./stylejax.bash", "function=$(complete -p stylejax | sed 's/.*-F \\([^ ]*\\) .*/\\1/')"]
    for line in lines:
        words = f"stylejax {line}".split(" ")
        program += [f"COMP_WORDS=({' '.join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}; $function"]
        program += ["""printf '%s\\t' "${COMPREPLY[@]}"; echo"""]
    bash = subprocess.run(["bash", "-c", "\n".join(program)], cwd=folder, capture_output=True, text=True, timeout=60)
    assert (bash.returncode, bash.stderr) == (0, "")
    return [set(filter(None, line.split("\t"))) for line in bash.stdout.splitlines()]


@pytest.mark.slow
def test_bash_completes_commands_flags_values_and_files(scripts):
    assert dict(zip(COMPLETIONS, of_bash(scripts, list(COMPLETIONS)), strict=True)) == COMPLETIONS


@pytest.mark.slow
def test_bash_completes_what_follows_an_equals_sign(scripts):
    """Which bash makes a word of its own."""
    assert of_bash(scripts, ["stylize --recipe = cr", "stylize --recipe ="]) == [{"crowson"}, set(RECIPES)]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh_completes_the_same(scripts):
    program = """
compdef() { :; }
_describe() { print -rn -- "${(pj:\t:)${(@)${(@P)2}%%:*}}" }
_files() { for file in *(N); do [[ $file == ${words[CURRENT]}* ]] && print -rn -- "$file"; done }
source ./stylejax.zsh
for line; do words=("${(@s: :)line}"); CURRENT=$#words; _stylejax; print; done
"""
    run = ["zsh", "-fc", program, "zsh", *(f"stylejax {line}" for line in COMPLETIONS)]
    zsh = subprocess.run(run, cwd=scripts, capture_output=True, text=True, timeout=60)
    assert zsh.stderr == ""
    offers = [set(line.split("\t")) for line in zsh.stdout.splitlines()]
    assert dict(zip(COMPLETIONS, offers, strict=True)) == COMPLETIONS


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
def test_fish_completes_the_same(scripts):
    program = "source stylejax.fish; for line in $argv; complete -C $line; echo; end"
    run = ["fish", "--no-config", "--command", program, *(f"stylejax {line}" for line in COMPLETIONS)]
    fish = subprocess.run(run, cwd=scripts, capture_output=True, text=True, timeout=60)
    assert fish.stderr == ""
    offers = [{line.partition("\t")[0] for line in part.splitlines()} for part in fish.stdout.split("\n\n")]
    assert dict(zip(COMPLETIONS, offers[: len(COMPLETIONS)], strict=True)) == COMPLETIONS


@pytest.mark.slow
def test_the_scripts_hold_what_the_shell_asks(scripts):
    """The program inside of them runs on nothing but Python."""
    source = (scripts / "stylejax.zsh").read_text()
    assert source.startswith("#compdef stylejax\n")
    for shell in ("bash", "zsh", "fish"):
        assert len((scripts / f"stylejax.{shell}").read_bytes()) < 120_000
