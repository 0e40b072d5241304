"""The structure of the package: direction of imports, commands of the README, public names."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

import stylejax

FOLDERS = ["errors", "extras", "choices", "types", "version", "signals", "files", "images", "samples", "network", "weights"]
FOLDERS += ["losses", "settings", "optimize", "run", "batch", "video", "preview", "cli"]
MODULES = sorted((ROOT / "stylejax").rglob("*.py"))


def imported_modules(path: Path) -> set[str]:
    """The modules that a module imports from, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def imported_folders(path: Path) -> set[str]:
    """The folders that a module imports from."""
    return {name.split(".")[1] for name in imported_modules(path) if name.startswith("stylejax.")}


@pytest.mark.parametrize("path", [p for p in MODULES if p.parent.name != "stylejax" or p.stem in FOLDERS], ids=str)
def test_a_module_imports_only_from_folders_to_its_left(path):
    folder = path.relative_to(ROOT / "stylejax").parts[0].removesuffix(".py")
    for other in imported_folders(path):
        assert FOLDERS.index(other) <= FOLDERS.index(folder), f"{path.name} in {folder} imports {other}"


ORDER = {
    "batch": "records options input output plan events execute api",
    "run": "processes single_precision progress result devices inputs compatibility sharing programs noise starts targets "
    "chunk_program tiles memory split checkpoint scales loop execute api sweep",
    "video": "options threads motion age strokes media painter steps progress film prepare lane side_by_side run api",
}
"""Inside these folders, too, modules and subfolders import only from those to their left."""


@pytest.mark.parametrize("folder", ORDER)
def test_inside_a_folder_imports_have_one_direction(folder):
    order = ORDER[folder].split()
    for path in (ROOT / "stylejax" / folder).rglob("[!_]*.py"):
        place = path.relative_to(ROOT / "stylejax" / folder).parts[0].removesuffix(".py")
        for name in imported_modules(path):
            if name.startswith(f"stylejax.{folder}."):
                other = name.split(".")[2]
                assert order.index(other) <= order.index(place), f"{path.name} in {place} imports {other}"


def test_flax_is_imported_in_the_network_alone():
    for path in MODULES:
        imports_flax = re.search(r"^\s*(from|import) flax\b", path.read_text(), re.MULTILINE)
        assert not imports_flax or path.parent.name == "network", path


def shell_blocks() -> list[str]:
    """The fenced `sh` blocks of the README."""
    return re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def test_the_readme_begins_with_two_one_line_commands():
    demo, tests = shell_blocks()[:2]
    for block in (demo, tests):
        assert block.count("\n") == 1
        assert block.startswith("python3 -m venv .venv && .venv/bin/pip install")
    assert demo.rstrip().endswith("stylejax demo")
    assert "'.[demo]'" in demo
    assert tests.rstrip().endswith("pytest")
    assert "'.[test]'" in tests


def test_ci_runs_exactly_the_readme_test_command():
    assert shell_blocks()[1] in (ROOT / ".ci" / "run").read_text().splitlines(keepends=True)


def test_readme_python_blocks_use_names_that_exist():
    for block in re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL):
        compile(block, "README.md", "exec")
        for name in re.findall(r"stylejax\.(\w+)", block):
            assert hasattr(stylejax, name), name


def test_public_names_are_documented():
    for name in stylejax.__all__:
        if name != "__version__":
            assert getattr(stylejax, name).__doc__, name


@pytest.mark.slow
def test_importing_the_library_initializes_no_device_and_changes_no_configuration():
    program = (
        "import jax; before = dict(jax.config.values); import stylejax; assert dict(jax.config.values) == before;"
        "from jax._src import xla_bridge; assert not xla_bridge._backends"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_public_names_are_the_same_for_type_checkers_and_lazy_imports():
    (block,) = [node for node in ast.parse(Path(stylejax.__file__).read_text()).body if isinstance(node, ast.If)]
    typed = {alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    homes = {name: f"stylejax.{home}" for home, names in stylejax._HOMES.items() for name in names}
    assert homes | {"VERSION": "stylejax.version"} == typed
    assert {*homes, "__version__"} == set(stylejax.__all__) <= set(dir(stylejax))
    with pytest.raises(AttributeError, match="no attribute 'paint'"):
        stylejax.paint  # noqa: B018


def test_every_console_prints_text_without_markup():
    """rich would interpret names of files as markup."""
    for path in MODULES:
        assert path.name == "console.py" or not re.search(
            r"\bConsole\(|markup=True|from_markup|rich import print", path.read_text()
        ), path
