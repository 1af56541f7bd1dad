"""C-SVC solvers behind one interface: a Gram matrix and per-class costs in, one-vs-one solutions out."""

from fastgrid.solvers.interface import (
    SOLVERS,
    ClassOrderedGram,
    OneVsOnePath,
    OneVsOneSolution,
    Solver,
    Stopping,
    get_solver,
)
from fastgrid.solvers.one_vs_one import decision_values, one_vs_rest, pairs, path_votes, vote

__all__ = [
    "SOLVERS",
    "ClassOrderedGram",
    "OneVsOnePath",
    "OneVsOneSolution",
    "Solver",
    "Stopping",
    "decision_values",
    "get_solver",
    "one_vs_rest",
    "pairs",
    "path_votes",
    "vote",
]
