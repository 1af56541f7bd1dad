"""From records to sums per set, the verdict, and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from agreement_parts.records import Record

#: Largest relative difference of a dual objective from the reference's.
OBJECTIVE = 1e-4
MUST_BE_ZERO = ("other_iterations", "other_duals", "other_biases", "other_predictions", "checked_other")
#: Solvers that are compared with the reference beside SVC.
OTHERS = ("smo-fast",)
#: Of "against_reference", what is added up and shown, in this order.
COUNTS = (
    "predictions",
    "other_predictions",
    "predictions_left_out",
    "other_left_out",
    "pair_problems_left_out",
    "at_cap",
)


@dataclass(frozen=True)
class Distance:
    """How far SVC at the usual tolerance and another solver are from the reference, on the same Gram matrices.

    `svc` and `other` hold the sums of what a record has in "against_reference".
    """

    n_matrices: int
    svc: Record
    other: Record | None

    def holds(self) -> bool:
        """Return whether the other solver is as close as it has to be; SVC itself always is."""
        if self.other is None:
            return True
        return self.other["other_predictions"] <= self.svc["other_predictions"] and self.other["objective"] < OBJECTIVE


def of_set(records: Iterable[Record], name: str, solver: str) -> list[Record]:
    return [record for record in records if (record["set"], record["solver"]) == (name, solver)]


def same_as_svc(records: Sequence[Record]) -> Record:
    """Return the sums of a set's records of `smo`; `holds` says that nothing differs."""
    parts = [record["against_svc"] for record in records]
    total = {name: sum(part[name] for part in parts) for name in parts[0]}
    checks = [record["check"] for record in records]
    checked = {f"checked_{name}": sum(check[name] for check in checks) for name in checks[0]}
    sums = {"matrices": len(records), **total, **checked}
    return {**sums, "holds": not any(sums[name] for name in MUST_BE_ZERO)}


def distance(of_svc: Sequence[Record], of_other: Sequence[Record]) -> Distance:
    """Return a set's distances from the reference, over the Gram matrices that both have been run on.

    Without records of another solver, those of SVC alone.
    """
    others = {_matrix(record): record["against_reference"] for record in of_other}
    chosen = [record for record in of_svc if not others or _matrix(record) in others]
    own = [record["against_reference"] for record in chosen]
    theirs = [others[_matrix(record)] for record in chosen] if others else None
    return Distance(len(chosen), _summed(own), None if theirs is None else _summed(theirs))


def _matrix(record: Record) -> tuple[str, float, int]:
    return record["kernel"], record["gamma"], record["fold"]


def _summed(parts: Sequence[Record]) -> Record:
    totals: Record = {name: sum(part[name] for part in parts) for name in COUNTS}
    return {**totals, "objective": float(np.max([part["objective"] for part in parts], initial=0.0))}


def failures(records: Sequence[Record]) -> list[str]:
    """Return a line for each set and solver that does not agree as it has to."""
    lines = []
    for name in sets_of(records):
        of_smo = of_set(records, name, "smo")
        if not same_as_svc(of_smo)["holds"]:
            lines.append(f"{name}: smo and SVC differ")
        lines += [
            f"{name}: {solver} is farther from the reference than it may be"
            for solver in OTHERS
            if not distance(of_smo, of_set(records, name, solver)).holds()
        ]
    return lines


def sets_of(records: Sequence[Record]) -> list[str]:
    """Return the sets that `smo` has been run on, without which nothing can be said."""
    return list(dict.fromkeys(record["set"] for record in records if record["solver"] == "smo"))


def table(records: Sequence[Record]) -> str:
    """Return two Markdown tables: `smo` beside SVC, and how far SVC and the other solvers are from the reference."""
    names = sets_of(records)
    lines = _heading(
        "set, Gram matrices, pair problems, other iterations, other duals, other bias, predictions, other predictions,"
        " at the cap, checked at 1e-6, other, at the cap"
    )
    columns = ("matrices", "pair_problems", *MUST_BE_ZERO[:3], "predictions", "other_predictions", "at_cap")
    for name in names:
        sums = same_as_svc(of_set(records, name, "smo"))
        checked = (sums[f"checked_{column}"] for column in ("pair_problems", "other", "at_cap"))
        lines.append(_row(name, *(sums[column] for column in columns), *checked))
    lines += ["", *_heading(
        "set, solver at 1e-3, Gram matrices, predictions, other than at 1e-6, left out, of them other,"
        " largest relative difference of a dual objective, pair problems left out, at the cap"
    )]  # fmt: skip
    for name in names:
        of_smo = of_set(records, name, "smo")
        others = {solver: of_set(records, name, solver) for solver in OTHERS}
        found = {solver: distance(of_smo, own) for solver, own in others.items() if own}
        for solver, each in (found or {"": distance(of_smo, [])}).items():
            lines.append(_distance_row(name, "SVC", each.n_matrices, each.svc))
            if each.other is not None:
                lines.append(_distance_row(name, solver, each.n_matrices, each.other))
    return "\n".join(lines)


def _heading(columns: str) -> list[str]:
    names = [name.strip() for name in columns.split(",")]
    return [_row(*names), "|---" * len(names) + "|"]


def _distance_row(name: str, solver: str, n_matrices: int, sums: Record) -> str:
    predictions = (sums[column] for column in COUNTS[:4])
    return _row(name, solver, n_matrices, *predictions, f"{sums['objective']:.1e}", *(sums[c] for c in COUNTS[4:]))


def _row(*cells: object) -> str:
    return "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells) + " |"
