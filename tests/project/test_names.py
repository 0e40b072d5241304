"""Names and folders: one home for each public class, short folders that list their modules, defaults by keyword."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest
from places import ROOT

PACKAGE = ROOT / "stylejax"
MODULES = sorted(PACKAGE.rglob("*.py"))
FOLDERS = sorted({path.parent for path in MODULES} - {PACKAGE})


def is_public(name: str) -> bool:
    return not name.startswith("_")


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_a_public_class_has_one_home():
    homes = defaultdict(list)
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and is_public(node.name):
                homes[node.name].append(named(path))
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_parameters_with_defaults_are_keyword_only(path):
    """But for the first parameter of a function, which may have one."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and is_public(node.name):
            positional = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
            own = [name for name in positional if name not in ("self", "cls")]
            with_default = positional[len(positional) - len(node.args.defaults) :]
            assert set(with_default) <= set(own[:1]), f"{named(path)}: {node.name}({', '.join(with_default)})"


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_a_folder_is_short_and_lists_its_modules(folder):
    modules = [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]
    folders = [path.parent.name for path in folder.glob("*/__init__.py")]
    assert len(modules) <= 15
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    assert [name for name in (*modules, *folders) if f"`{name}`" not in text] == []
