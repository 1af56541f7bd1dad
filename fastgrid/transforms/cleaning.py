"""Steps that take out what cannot be used."""

from __future__ import annotations

from fastgrid.descriptors.table import DescriptorTable, Kind
from fastgrid.descriptors.validity import CONSTANT, INVALID, clean
from fastgrid.transforms.base import TableStep
from fastgrid.transforms.columns import LearnedColumns


class Cleaner(TableStep):
    """Remove the real descriptors with NaN or infinity and those that do not vary (Gaia 2.4.6 behaviour).

    The rule is `fastgrid.descriptors.validity.clean`; text and enumerated descriptors always stay. The removed ones
    stand in `left_out_`.
    """

    transfo = "cleaner"
    only_chooses = True

    def _fit(self, table: DescriptorTable) -> None:
        real = LearnedColumns.of(table, table.names, Kind.REAL)
        columns, _ = real.positions(table)
        findings = clean(table.values[:, columns], real.owners())
        for name, invalid, constant in zip(real.lengths, findings.invalid, findings.constant, strict=True):
            if invalid or constant:
                self.left_out_[name] = INVALID if invalid else CONSTANT

    def _transform(self, table: DescriptorTable) -> DescriptorTable:
        return self._without_left_out(table)


class _LengthStep(TableStep):
    def _fit(self, table: DescriptorTable) -> None:
        return None

    def _transform(self, table: DescriptorTable) -> DescriptorTable:
        return table


class FixLength(_LengthStep):
    """Do nothing: the descriptors of a table have a fixed length already; Gaia projects name this step."""

    transfo = "fixlength"
    only_chooses = True


class RemoveVL(_LengthStep):
    """Do nothing: a table has no descriptors of variable length any more; Gaia projects name this step."""

    transfo = "removevl"
    only_chooses = True
