"""Preprocessing steps one after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import UserError
from fastgrid.descriptors.table import DescriptorTable
from fastgrid.transforms.base import TableStep
from fastgrid.transforms.registry import describe_step, make_step
from fastgrid.transforms.state import Arrays, SavedState

MOST_STEPS = 1000


class Chain:
    """Steps that are fitted and applied one after the other; without steps a table stays as it is.

    Parameters
    ----------
    steps : sequence of (str, TableStep)
        Named steps; the names must differ.

    Raises
    ------
    ValueError
        When two steps have the same name.
    """

    def __init__(self, steps: Sequence[tuple[str, TableStep]]) -> None:
        self.steps = tuple(steps)
        if len(dict(self.steps)) != len(self.steps):
            raise ValueError("two steps of a chain have the same name")

    def __repr__(self) -> str:
        return f"Chain({list(self.steps)!r})"

    @property
    def unmatched_(self) -> list[str]:
        """The patterns that matched nothing when fitting, each as ``step name: pattern``."""
        return [f"{name}: {pattern}" for name, step in self.steps for pattern in step.unmatched_]

    @property
    def left_out_(self) -> dict[str, str]:
        """The descriptors that a step had to leave out, with ``step name: reason``."""
        return {d: f"{name}: {reason}" for name, step in self.steps for d, reason in step.left_out_.items()}

    def fit(self, table: DescriptorTable, y: object = None) -> Self:
        """Fit every step on what the steps before it make of `table`; see `fit_transform`."""
        self.fit_transform(table)
        return self

    def fit_transform(self, table: DescriptorTable, y: object = None) -> DescriptorTable:
        """Fit the steps and return what they make of `table`.

        Parameters
        ----------
        table : DescriptorTable
        y : object, optional
            Ignored, as in scikit-learn's transformers.

        Returns
        -------
        DescriptorTable

        Raises
        ------
        UserError
            When a step cannot be fitted; names the step.
        """
        for name, step in self.steps:
            with _naming(name):
                table = step.fit(table).transform(table)
        return table

    def transform(self, table: DescriptorTable) -> DescriptorTable:
        """Return what the fitted steps make of `table`.

        Parameters
        ----------
        table : DescriptorTable
            May hold only some of the fitted descriptors.

        Returns
        -------
        DescriptorTable

        Raises
        ------
        NotFittedError
            When the chain was not fitted.
        UserError
            When a descriptor has another kind or length than when fitting; names the step.
        """
        for name, step in self.steps:
            with _naming(name):
                table = step.transform(table)
        return table

    def to_state(self) -> tuple[dict[str, object], Arrays]:
        """Return the fitted chain as data, for `from_state`.

        Returns
        -------
        description : dict
            Only what JSON can hold.
        arrays : dict of str to ndarray of float32
            Named ``position of the step.name``.

        Raises
        ------
        NotFittedError
            When the chain was not fitted.
        """
        described: list[dict[str, object]] = []
        arrays: Arrays = {}
        for position, (name, step) in enumerate(self.steps):
            learned, own = step.learned()
            described.append({"name": name, **describe_step(step), "learned": learned})
            arrays.update({f"{position}.{key}": value for key, value in own.items()})
        return {"steps": described}, arrays

    @classmethod
    def from_state(cls, description: object, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Self:
        """Return the fitted chain that `to_state` described; it transforms with equal bits.

        Parameters
        ----------
        description : object
            From a file that is not trusted; everything in it is checked.
        arrays : mapping of str to ndarray
            The arrays of the chain and no others.

        Returns
        -------
        Chain

        Raises
        ------
        ValueError
            When something is missing, superfluous, of the wrong type or contradictory.
        """
        saved = SavedState(description, where="chain")
        entries = saved.entry("steps")
        saved.finish()
        if not isinstance(entries, list) or len(entries) > MOST_STEPS:
            raise ValueError("chain.steps is not a list of steps")
        rest = dict(arrays)
        steps = [_restored(entry, position, rest) for position, entry in enumerate(entries)]
        if rest:
            raise ValueError(f"{len(rest)} array(s) belong to no step of the chain")
        return cls(steps)


def build_chain(specs: Iterable[object]) -> Chain:
    """Return the chain that the preprocessing of a project describes, not fitted.

    Parameters
    ----------
    specs : iterable of mappings
        Entries as `fastgrid.transforms.registry.make_step` takes them.

    Returns
    -------
    Chain
        A step is named after its transfo; a second one of the same kind ``remove-2`` and so on.

    Raises
    ------
    UserError
        When an entry is wrong; names its position.

    Examples
    --------
    >>> [name for name, _ in build_chain([{"transfo": "cleaner"}, {"transfo": "Cleaner"}]).steps]
    ['cleaner', 'cleaner-2']
    """
    steps: list[tuple[str, TableStep]] = []
    seen: dict[str, int] = {}
    for position, spec in enumerate(specs, start=1):
        with _naming(str(position)):
            step = make_step(spec)
        seen[step.transfo] = seen.get(step.transfo, 0) + 1
        suffix = f"-{seen[step.transfo]}" if seen[step.transfo] > 1 else ""
        steps.append((step.transfo + suffix, step))
    return Chain(steps)


def _restored(entry: object, position: int, rest: dict[str, npt.NDArray[np.generic]]) -> tuple[str, TableStep]:
    """Return one named step; takes its arrays out of `rest`."""
    prefix = f"{position}."
    own = {key.removeprefix(prefix): rest.pop(key) for key in list(rest) if key.startswith(prefix)}
    saved = SavedState(entry, where=f"chain.steps[{position}]")
    name = saved.text("name")
    described = {"transfo": saved.entry("transfo"), "params": saved.entry("params")}
    learned = saved.inner("learned", own)
    saved.finish()
    try:
        step = make_step(described)
    except UserError as error:
        raise ValueError(f"chain.steps[{position}]: {error}") from error
    return name, step.restore(learned)


@contextlib.contextmanager
def _naming(step: str) -> Iterator[None]:
    try:
        yield
    except UserError as error:
        raise type(error)(f"preprocessing step {step}: {error}") from error
