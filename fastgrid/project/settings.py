"""How a training is run: workers, solver, how much is written."""

from __future__ import annotations

import functools
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError
from fastgrid.common.fanout import BACKENDS, Pool, available_cores
from fastgrid.common.stopwatch import phase
from fastgrid.evaluation.choosing import RULES
from fastgrid.project.schema import Project
from fastgrid.solvers import SOLVERS, Stopping

#: The variable of Gaia's training scripts.
PROCESSES_VARIABLE = "GAIA_NUM_TRAINING_PROCESSES"

RESULTS = ("all", "best")

#: More workers than this only wait for each other, and each takes memory.
MOST_PER_CORE = 8

#: How often Gaia multiplies the tolerance by ten.
RELAXATIONS = 4


@dataclass(frozen=True)
class RunSettings:
    """How a training is run; nothing of it but `solver` and `relax_tolerance` changes a prediction.

    Attributes
    ----------
    jobs : int, optional
        Number of workers. By default GAIA_NUM_TRAINING_PROCESSES, then the project's numberProcesses, then all cores.
    backend : {"processes", "threads"}
    solver : {"smo", "smo-fast", "libsvm"}
        LIBSVM's iterates by our own solver; as close to the optimum by a shorter way; or LIBSVM itself. For the final
        model too.
    cluster_mode : bool
        Every task in a fresh Python process.
    strict : bool
        A descriptor file that is left out is an error.
    results : {"all", "best"}
        Which .result files are written.
    memory_limit : int, optional
        Bytes that the processes of the sweep may take together; half of what is available by default. Where it is
        little, fewer work at a time, and in ways that take longer (docs/engine.md). With a scheduler, bytes that each
        of its workers may take.
    relax_tolerance : bool
        Where a solver's run comes to the cap of iterations, multiply its tolerance by ten and go on, at most four
        times, as Gaia does, instead of giving it up.
    select : {"accuracy", "normalized_accuracy", "one-standard-error"}, optional
        By which rule the best combination is selected (docs/honest-numbers.md). By default that of the training whose
        results these are; "accuracy" for a new one.
    nested : bool
        Check the corrected accuracy by nested cross-validation, which takes some times longer.
    dry_run : bool
        Stop with `fastgrid.common.errors.DryRunDone`, which holds the plan, where solving would begin. The project
        file, the matrices and what is read of descriptor files are written until then.
    scheduler : str, optional
        Address of a Dask scheduler, ``tcp://host:port``, whose workers do the sweep (docs/cluster.md). `jobs` and
        `backend` are this machine's workers then, which read files.
    scheduler_file : str or Path, optional
        The file that holds that address, instead: what ``dask scheduler --scheduler-file`` writes.
    full_layout : bool
        Write histories with all descriptors of the training files in their first layout, as Gaia does, instead of those
        that the model uses (docs/from-gaia.md).
    command : str
        The command line that asked for this, for the report to show.

    Raises
    ------
    UserError
        When a value is not one of these.
    """

    jobs: int | None = None
    backend: str = "processes"
    solver: str = "smo"
    cluster_mode: bool = False
    strict: bool = False
    results: str = "all"
    memory_limit: int | None = None
    relax_tolerance: bool = False
    select: str | None = None
    nested: bool = False
    dry_run: bool = False
    scheduler: str | None = None
    scheduler_file: str | Path | None = None
    full_layout: bool = False
    command: str = ""

    def __post_init__(self) -> None:
        for name, allowed in (
            ("backend", tuple(BACKENDS)),
            ("solver", SOLVERS),
            ("results", RESULTS),
            ("select", RULES),
        ):
            if getattr(self, name) not in (*allowed, *((None,) if name == "select" else ())):
                raise UserError(f"{name} {getattr(self, name)!r} is not one of {', '.join(allowed)}")
        for name, of_what in (("jobs", "workers"), ("memory_limit", "bytes")):
            number = getattr(self, name)
            if number is not None and (not isinstance(number, int) or number < 1):
                raise UserError(f"{name} {number!r} is not a number of {of_what}: a whole number above 0")

        if self.scheduler is not None and self.scheduler_file is not None:
            raise UserError("scheduler and scheduler_file both say where the scheduler is; give one of them")

    @property
    def uses_cluster(self) -> bool:
        """Whether the workers of a Dask scheduler do the sweep."""
        return self.scheduler is not None or self.scheduler_file is not None

    @property
    def stopping(self) -> Stopping:
        """When a solver's run is done: LIBSVM's tolerance, Gaia's cap of iterations."""
        return Stopping(relaxations=RELAXATIONS if self.relax_tolerance else 0)


def number_of_jobs(settings: RunSettings, project: Project | None = None) -> int:
    """Return the number of workers: asked for, else of the environment, else of the project, else all cores.

    Raises
    ------
    UserError
        When the environment's is neither "all" nor a whole number above 0.
    """
    if settings.jobs is not None:
        return settings.jobs
    text = os.environ.get(PROCESSES_VARIABLE, "").strip()
    if text and text != "all":
        if not text.isdecimal() or int(text) < 1:
            raise UserError(f"{PROCESSES_VARIABLE}: '{text}' is neither a whole number above 0 nor 'all'")
        return int(text)
    wanted = None if text or project is None else project.number_processes
    return wanted if isinstance(wanted, int) and wanted > 0 else available_cores()


def workers_that_help(jobs: int, console: Console) -> int:
    """Return `jobs`, or, with a warning, as many as have something to do on this machine."""
    cores = available_cores()
    most = MOST_PER_CORE * cores
    if jobs <= most:
        return jobs
    console.warn(f"{jobs} workers are more than {cores} cores can serve; {most} are started")
    return most


@contextmanager
def running(settings: RunSettings, console: Console, project: Project | None = None) -> Iterator[Pool]:
    """Yield the pool of a run, started and warming up, with one progress display over the whole block."""
    jobs = workers_that_help(number_of_jobs(settings, project), console)
    with _pool(jobs, settings, console) as pool, console.progress():
        with phase("start"):
            pool.start(functools.partial(load_engine, settings.solver))
        yield pool


def _pool(jobs: int, settings: RunSettings, console: Console) -> Pool:
    if not settings.uses_cluster:
        return Pool(jobs, settings.backend)
    from fastgrid.common.cluster import Cluster, ClusterPool
    from fastgrid.sweep.kept import forget_all_kept
    from fastgrid.sweep.versions import versions

    file = None if settings.scheduler_file is None else Path(settings.scheduler_file)
    with phase("start"):
        cluster = Cluster(
            settings.scheduler, file, identify=versions, release=forget_all_kept, say=console.warn, note=console.note
        )
    return ClusterPool(jobs, settings.backend, cluster)


def load_engine(solver: str) -> None:
    """Import what workers need and solve a tiny problem, so that their first task waits for no machine code.

    For worker processes only, of which two things are known that make their start a third shorter: no kernel uses
    the BLAS for which numba imports scipy, and of what they load nothing becomes garbage.
    """
    gc.disable()
    with _hidden("scipy"):
        from fastgrid.sweep.rehearsal import rehearse

        rehearse("smo")
    if solver != "smo":
        rehearse(solver)
    gc.freeze()
    gc.enable()


@contextmanager
def _hidden(module: str) -> Iterator[None]:
    # Inside the block `module` cannot be imported, unless it was before.
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]
