"""The preprocessing steps by the names and parameters that project files use."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from fastgrid.common.errors import UserError, one_line
from fastgrid.transforms.base import TableStep, as_patterns
from fastgrid.transforms.choosing import Remove, Select
from fastgrid.transforms.cleaning import Cleaner, FixLength, RemoveVL
from fastgrid.transforms.enumeration import Enumerate
from fastgrid.transforms.gaussianization import Gaussianize
from fastgrid.transforms.normalization import Normalize

STEPS: Mapping[str, type[TableStep]] = {
    step.transfo: step for step in (Remove, Select, Enumerate, Normalize, Gaussianize, Cleaner, FixLength, RemoveVL)
}
_PARAMETER_OF_KEY = {
    "descriptorNames": "descriptor_names",
    "except": "except_",
    "independent": "independent",
}


def make_step(entry: object) -> TableStep:
    """Return the step that an entry of a project's preprocessing describes, not fitted.

    Parameters
    ----------
    entry : object
        ``{"transfo": name, "params": {"descriptorNames": [...], "except": [...], "independent": bool}}``; the name in
        any case, ``params`` may be missing, a single pattern may stand without its list.

    Returns
    -------
    TableStep

    Raises
    ------
    UserError
        When the entry has another form, an unknown name, or a parameter that the step lacks or needs.

    Examples
    --------
    >>> make_step({"transfo": "Select", "params": {"descriptorNames": "lowlevel.mfcc*"}})
    Select(descriptor_names=('lowlevel.mfcc*',))
    """
    if not isinstance(entry, Mapping) or "transfo" not in entry:
        raise UserError(f"a step is a mapping with the key 'transfo', not {_shown(entry)}")
    for key in entry:
        if key not in ("transfo", "params"):
            raise UserError(f"unknown key {_shown(key)}; a step has 'transfo' and 'params'")
    name = entry["transfo"]
    step = STEPS.get(name.lower()) if isinstance(name, str) else None
    if step is None:
        raise UserError(f"unknown transfo {_shown(name)}; use one of {', '.join(STEPS)}")
    params = entry.get("params")
    if params is not None and not isinstance(params, Mapping):
        raise UserError(f"{step.transfo}: params is a mapping, not {_shown(params)}")
    return step(**_arguments(step, params or {}))


def describe_step(step: TableStep) -> dict[str, object]:
    """Return the project entry that `make_step` turns into `step` again.

    Parameters
    ----------
    step : TableStep

    Returns
    -------
    dict
        Only text, lists and booleans.
    """
    params: dict[str, object] = {}
    for key in parameters_of(type(step)):
        value = getattr(step, _PARAMETER_OF_KEY[key])
        params[key] = bool(value) if key == "independent" else list(as_patterns(value))
    return {"transfo": step.transfo, "params": params}


def parameters_of(step: type[TableStep]) -> dict[str, bool]:
    """Return the parameters that a step takes, as project files call them, and whether it needs them.

    Examples
    --------
    >>> parameters_of(STEPS["remove"])
    {'descriptorNames': True, 'except': False}
    """
    taken = inspect.signature(step).parameters
    return {
        key: taken[name].default is inspect.Parameter.empty for key, name in _PARAMETER_OF_KEY.items() if name in taken
    }


def _arguments(step: type[TableStep], params: Mapping[object, object]) -> dict[str, object]:
    known = parameters_of(step)
    arguments: dict[str, object] = {}
    for key, value in params.items():
        if not isinstance(key, str) or key not in known:
            raise UserError(f"{step.transfo}: {_unknown_parameter(step, key, known)}")
        arguments[_PARAMETER_OF_KEY[key]] = _argument(step, key, value)
    for key, needed in known.items():
        if needed and key not in params:
            raise UserError(f"{step.transfo}: needs the parameter {key}")
    return arguments


def _unknown_parameter(step: type[TableStep], key: object, known: Mapping[str, bool]) -> str:
    if step is Normalize:
        return (
            f"parameter {_shown(key)} is not supported: values are scaled by minimum and maximum, "
            f"with {', '.join(known)} as the only parameters"
        )
    return f"unknown parameter {_shown(key)}; it takes {', '.join(known) or 'none'}"


def _argument(step: type[TableStep], key: str, value: object) -> object:
    if key == "independent":
        if not isinstance(value, bool):
            raise UserError(f"{step.transfo}: {key} is True or False, not {_shown(value)}")
        return value
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, (list, tuple)) or not all(isinstance(pattern, str) for pattern in value):
        raise UserError(f"{step.transfo}: {key} is a pattern or a list of patterns, not {_shown(value)}")
    return tuple(value)


def _shown(value: object) -> str:
    return one_line(repr(value), 80)
