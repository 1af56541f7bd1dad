"""C-SVC solvers behind one interface: a Gram matrix and per-class costs in, one-vs-one solutions out."""

from fastgrid.solvers.interface import OneVsOneSolution, Solver, get_solver
from fastgrid.solvers.one_vs_one import decision_values, pairs, vote

__all__ = ["OneVsOneSolution", "Solver", "decision_values", "get_solver", "pairs", "vote"]
