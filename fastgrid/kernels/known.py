"""Which kernels there are, those that are built in and those that were added, and what each depends on."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from fastgrid.common.errors import UserError, one_line
from fastgrid.kernels import added
from fastgrid.kernels.definition import NAME, PARAMETERS, KernelDefinition

#: The jitted kernels, by the number that they have in jitted code, and their parameters.
_BUILT_IN: Mapping[str, tuple[str, ...]] = {"rbf": ("gamma",), "poly": PARAMETERS, "linear": ()}
KERNELS = tuple(_BUILT_IN)
#: Names that mean something else in SVC and in grids.
_TAKEN = (*KERNELS, "precomputed", "sigmoid")


def _discover() -> dict[str, KernelDefinition]:
    found: dict[str, KernelDefinition] = {}
    files: dict[str, str] = {}
    for module in pkgutil.iter_modules(added.__path__):
        file = f"fastgrid/kernels/added/{module.name}.py"
        try:
            definition = getattr(importlib.import_module(f"{added.__name__}.{module.name}"), "KERNEL", None)
        except Exception as error:  # the module is not ours
            raise UserError(f"{file}: {type(error).__name__}: {one_line(error)}; mend it or take it away") from error
        if not isinstance(definition, KernelDefinition):
            raise UserError(f"{file}: has no KERNEL that is a KernelDefinition; see docs/add-a-kernel.md")
        if definition.name in _TAKEN:
            raise UserError(f"{file}: the name {definition.name} is taken by fastgrid or SVC; choose another name")
        if definition.name in found:
            raise UserError(f"{file}: there is a kernel {definition.name} in {files[definition.name]}; rename one")
        found[definition.name], files[definition.name] = definition, file
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


def may_be_added(name: str) -> bool:
    """Tell whether a kernel could have that name that is not here."""
    return NAME.fullmatch(name) is not None and name not in _TAKEN


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
