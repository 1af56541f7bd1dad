"""All jitted functions share one set of options."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest
from numba.core.caching import FunctionCache
from numba.core.dispatcher import Dispatcher

import fastgrid
from fastgrid.kernels import jit as jit_module

PACKAGE = Path(fastgrid.__file__).parent
#: What each decorator adds to the options that all share.
DECORATORS = {"jit": {}, "jit_inline": {"forceinline": True, "_nrt": False}, "jit_borrowing": {"_nrt": False}}


def decorated_nodes(path):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and any(ast.unparse(one) in DECORATORS for one in node.decorator_list):
            yield node


def decorated_functions():
    """Return the decorator of each jitted function, by its full name, from the text of the modules."""
    return {
        ".".join([*path.relative_to(PACKAGE.parent).with_suffix("").parts, node.name]): node.decorator_list[0].id
        for path in PACKAGE.rglob("*.py")
        for node in decorated_nodes(path)
    }


def jitted_functions():
    for module_info in pkgutil.walk_packages(fastgrid.__path__, "fastgrid."):
        if module_info.name.endswith("__main__"):
            continue
        module = importlib.import_module(module_info.name)
        jit_module.decorate_all()
        for name, value in vars(module).items():
            if isinstance(value, Dispatcher) and value.__module__ == module.__name__:
                yield f"{module.__name__}.{name}", value


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_every_jitted_function_is_private_and_has_the_shared_options():
    found, decorators = dict(jitted_functions()), decorated_functions()
    assert set(found) == set(decorators)
    for name, function in found.items():
        assert name.rpartition(".")[2].startswith("_"), name
        options = dict(function.targetoptions)
        of_its_decorator = {key: options.pop(key) for key in ("forceinline", "_nrt") if key in options}
        assert of_its_decorator == DECORATORS[decorators[name]], name
        assert options == {
            "nopython": True,
            "nogil": True,
            "error_model": "numpy",
            "boundscheck": False,
            **({"enable_caching": True} if "enable_caching" in options else {}),
        }, name
        assert type(function._cache) is FunctionCache, f"{name} is compiled in every process"


def test_what_is_jitted_takes_arrays_and_scalars_only():
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in decorated_nodes(path):
            assert not (node.args.vararg or node.args.kwarg or node.args.kwonlyargs), f"{path.name}: {node.name}"


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_a_function_is_compiled_where_no_cache_can_be_had(monkeypatch):
    real = numba.njit
    asked = []

    def njit_without_locator(*functions, **options):
        if functions:  # numba's own
            return real(*functions, **options)
        asked.append(options["cache"])
        if options["cache"]:
            raise RuntimeError("cannot cache function: no locator available")
        return real(**options)

    monkeypatch.setattr(numba, "njit", njit_without_locator)
    double = jit_module.jit(lambda x: 2 * x)
    assert double(21) == 42
    assert asked == [True, False]


def test_whether_the_cache_has_machine_code_is_told_without_numba(tmp_path, monkeypatch):
    python = f"py{sys.version_info[0]}{sys.version_info[1]}"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert not jit_module.compiled_before("smo_pairs")
    (tmp_path / "kernels_0123").mkdir()
    (tmp_path / f"kernels_0123/smo_pairs._solve-12.{python}.nbi").touch()
    assert jit_module.compiled_before("smo_pairs") and not jit_module.compiled_before("smo_fast_pairs")
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    program = "import sys; from fastgrid.kernels.jit import compiled_before as told; told('gram'); told('smo_pairs')"
    check = f"{program}; assert 'numba' not in sys.modules; assert not told('no_module')"
    subprocess.run([sys.executable, "-c", check], check=True)


FIRST = """
from fastgrid.kernels.jit import jit, jit_inline

@jit_inline
def _double(x):
    return 2 * x

@jit
def _quadruple(x):
    return _double(_double(x))
"""
SECOND = """
from first import _double, _quadruple
from fastgrid.kernels.jit import jit

@jit
def _eightfold(x, once=True):
    return _double(_quadruple(x)) if once else x

def eightfold(x):
    return _eightfold(x)
"""
PROGRAM = """
import sys, threading
import first, second
assert "numba" not in sys.modules
{first_call}
from numba.core.dispatcher import Dispatcher
import late
stand_ins = [first._double, first._quadruple, second._double, second._quadruple, second._eightfold]
assert all(isinstance(kernel, Dispatcher) for kernel in stand_ins)
assert second.eightfold(3) == 24 and late._again(3) == 48 and isinstance(late._again, Dispatcher)
"""


@pytest.mark.slow
@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
@pytest.mark.parametrize(
    "first_call",
    [
        "assert second.eightfold(2) == 16",
        "assert second._eightfold(2, once=False) == 2",
        "assert first._double(2) == 4",
        "assert first._quadruple.targetoptions['nogil']",
        "held = second._eightfold; assert held(1) == 8; assert held(2) == 16",
        "threads = [threading.Thread(target=second.eightfold, args=[n]) for n in range(8)]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]",
    ],
)
def test_numba_is_imported_by_the_first_call(tmp_path, first_call):
    (tmp_path / "first.py").write_text(FIRST)
    (tmp_path / "second.py").write_text(SECOND)
    (tmp_path / "late.py").write_text(SECOND + "\n@jit\ndef _again(x):\n    return _double(_eightfold(x))\n")
    (tmp_path / "program.py").write_text(PROGRAM.format(first_call=first_call))
    done = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
