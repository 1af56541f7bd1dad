"""Axes with round ends, and where values lie on them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

# About so many ticks are wanted.
_TICKS = 6
# Percentages that differ by less than this are not drawn as if they were far apart.
_NARROWEST = 5.0


@dataclass(frozen=True)
class Axis:
    """A scale of percentages.

    Attributes
    ----------
    low, high : float
        Its ends, both ticks.
    step : float
        From tick to tick.
    """

    low: float
    high: float
    step: float

    @property
    def ticks(self) -> tuple[float, ...]:
        """The values that are marked."""
        count = round((self.high - self.low) / self.step)
        return tuple(round(self.low + self.step * i, 10) for i in range(count + 1))

    def share(self, value: float) -> float:
        """Return where `value` lies, 0 at the low end to 1 at the high one; what lies beyond is put at the end."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


def axis_of(values: Iterable[float]) -> Axis:
    """Return the shortest axis with round ends that holds all of `values`, within 0 to 100 percent.

    Parameters
    ----------
    values : iterable of float
        Percentages; where there are none the axis is 0 to 100.

    Examples
    --------
    >>> axis_of([62.5, 88.9]).ticks
    (60.0, 65.0, 70.0, 75.0, 80.0, 85.0, 90.0)
    >>> axis_of([90.0]).ticks
    (87.0, 88.0, 89.0, 90.0, 91.0, 92.0, 93.0)
    """
    given = list(values) or [0.0, 100.0]
    lowest, highest = min(given), max(given)
    margin = max(_NARROWEST - (highest - lowest), 0.0) / 2
    lowest, highest = max(lowest - margin, 0.0), min(highest + margin, 100.0)
    step = _round_step((highest - lowest) / _TICKS)
    return Axis(math.floor(lowest / step) * step, math.ceil(highest / step) * step, step)


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is `least` or more."""
    power = 10.0 ** math.floor(math.log10(least))
    return next((factor * power for factor in (1.0, 2.0, 5.0) if factor * power >= least * (1 - 1e-9)), 10.0 * power)
