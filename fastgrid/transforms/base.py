"""What all preprocessing steps share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from fastgrid.descriptors.patterns import expand
from fastgrid.descriptors.table import DescriptorTable
from fastgrid.transforms.estimator import Transformer, not_fitted
from fastgrid.transforms.state import Arrays, SavedState

Patterns = str | Sequence[str]


class TableStep(Transformer, ABC):
    """A scikit-learn transformer from `DescriptorTable` to `DescriptorTable`.

    `fit` looks at the whole table; `transform` also takes tables that hold only some of the fitted descriptors, and
    more or fewer items.

    Attributes
    ----------
    transfo : str
        The name of the step in project files (class attribute).
    only_chooses : bool
        Whether the values of all descriptors that stay are left as they are (class attribute).
    unmatched_ : tuple of str
        Descriptor patterns that matched no name when the step was fitted.
    left_out_ : dict of str to str
        Descriptors that the step cannot treat and therefore removes, with the reason.
    """

    transfo: ClassVar[str]
    only_chooses: ClassVar[bool] = False
    unmatched_: tuple[str, ...]
    left_out_: dict[str, str]

    def fit(self, table: DescriptorTable, y: object = None) -> Self:
        """Learn from `table` what `transform` needs.

        Parameters
        ----------
        table : DescriptorTable
        y : object, optional
            Ignored; scikit-learn passes it.

        Returns
        -------
        Self

        Raises
        ------
        UserError
            When a pattern is ambiguous, or the items are too few for the step.
        """
        self.unmatched_ = ()
        self.left_out_ = {}
        self._fit(table)
        return self

    def transform(self, table: DescriptorTable) -> DescriptorTable:
        """Return `table` after the step; `table` itself is never changed.

        Parameters
        ----------
        table : DescriptorTable
            May hold only some of the descriptors of the fitted table.

        Returns
        -------
        DescriptorTable

        Raises
        ------
        NotFittedError
            When `fit` was not called before.
        UserError
            When a descriptor has another kind or length than the step was fitted on.
        """
        self._require_fitted()
        return self._transform(table)

    def learned(self) -> tuple[dict[str, object], Arrays]:
        """Return what was fitted: a part that JSON can hold and the arrays.

        Returns
        -------
        description : dict
        arrays : dict of str to ndarray

        Raises
        ------
        NotFittedError
            When `fit` was not called before.
        """
        self._require_fitted()
        description, arrays = self._learned()
        return {"unmatched": list(self.unmatched_), "left_out": dict(self.left_out_), **description}, arrays

    def restore(self, saved: SavedState) -> Self:
        """Take over what `learned` returned, checking all of it.

        Parameters
        ----------
        saved : SavedState

        Returns
        -------
        Self

        Raises
        ------
        ValueError
            When something is missing, superfluous, of the wrong type or contradictory.
        """
        self.unmatched_ = saved.texts("unmatched")
        self.left_out_ = saved.reasons("left_out")
        self._restore(saved)
        saved.finish()
        return self

    @abstractmethod
    def _fit(self, table: DescriptorTable) -> None: ...

    @abstractmethod
    def _transform(self, table: DescriptorTable) -> DescriptorTable: ...

    def _learned(self) -> tuple[Mapping[str, object], Arrays]:
        return {}, {}

    def _restore(self, saved: SavedState) -> None:
        return None

    def _require_fitted(self) -> None:
        if not hasattr(self, "unmatched_"):
            raise not_fitted(self)

    def _expand(self, table: DescriptorTable, patterns: Patterns, except_: Patterns = ()) -> tuple[str, ...]:
        expansion = expand(as_patterns(patterns), table.names, as_patterns(except_))
        self.unmatched_ = expansion.unmatched
        return expansion.names

    def _without_left_out(self, table: DescriptorTable) -> DescriptorTable:
        return table.keep(name for name in table.names if name not in self.left_out_)


def as_patterns(patterns: Patterns) -> tuple[str, ...]:
    """Return one pattern or several as a tuple."""
    return (patterns,) if isinstance(patterns, str) else tuple(patterns)
