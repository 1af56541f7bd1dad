"""What a process keeps from task to task of a sweep."""

from __future__ import annotations

from fastgrid.kernels import kept_scratch, release_all_scratch
from fastgrid.sweep.fold_base import forget_products


def forget_kept() -> None:
    """Release what this process, and this thread of it, keeps for other tasks: inner products, memory to work in."""
    forget_products()
    kept_scratch().release()


def forget_all_kept() -> None:
    """Release what this process keeps for other tasks, in all of its threads."""
    forget_products()
    release_all_scratch()
