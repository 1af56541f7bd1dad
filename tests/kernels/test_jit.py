"""All jitted functions share one set of options."""

import importlib
import pkgutil

import numba
import pytest
from numba.core.dispatcher import Dispatcher

import fastgrid
from fastgrid.kernels import jit as jit_module


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
    found = dict(jitted_functions())
    assert len(found) >= 4
    for name, function in found.items():
        assert name.rpartition(".")[2].startswith("_"), name
        assert function.targetoptions["nogil"], name
        assert function.targetoptions["error_model"] == "numpy", name
        assert not function.targetoptions.get("fastmath"), name
        assert not function.targetoptions.get("parallel"), name


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_a_function_is_compiled_where_no_cache_can_be_had(monkeypatch):
    real = numba.njit
    asked = []

    def njit_without_locator(**options):
        asked.append(options["cache"])
        if options["cache"]:
            raise RuntimeError("cannot cache function: no locator available")
        return real(**options)

    monkeypatch.setattr(numba, "njit", njit_without_locator)
    double = jit_module.jit(lambda x: 2 * x)
    assert double(21) == 42
    assert asked == [True, False]
