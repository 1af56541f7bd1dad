"""The slow and obvious ways to match patterns, clean, scale and gaussianize: the oracle of the fast ones."""

import math
from statistics import NormalDist

import numpy as np


def naive_wildcard(pattern, text):
    """Whether `pattern` matches the whole of `text`, by trying every way."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(naive_wildcard(pattern[1:], text[skip:]) for skip in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and naive_wildcard(pattern[1:], text[1:])


def naive_parent(pattern, name):
    """The part of `name` before the match, or None; the first place where any beginning of the rest fits decides."""
    if pattern[:1] in (".", "*"):
        return "" if naive_wildcard(pattern, name) else None
    for start in range(len(name)):
        rest = name[start:]
        if any(naive_wildcard("." + pattern, rest[:stop]) for stop in range(len(rest) + 1)):
            return name[:start] if naive_wildcard("." + pattern, rest) else None
    return None


def naive_match(pattern, names):
    """The matching names, or None when the pattern is ambiguous."""
    if not pattern:
        return ()
    parents = {name: naive_parent(pattern, name) for name in names}
    matched = tuple(name for name in names if parents[name] is not None)
    return matched if len({parents[name] for name in matched}) < 2 else None


def naive_dropped(values, owner):
    """Whether the cleaner drops each descriptor."""
    dropped = []
    for descriptor in range(max(owner, default=-1) + 1):
        block = values[:, [d for d in range(len(owner)) if owner[d] == descriptor]]
        still = [np.float32(max(column) - min(column)) < np.float32(1e-7) for column in block.T if len(column)]
        dropped.append(not all(math.isfinite(x) for x in block.ravel()) or all(still))
    return dropped


def naive_scaling(values, owner, enumerated):
    """(column, a, b) of each dimension that is used."""
    dropped = naive_dropped(values, owner)
    used = []
    for d in range(values.shape[1]):
        if enumerated[d]:
            used.append((d, np.float32(1), np.float32(0)))
        elif not dropped[owner[d]]:
            lowest, highest = min(values[:, d]), max(values[:, d])
            extent = np.float32(highest - lowest)
            scale = np.float32(1) / extent if extent > 0 else np.float32(np.inf)
            if np.isfinite(scale):
                used.append((d, scale, np.float32(-lowest * scale) + np.float32(0)))
    return used


def naive_normalize(block):
    """Default mode over all dimensions of one descriptor; None when it cannot be scaled."""
    values = [np.float32(x) for x in block.ravel()]
    lowest, highest = min(values), max(values)
    if highest == lowest:
        return None
    extent = np.float32(highest - lowest)
    scale, offset = np.float32(1) / extent, np.float32(-lowest / extent) + np.float32(0)
    return np.array([np.float32(np.float32(x * scale) + offset) for x in values]).reshape(block.shape)


def naive_rank(x, ascending):
    """Gaia's bisection, step by step."""
    n = len(ascending)
    if x < ascending[0]:
        rank = 0
    elif x > ascending[-1]:
        rank = n
    else:
        low, high = 0, n - 1
        while high - low > 1:
            middle = (low + high) // 2
            if x < ascending[middle]:
                high = middle
            else:
                low = middle
        rank = high
    tail = int(0.00001 * n)
    rank = min(max(rank, tail), n - tail)
    if rank == 0:
        rank = 1
    if rank == n:
        rank = n - 1
    return rank


def naive_gaussianize(fitted, values):
    """One dimension, value by value, with the normal distribution of the standard library."""
    ascending = sorted(fitted[:: -(-len(fitted) // 10_000)])
    result = []
    for x in values:
        share = float(np.float32(naive_rank(x, ascending)) / np.float32(len(ascending)))
        result.append(np.float32(NormalDist().inv_cdf(share) / math.sqrt(2)))
    return np.array(result, dtype=np.float32)
