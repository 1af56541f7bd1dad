"""Which kernels there are, those that are built in and those that were added, and what each depends on."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from fastgrid.kernels import added
from fastgrid.kernels.definition import PARAMETERS, KernelDefinition

#: The jitted kernels, by the number that they have in jitted code, and their parameters.
_BUILT_IN: Mapping[str, tuple[str, ...]] = {"rbf": ("gamma",), "poly": PARAMETERS, "linear": ()}
KERNELS = tuple(_BUILT_IN)


def _discover() -> dict[str, KernelDefinition]:
    found: dict[str, KernelDefinition] = {}
    for module in pkgutil.iter_modules(added.__path__):
        name = f"{added.__name__}.{module.name}"
        definition = getattr(importlib.import_module(name), "KERNEL", None)
        if not isinstance(definition, KernelDefinition):
            raise TypeError(f"{name} has no KERNEL that is a KernelDefinition")
        if definition.name in found or definition.name in (*KERNELS, "precomputed", "sigmoid"):
            raise ValueError(f"{name}: there is a kernel {definition.name!r} already")
        found[definition.name] = definition
    return found


_ADDED = _discover()


def added_kernel(name: str) -> KernelDefinition | None:
    """Return the definition of a kernel that was added, None for one that is built in.

    Raises
    ------
    ValueError
        Where there is no kernel of that name.
    """
    if name in _BUILT_IN:
        return None
    if name not in _ADDED:
        raise ValueError(f"kernel {name!r} is not one of {', '.join(known_kernels())}")
    return _ADDED[name]


def known_kernels() -> tuple[str, ...]:
    """Return the names of all kernels."""
    return (*KERNELS, *_ADDED)


def added_kernels() -> tuple[str, ...]:
    """Return the names of the kernels that were added."""
    return tuple(_ADDED)


def parameters_used(name: str) -> tuple[str, ...]:
    """Return the parameters that a kernel depends on.

    Examples
    --------
    >>> parameters_used("rbf"), parameters_used("linear")
    (('gamma',), ())
    """
    definition = added_kernel(name)
    return _BUILT_IN[name] if definition is None else definition.uses
