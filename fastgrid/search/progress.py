"""How far a search has come: shown where ``verbose`` asks for it, told to scikit-learn's callbacks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from fastgrid.common.console import Console
from fastgrid.search.data import Data

#: Steps that callbacks are told of: a sweep comes in pieces of any size.
STEPS = 100


class Tasks:
    """The tasks of a fit, for callbacks: "cross-validation" in `STEPS` equal steps, then the refit.

    Without a context (scikit-learn before 1.9) it does nothing.

    Parameters
    ----------
    search : GridSearchSVC
    data : Data
    refit : bool
    """

    def __init__(self, search: Any, data: Data, *, refit: bool) -> None:
        self._search = search
        self._given = {"X": data.X, "y": data.y}
        if data.weights is not None:
            self._given["metadata"] = {"sample_weight": data.weights}
        begin = getattr(search, "_init_callback_context", None)
        self._root = None if begin is None else begin(max_subtasks=1 + refit)

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """Tell of the whole fit."""
        with self._task(self._root):
            yield

    @contextlib.contextmanager
    def cross_validation(self) -> Iterator[Callable[[float], None]]:
        """Tell of the cross-validation; what is yielded is called with the share that is done."""
        if self._root is None:
            yield lambda share: None
            return
        task, told = self._root.subcontext("cross-validation", max_subtasks=STEPS), 0

        def tell(share: float) -> None:
            nonlocal told
            while told < round(share * STEPS):
                told += 1
                with self._task(task.subcontext("step")):
                    pass

        with self._task(task):
            yield tell
            tell(1.0)

    @contextlib.contextmanager
    def refit(self) -> Iterator[None]:
        """Tell of the fit on all data."""
        with self._task(None if self._root is None else self._root.subcontext("refit-with-best-params")):
            yield

    @contextlib.contextmanager
    def _task(self, context: Any) -> Iterator[None]:
        if context is not None:
            context.call_on_fit_task_begin(estimator=self._search, **self._given)
        yield
        if context is not None:
            context.call_on_fit_task_end(estimator=self._search, **self._given)


@contextlib.contextmanager
def shown(verbose: int, then: Callable[[float], None]) -> Iterator[Callable[[float], None]]:
    """Show a bar, or lines where there is no terminal, where `verbose` is above 0, and hand shares on to `then`."""
    console = Console(quiet=not verbose)

    def tell(share: float) -> None:
        console.expect("searching", 1000)
        console.advance("searching", round(1000 * share))
        then(share)

    with console.progress():
        yield tell
