"""Numbers on lines under each other, on one axis: how far the winner can be believed, and how the folds scatter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastgrid.report.axes import Axis, axis_of
from fastgrid.report.content import Estimate, Interval, ReportContent
from fastgrid.report.wording import interval_text, is_repeat, parameters_text, percent, place

# Percent of the width that is kept free at both ends, so that nothing is cut off there.
_MARGIN = 3.0
# Dots that would cover each other are put above and below the line, in steps of so many pixels.
_RAISE = 7
_MOST_RAISES = 2
# Dots nearer than this, in percent of the width, cover each other.
_DOT = 1.5


@dataclass(frozen=True)
class Dot:
    """A value on a strip.

    Attributes
    ----------
    x : float
        In percent of the width.
    y : int
        Pixels below the line.
    hover : str
    """

    x: float
    y: int
    hover: str


@dataclass(frozen=True)
class Strip:
    """One line of a plot.

    Attributes
    ----------
    label, detail : str
        What it shows, and the numbers in words.
    kind : str
        ``baseline``, ``measured``, ``corrected`` or ``folds``: how it is drawn.
    centre : float or None
        Where its value lies, in percent of the width.
    span : tuple of two float, or None
        Where its interval lies.
    dots : tuple of Dot
        Single values.
    """

    label: str
    detail: str
    kind: str
    centre: float | None = None
    span: tuple[float, float] | None = None
    dots: tuple[Dot, ...] = ()


@dataclass(frozen=True)
class Strips:
    """Strips under each other.

    Attributes
    ----------
    ticks : tuple of (float, str)
        Where the ticks of their axis are, in percent of the width, and what they say.
    strips : tuple of Strip
    """

    ticks: tuple[tuple[float, str], ...]
    strips: tuple[Strip, ...]


def trust_strips(content: ReportContent) -> Strips | None:
    """Return the winner's accuracy as it was measured and corrected, beside the baseline.

    Returns
    -------
    Strips or None
        None where there is no winner, or nothing to put beside its accuracy.
    """
    scores = content.standings[content.winner].row.scores if content.winner is not None else None
    if scores is None:
        return None
    given = content.estimates
    rows: list[tuple[str, str, Estimate]] = []
    if given.majority_accuracy is not None:
        rows.append(("Always the largest class", "baseline", Estimate(given.majority_accuracy)))
    rows.append(("The winner as measured", "measured", Estimate(scores.accuracy)))
    if given.corrected_accuracy is not None:
        rows.append(("Corrected for the choice", "corrected", given.corrected_accuracy))
    if given.nested_accuracy is not None:
        rows.append(("Nested cross-validation", "corrected", given.nested_accuracy))
    if len(rows) == 1:
        return None
    axis = axis_of(value for _, _, estimate in rows for value in (estimate.value, *_ends(estimate.interval)))
    strips = [
        Strip(
            label,
            _estimate_text(estimate),
            kind,
            centre=_x(axis, estimate.value),
            span=_span(axis, estimate.interval),
        )
        for label, kind, estimate in rows
    ]
    return Strips(_ticks(axis), tuple(strips))


def fold_strips(content: ReportContent, *, normalized: bool, most: int) -> Strips | None:
    """Return the accuracies of the folds, of the winner and the leading combinations that have them; no repeats.

    Parameters
    ----------
    content : ReportContent
    normalized : bool
        Whether normalized accuracy is shown.
    most : int
        How many combinations are shown at most.

    Returns
    -------
    Strips or None
        None where there are none.
    """
    name = "fold_normalized_accuracies" if normalized else "fold_accuracies"
    winner = None if content.winner is None else content.standings[content.winner]
    leading = [one for one in content.standings if getattr(one, name) and (one is winner or not is_repeat(one))]
    leading.sort(key=lambda one: one is not winner)
    leading = leading[:most]
    if not leading:
        return None
    axis = axis_of(value for standing in leading for value in getattr(standing, name))
    with_folds = len(content.data.evaluations) > 1
    strips = []
    for standing in leading:
        values = getattr(standing, name)
        mean = sum(values) / len(values)
        strips.append(
            Strip(
                f"{place(standing)}. {parameters_text(standing, with_folds=with_folds)}".replace(
                    " = ", "\u00a0=\u00a0"
                ),
                f"mean {percent(mean, 1)} %, from {percent(min(values), 1)} to {percent(max(values), 1)} %",
                "folds",
                centre=_x(axis, mean),
                dots=_dots(axis, values),
            )
        )
    return Strips(_ticks(axis), tuple(strips))


def _dots(axis: Axis, values: Sequence[float]) -> tuple[Dot, ...]:
    taken: Counter[int] = Counter()
    dots = []
    for number, value in enumerate(values, start=1):
        x = _x(axis, value)
        before = taken[round(x / _DOT)]
        taken[round(x / _DOT)] += 1
        # 0, +1, -1, +2, -2 ... steps, and then on those that are there.
        step = (before + 1) // 2 if before % 2 else -(before // 2)
        y = _RAISE * max(min(step, _MOST_RAISES), -_MOST_RAISES)
        dots.append(Dot(x, y, f"fold {number}: {percent(value)} %"))
    return tuple(dots)


def _x(axis: Axis, value: float) -> float:
    return round(_MARGIN + (100.0 - 2 * _MARGIN) * axis.share(value), 2)


def _ends(interval: Interval | None) -> Iterable[float]:
    return () if interval is None else (interval.low, interval.high)


def _span(axis: Axis, interval: Interval | None) -> tuple[float, float] | None:
    return None if interval is None else (_x(axis, interval.low), _x(axis, interval.high))


def _ticks(axis: Axis) -> tuple[tuple[float, str], ...]:
    return tuple((_x(axis, tick), f"{tick:g}") for tick in axis.ticks)


def _estimate_text(estimate: Estimate) -> str:
    text = f"{percent(estimate.value, 1)} %"
    if estimate.interval:
        text += f" ({interval_text(estimate.interval)})"
    return text
