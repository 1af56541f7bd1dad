"""How a sweep is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fastgrid.solvers import Stopping
from fastgrid.sweep.shares import Shard

Progress = Callable[[int, int], None]
Resumed = Callable[[int, int, int], None]


@dataclass(frozen=True)
class SweepOptions:
    """How a sweep is run; nothing of it but `solver` and `stopping` touches the predictions.

    Attributes
    ----------
    solver : str
    stopping : Stopping
    isolated : bool
        Every batch in a fresh Python process (cluster mode).
    journal : Path, optional
        Directory of finished tasks: read first, added to as tasks finish.
    progress : callable, optional
        Called with (problems done, problems in all).
    resumed : callable, optional
        Called once with (problems found in the journal, problems in all, damaged files that were removed from it).
    shard : Shard, optional
        Solve only this share of the tasks; the others have no prediction (-1), and are no failures.
    memory_limit : int, optional
        Bytes that all processes together may take; by default half of what is available when the sweep begins. Where
        the matrices of all workers do not fit, fewer work at a time; where those of one do not, they are made for a
        pair of classes at a time, and then row by row, which takes longer (`fastgrid.sweep.memory`).
    """

    solver: str = "smo"
    stopping: Stopping = field(default_factory=Stopping)
    isolated: bool = False
    journal: Path | None = None
    progress: Progress | None = None
    resumed: Resumed | None = None
    shard: Shard | None = None
    memory_limit: int | None = None
