"""Steps that choose descriptors by name."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from fastgrid.descriptors.table import DescriptorTable
from fastgrid.transforms.base import Patterns, TableStep
from fastgrid.transforms.state import Arrays, SavedState


class _Choice(TableStep):
    def __init__(self, descriptor_names: Patterns, except_: Patterns = ()) -> None:
        self.descriptor_names = descriptor_names
        self.except_ = except_

    def _fit(self, table: DescriptorTable) -> None:
        matched = self._expand(table, self.descriptor_names, self.except_)
        self.kept_ = self._choose(table.names, frozenset(matched))

    @abstractmethod
    def _choose(self, names: tuple[str, ...], matched: frozenset[str]) -> tuple[str, ...]: ...

    def _transform(self, table: DescriptorTable) -> DescriptorTable:
        return table.keep(self.kept_)

    def _learned(self) -> tuple[Mapping[str, object], Arrays]:
        return {"kept": list(self.kept_)}, {}

    def _restore(self, saved: SavedState) -> None:
        self.kept_ = saved.texts("kept")


class Remove(_Choice):
    """Remove the descriptors that match, less the exceptions (Gaia 2.4.6 behaviour).

    Parameters
    ----------
    descriptor_names : str or sequence of str
        Patterns, see `fastgrid.descriptors.patterns.match`.
    except_ : str or sequence of str, optional
        Patterns of descriptors that stay although they match.

    Attributes
    ----------
    kept_ : tuple of str
        The descriptors that stay; `transform` removes every other one, those unknown when fitting too.
    """

    transfo = "remove"
    only_chooses = True

    def _choose(self, names: tuple[str, ...], matched: frozenset[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name not in matched)


class Select(_Choice):
    """Keep only the descriptors that match, less the exceptions (Gaia 2.4.6 behaviour).

    Parameters
    ----------
    descriptor_names : str or sequence of str
        Patterns, see `fastgrid.descriptors.patterns.match`.
    except_ : str or sequence of str, optional
        Patterns of descriptors that go although they match.

    Attributes
    ----------
    kept_ : tuple of str
        The descriptors that stay.
    """

    transfo = "select"
    only_chooses = True

    def _choose(self, names: tuple[str, ...], matched: frozenset[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name in matched)
