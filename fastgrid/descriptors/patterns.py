"""Descriptor patterns: which names of a layout a project's ``lowlevel.*`` or ``*dmean*`` stands for.

The rules are Gaia 2.4.6 behaviour. ``*`` stands for any characters, dots included, ``?`` for exactly one;
everything else, brackets too, stands for itself; case matters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from fastgrid.common.errors import UserError, one_line

EVERYTHING = "*"


class AmbiguousPatternError(UserError):
    """A pattern that fits below several nodes of the layout, so that it cannot be told which is meant."""


@dataclass(frozen=True)
class Expansion:
    """What a list of patterns stands for.

    Attributes
    ----------
    names : tuple of str
        The names that some pattern matches and no exception does, in the order of their first match.
    unmatched : tuple of str
        The patterns and exceptions that match no name at all; ``*`` is never among them.
    """

    names: tuple[str, ...]
    unmatched: tuple[str, ...]


def match(pattern: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names that `pattern` stands for.

    A pattern that begins with ``.`` or ``*`` must match the whole name. Any other one may begin at any node
    of the name, must reach its end, and must do so below the same parent in all names. Only the first node of
    a name at which the pattern fits at all is considered: ``mean`` does not match ``.a.mean_x.mean``.

    Parameters
    ----------
    pattern : str
        For instance ``lowlevel.mfcc*``. The empty pattern matches nothing.
    names : sequence of str
        Full names with their leading dot.

    Returns
    -------
    tuple of str
        The matching names, in the order of `names`; empty when there are none.

    Raises
    ------
    AmbiguousPatternError
        When the pattern matches below different parents.

    Examples
    --------
    >>> match("mfcc.*", [".lowlevel.mfcc.cov", ".lowlevel.mfcc.mean", ".rhythm.bpm"])
    ('.lowlevel.mfcc.cov', '.lowlevel.mfcc.mean')
    """
    if not pattern:
        return ()
    if pattern.startswith((".", EVERYTHING)):
        fits_whole = _whole(pattern)
        return tuple(name for name in names if fits_whole(name))
    parent_of = _parent_finder("." + pattern)
    parents = {name: parent for name in names if (parent := parent_of(name)) is not None}
    distinct = sorted(set(parents.values()))
    if len(distinct) > 1:
        shown = ", ".join(repr(parent) for parent in distinct[:3]) + (", ..." if len(distinct) > 3 else "")
        raise AmbiguousPatternError(
            f"descriptor pattern {one_line(repr(pattern), 80)} is ambiguous: it matches below "
            f"{one_line(shown)}; write more of the name, or begin it with '*' to mean all of them"
        )
    return tuple(name for name in names if name in parents)


def expand(patterns: Iterable[str], names: Sequence[str], except_: Iterable[str] = ()) -> Expansion:
    """Return the union of what `patterns` match, less what the patterns in `except_` match.

    Parameters
    ----------
    patterns : iterable of str
        See `match`.
    names : sequence of str
        Full names with their leading dot.
    except_ : iterable of str, optional
        Patterns of names to leave out of the union.

    Returns
    -------
    Expansion
        The names in the order of their first match, and the patterns without a match.

    Raises
    ------
    AmbiguousPatternError
        When one of the patterns is ambiguous.

    Examples
    --------
    >>> expand(["*.mean", "tonal.*"], [".a.mean", ".a.var"], except_=["a.var"])
    Expansion(names=('.a.mean',), unmatched=('tonal.*',))
    """
    unmatched: dict[str, None] = {}
    chosen = _union(patterns, names, unmatched)
    excluded = _union(except_, names, unmatched)
    return Expansion(tuple(name for name in chosen if name not in excluded), tuple(unmatched))


def _union(patterns: Iterable[str], names: Sequence[str], unmatched: dict[str, None]) -> dict[str, None]:
    found: dict[str, None] = {}
    for pattern in patterns:
        matched = match(pattern, names)
        if not matched and pattern != EVERYTHING:
            unmatched[pattern] = None
        found.update(dict.fromkeys(matched))
    return found


def _parent_finder(pattern: str) -> Callable[[str], str | None]:
    """Return a function that gives the part of a name before the match, or None where there is no match."""
    fits_somewhere = re.compile(_beginning(_pieces(pattern)), re.DOTALL).search
    fits_whole = _whole(pattern)

    def parent(name: str) -> str | None:
        found = fits_somewhere(name)
        if found is None or not fits_whole(name[found.start() :]):
            return None
        return name[: found.start()]

    return parent


def _whole(pattern: str) -> Callable[[str], object]:
    *before, last = _pieces(pattern)
    if not before:
        return re.compile(last, re.DOTALL).fullmatch
    return re.compile(f"{_beginning(before)}.*{last}", re.DOTALL).fullmatch


def _pieces(pattern: str) -> list[str]:
    """Return the regular expressions of the parts between the stars."""
    return [re.escape(piece).replace(re.escape("?"), ".") for piece in pattern.split(EVERYTHING)]


def _beginning(pieces: Sequence[str]) -> str:
    # The earliest place for each piece is as good as any later one, so nothing found needs to be given up
    # again: atomic groups keep a pattern of many stars from taking exponential time.
    return pieces[0] + "".join(f"(?>.*?{piece})" for piece in pieces[1:])
