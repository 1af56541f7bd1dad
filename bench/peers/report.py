"""From the answers of all rounds to figures, ratios against the targets, and the printed table."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from peers.work import Work

SOLVERS = ("smo-fast", "smo")
#: Peers that predictions are compared with: the first that gave some.
REFERENCES = ("gridsearch", "precomputed", "smo")
#: The fastest of these in a round is "the next".
NEXT = ("precomputed", "opencv", "intelex")
#: Times faster than a peer that smo-fast shall be; smo has to reach a part of it.
TARGETS: dict[str, dict[str, float]] = {
    "digits": {"gridsearch": 60, "next": 20},
    "synthetic": {"gridsearch": 80, "next": 20},
    "gtzan": {"gridsearch": 60, "next": 20},
    "digits-rbf": {"liquidsvm": 2},
    "synthetic-rbf": {"liquidsvm": 2},
    "gtzan-rbf": {"liquidsvm": 2},
    "4000x150": {"liquidsvm": 2},
    "10000x50": {"liquidsvm": 2},
}
PART = {"smo-fast": 1.0, "smo": 0.6}


@dataclass
class Record:
    """What one peer did on one set: one entry per round, or why there is none."""

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    peak_megabytes: float | None = None
    best_accuracy: float | None = None
    note: str = ""
    skipped: str = ""
    predicted: npt.NDArray[np.int16] | None = None

    def add(self, answer: dict[str, Any], predicted: npt.NDArray[np.int16] | None) -> None:
        """Take over the answer of a round."""
        if "skipped" in answer:
            self.skipped = answer["skipped"]
            return
        self.seconds.append(answer["seconds"])
        self.cpu_seconds.append(answer["cpu_seconds"])
        if answer["peak_megabytes"] is not None:
            self.peak_megabytes = max(self.peak_megabytes or 0.0, answer["peak_megabytes"])
        self.best_accuracy, self.note, self.predicted = answer["best_accuracy"], answer["note"], predicted


def ratios(targets: dict[str, float], records: dict[str, Record]) -> list[dict[str, Any]]:
    """Return how many times faster each of fastgrid's solvers was: the median of the rounds' ratios."""
    rows = []
    for solver in SOLVERS:
        own = records.get(solver, Record()).seconds
        others = {peer: record.seconds for peer, record in records.items() if peer not in SOLVERS}
        next_ones = [others[peer] for peer in NEXT if others.get(peer)]
        if next_ones:
            others["next"] = [min(times) for times in zip(*next_ones, strict=False)]
        for peer, times in others.items():
            if own and times:
                ratio = statistics.median(slow / fast for fast, slow in zip(own, times, strict=False))
                target = targets.get(peer)
                wanted = None if target is None else target * PART[solver]
                reached = None if wanted is None else ratio >= wanted
                rows.append({"solver": solver, "over": peer, "ratio": ratio, "target": wanted, "reached": reached})
    return rows


def summary(work: Work, records: dict[str, Record], targets: dict[str, float]) -> dict[str, Any]:
    """Return all that is known of a set, as goes into the JSON file; `targets` is an entry of `TARGETS`."""
    reference = next((peer for peer in REFERENCES if peer in records and records[peer].predicted is not None), None)
    peers = {}
    for peer, record in records.items():
        figures: dict[str, Any] = {"skipped": record.skipped} if record.skipped else {}
        if record.seconds:
            figures |= {
                "seconds": record.seconds,
                "cpu_seconds": record.cpu_seconds,
                "peak_megabytes": record.peak_megabytes,
                "best_accuracy": record.best_accuracy,
                "note": record.note,
            }
        if reference is not None and record.predicted is not None:
            figures["differing"] = int(np.count_nonzero(record.predicted != records[reference].predicted))
        peers[peer] = figures
    return {
        "name": work.name,
        "rows": len(work.labels),
        "dimensions": work.features.shape[1],
        "classes": work.n_classes,
        "folds": work.n_folds,
        "cells": len(work.grid.cells()),
        "scaling": work.scaling,
        "reference": reference,
        "predictions": len(work.grid.cells()) * len(work.labels),
        "peers": peers,
        "ratios": ratios(targets, records),
    }


def print_summary(found: dict[str, Any]) -> None:
    print(
        f"\n{found['name']}: {found['rows']} x {found['dimensions']} scaled {found['scaling']}, "
        f"{found['classes']} classes, {found['cells']} cells x {found['folds']} folds"
    )
    print(f"  {'':12}{'median s':>9}{'best s':>9}{'CPU s':>9}{'peak MB':>9}{'accuracy':>9}{'differ':>9}")
    for peer, figures in found["peers"].items():
        if "seconds" in figures:
            print(f"  {peer:12}{_columns(figures)}  {figures['note']}".rstrip())
        if "skipped" in figures:
            print(f"  {peer:12} skipped: {figures['skipped']}")
    if found["reference"]:
        print(f"  differ: of {found['predictions']} predictions, from those of {found['reference']}")
    for row in found["ratios"]:
        word = "" if row["target"] is None else f"   to reach {row['target']:g}: {'yes' if row['reached'] else 'NO'}"
        print(f"  {row['solver']:8} {row['ratio']:8.2f} times {row['over']}{word}")


def _columns(figures: dict[str, Any]) -> str:
    peak, accuracy = figures["peak_megabytes"], figures["best_accuracy"]
    return (
        f"{statistics.median(figures['seconds']):9.2f}{min(figures['seconds']):9.2f}"
        f"{statistics.median(figures['cpu_seconds']):9.2f}"
        + (f"{'':>9}" if peak is None else f"{peak:9.0f}")
        + (f"{'':>9}" if accuracy is None else f"{accuracy:9.4f}")
        + (f"{figures['differing']:9}" if "differing" in figures else f"{'':>9}")
    )
