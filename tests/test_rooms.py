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


def imported_rooms(text, module):
    """Yield the room of each import in the text of a module, whichever way it is written.

    Plain, from the package or a room, relative, inside a function, or by a text that names a module.
    """
    for node in ast.walk(ast.parse(text)):
        names = []
        if isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                origin = ".".join([*module.split(".")[: -node.level], *([node.module] if node.module else [])])
            names = [f"{origin}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = [node.value]
        elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            names = [str(node.values[0].value)]
        for name in names:
            parts = name.split(".")
            if parts[0] == "fastgrid" and len(parts) > 1 and parts[1] in ROOMS:
                yield parts[1]


@pytest.mark.parametrize(
    "written",
    [
        "import fastgrid.cli.dispatch",
        "from fastgrid.cli.dispatch import main",
        "from fastgrid import cli",
        "from .. import cli",
        "from ..cli import main",
        "from ..cli.dispatch import main",
        "def later():\n    from fastgrid.cli import main",
        "importlib.import_module('fastgrid.cli.dispatch')",
        "importlib.import_module(f'fastgrid.cli.{name}')",
    ],
)
def test_every_form_of_import_is_seen(written):
    assert set(imported_rooms(written, "fastgrid.kernels.gram")) == {"cli"}


def module_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts)


def test_rooms_are_all_known():
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room):
    allowed = set(ROOMS[: ROOMS.index(room) + 1]) - STRANGERS.get(room, set())
    for path in (PACKAGE / room).rglob("*.py"):
        outside = set(imported_rooms(path.read_text(), module_name(path))) - allowed
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


#: What each module may take of numba; only `jit.py` may compile with it.
OF_NUMBA = {
    "jit.py": {"numba"},
    "simd_intrinsics.py": {
        "numba",
        "numba.types",
        "numba.core.cgutils",
        "numba.core.typing.templates.AbstractTemplate",
        "numba.core.typing.templates.infer_global",
        "numba.core.typing.templates.signature",
        "numba.extending.intrinsic",
        "numba.extending.lower_builtin",
        "numba.extending.models",
        "numba.extending.register_model",
    },
    "positive_definite.py": {"numba.extending.get_cython_function_address"},
}


def test_numba_options_are_written_in_one_place():
    for path in modules():
        tree = ast.parse(path.read_text())
        taken = {
            name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
            for name in [f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name]
            if name.split(".")[0] == "numba"
        }
        assert taken <= OF_NUMBA.get(path.name, set()), path
        called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert path.name == "jit.py" or not called & {"njit", "vectorize", "guvectorize", "cfunc", "stencil"}, path


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
