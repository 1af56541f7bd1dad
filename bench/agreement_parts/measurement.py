"""What is compared on one Gram matrix, and the figures that come of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from agreement_parts.comparison import differing, dual_objectives, pair_gram, pair_path
from agreement_parts.problems import GramProblem, Matrices
from agreement_parts.svc import fit_svc
from fastgrid.solvers import OneVsOnePath, Stopping, get_solver, pairs, path_votes

#: The tolerance that is judged, LIBSVM's default, and the one of the reference.
USUAL, TIGHT = 1e-3, 1e-6
#: Pair problems per Gram matrix on which the reference itself is compared with SVC: 360 on the 45 matrices of a set.
N_CHECKED = 8

Predictions = npt.NDArray[np.int16]
Solved = tuple[OneVsOnePath, Predictions]


class Measurement:
    """Everything about one Gram matrix; what several figures need is solved once."""

    def __init__(self, problem: GramProblem, maximum_iterations: int) -> None:
        self.problem = problem
        self.maximum_iterations = maximum_iterations
        self.seconds: dict[str, float] = {}

    @cached_property
    def matrices(self) -> Matrices:
        return self.problem.build()

    @cached_property
    def svc(self) -> Solved:
        """SVC at the usual tolerance, with its own predictions."""
        with self._timed("svc"):
            given = self.matrices
            return fit_svc(given.gram, self.problem.costs, self._stopping(USUAL), given.between)

    @cached_property
    def reference(self) -> Solved:
        """SVC at the tight tolerance, that is, `smo`, which gives the same bit for bit; see `check_reference`."""
        return self._solve("smo", TIGHT, "reference")

    def _solve(self, solver: str, tol: float, name: str) -> Solved:
        given = self.matrices
        with self._timed(name):
            path = get_solver(solver).solve_path(given.gram, self.problem.costs, self._stopping(tol))
            return path, path_votes(given.between, given.gram.class_starts, path)

    def _stopping(self, tol: float) -> Stopping:
        return Stopping(tol, self.maximum_iterations)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 4)

    def record(self, solver: str) -> dict[str, Any]:
        """Return all figures of a solver on this Gram matrix."""
        problem = self.problem
        names = dict(zip(("set", "kernel", "gamma", "fold"), problem.key, strict=True))
        figures = self.of_smo() if solver == "smo" else self.of_another(solver)
        return {
            **names,
            "solver": solver,
            "digest": problem.digest(),
            "maximum_iterations": self.maximum_iterations,
            **figures,
            "seconds": dict(self.seconds),
        }

    def of_smo(self) -> dict[str, Any]:
        """Compare `smo` with SVC at the usual tolerance; then SVC with the reference, and the reference with SVC."""
        path, predicted = self._solve("smo", USUAL, "smo")
        svc, expected = self.svc
        flags = differing(path, svc, self.matrices.gram.class_starts)
        same = {
            "pair_problems": path.bias.size,
            "predictions": self._n_predictions(np.ones(len(path.bias), dtype=np.bool_)),
            **{f"other_{name}": int(differ.sum()) for name, differ in flags.items()},
            "other_predictions": self._n_differing(predicted, expected),
            "at_cap": int((~svc.converged).sum()),
            "svc_iterations": int(svc.iterations.sum()),
        }
        return {"against_svc": same, "check": self.check_reference(), "against_reference": self._distance(*self.svc)}

    def of_another(self, solver: str) -> dict[str, Any]:
        """Compare another solver at the usual tolerance with the reference."""
        path, predicted = self._solve(solver, USUAL, solver)
        return {"against_reference": self._distance(path, predicted)}

    def _distance(self, path: OneVsOnePath, predicted: Predictions) -> dict[str, Any]:
        # A reference that hit the cap is no optimum: its pair problem is left out of the objectives, and the cost
        # vector it belongs to out of the predictions. Solutions that are judged stay, converged or not.
        reference, expected = self.reference
        good = reference.converged.all(axis=1)
        optimum = dual_objectives(self.matrices.gram, reference)
        relative = np.abs(dual_objectives(self.matrices.gram, path) - optimum) / np.abs(optimum)
        return {
            "predictions": self._n_predictions(good),
            "other_predictions": self._n_differing(predicted, expected, good),
            "predictions_left_out": self._n_predictions(~good),
            "other_left_out": self._n_differing(predicted, expected, ~good),
            "objective": float(relative[reference.converged].max(initial=0.0)),
            "pair_problems_left_out": int((~reference.converged).sum()),
            "at_cap": int((~path.converged).sum()),
            "reference_iterations": int(reference.iterations.sum()),
        }

    def _n_predictions(self, chosen: npt.NDArray[np.bool_]) -> int:
        return int(self.problem.n_answered[chosen].sum()) * len(self.matrices.between)

    def _n_differing(
        self, left: Predictions, right: Predictions, chosen: npt.NDArray[np.bool_] | slice = slice(None)
    ) -> int:
        # Each problem counts for all combinations that it answers.
        return int(((left != right).sum(axis=1) * self.problem.n_answered)[chosen].sum())

    def check_reference(self) -> dict[str, int]:
        """Compare the reference with SVC at the tight tolerance, on some pair problems, always the same ones."""
        reference = self.reference[0]
        gram, costs = self.matrices.gram, self.problem.costs
        drawn = np.random.default_rng(int(self.problem.digest(), 16)).permutation(reference.bias.size)[:N_CHECKED]
        nothing = np.empty((0, 0))
        n_differing = n_at_cap = 0
        with self._timed("check"):
            for row, pair in zip(*np.unravel_index(drawn, reference.bias.shape), strict=True):
                classes = pairs(gram.n_classes)[pair]
                own = pair_gram(gram, *classes)
                found, _ = fit_svc(own, costs[row : row + 1, classes], self._stopping(TIGHT), nothing)
                ours = pair_path(reference, row, pair, gram.class_starts)
                flags = differing(ours, found, own.class_starts)
                n_differing += int(any(differ.any() for differ in flags.values()))
                n_at_cap += int((~found.converged).sum())
        return {"pair_problems": len(drawn), "other": n_differing, "at_cap": n_at_cap}
