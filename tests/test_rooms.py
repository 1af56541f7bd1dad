"""The shape of the house: rooms import only from rooms to their left, modules and functions stay small."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "fastgrid"

ROOMS = (
    "common",
    "descriptors",
    "transforms",
    "kernels",
    "solvers",
    "sweep",
    "evaluation",
    "search",
    "model",
    "report",
    "project",
    "displays",
    "cli",
)
#: Neighbours to the left that a room still must not know.
STRANGERS = {
    "kernels": {"descriptors", "transforms"},
    "solvers": {"descriptors", "transforms"},
    "sweep": {"descriptors"},
    "evaluation": {"descriptors", "transforms", "kernels", "solvers", "sweep"},
    "search": {"descriptors", "transforms"},
    "model": {"sweep", "evaluation", "search"},
    "report": {"descriptors", "transforms", "kernels", "solvers", "sweep", "search", "model"},
    "project": {"search"},
    "displays": set(ROOMS) - {"common", "evaluation", "project", "displays"},
    "cli": {"search", "displays"},
}


def modules():
    return sorted(path for path in PACKAGE.rglob("*.py"))


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "fastgrid" and len(parts) > 1:
                yield parts[1]


def test_rooms_are_all_known():
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room):
    allowed = set(ROOMS[: ROOMS.index(room) + 1]) - STRANGERS.get(room, set())
    for path in (PACKAGE / room).rglob("*.py"):
        outside = set(imported_rooms(path)) - allowed
        assert not outside, f"{path.relative_to(PACKAGE)} imports {sorted(outside)}"


def test_modules_and_functions_are_small():
    lengths = []
    for path in modules():
        text = path.read_text()
        lengths.append(text.count("\n"))
        assert lengths[-1] <= 400, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
                first = body[0].lineno
                assert node.end_lineno - first + 1 <= 60, f"{path}: {node.name}"
    assert sorted(lengths)[len(lengths) // 2] < 150


def test_numba_options_are_written_in_one_place():
    for path in modules():
        if path.name not in ("jit.py", "simd_intrinsics.py"):
            assert "numba" not in {
                alias.name.split(".")[0]
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Import)
                for alias in node.names
            }, path


@pytest.mark.parametrize(
    "module",
    [
        "fastgrid",
        "fastgrid.cli",
        "fastgrid.project.schema",
        "fastgrid.descriptors.collection",
        "fastgrid.project.training",
        "fastgrid.sweep.run",
        "fastgrid.displays",
    ],
)
def test_light_imports_stay_light(module):
    code = f"import sys, {module}; print([m for m in ('numba', 'sklearn', 'scipy', 'matplotlib') if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
