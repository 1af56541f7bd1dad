"""How the pages say things: numbers, names, parameters; templates and their Python callers use the same words."""

from __future__ import annotations

import unicodedata

from fastgrid.report.content import Interval, Standing
from fastgrid.report.rows import Candidate

# Right-to-left letters and numbers, and the characters that change the direction of what follows them.
_DIRECTED = {"R", "AL", "AN", "RLE", "RLO", "LRE", "LRO", "RLI", "LRI", "FSI", "PDF", "PDI"}

# A p-value below this is not shown as a number.
_SMALLEST_P = 0.001

#: What the counters of ``sweep.json`` count, in words, in the order to be shown.
COUNTER_WORDS = {
    "combinations": "combinations",
    "problems_asked": "problems asked (one per combination and fold)",
    "problems_solved": "distinct problems solved",
    "skipped_equal_preprocessing": "spared: equal after scaling",
    "skipped_equal_weights": "spared: equal class weights",
    "skipped_polynomial_scale": "spared: scale of the polynomial",
    "skipped_other": "spared: no use of gamma, or listed twice",
    "pairs_asked": "pair problems asked",
    "pairs_solved": "pair problems solved",
    "warm_starts": "pair problems begun at another's end",
    "iterations": "iterations that LIBSVM needs",
    "iterations_made": "iterations made",
    "gram_bytes": "bytes of kernel values",
    "unconverged": "problems that hit the iteration cap",
}


def isolated(text: object) -> str:
    """Return `text` so that its direction does not spread to what stands beside it, in attributes and sentences.

    Text that holds anything directed is put between U+2068 and U+2069 (Unicode Standard Annex 9); where it stands
    alone in an element, ``<bdi>`` does the same.

    Examples
    --------
    >>> isolated("rock")
    'rock'
    """
    shown = str(text)
    directed = any(unicodedata.bidirectional(character) in _DIRECTED for character in shown)
    return f"\u2068{shown}\u2069" if directed else shown


def percent(value: float | None, decimals: int = 2) -> str:
    """Return a percentage without its sign; a dash where there is none."""
    return "-" if value is None else f"{value:.{decimals}f}"


def interval_text(interval: Interval | None) -> str:
    """Return the two ends of an interval, with one decimal; nothing where there is none."""
    return "" if interval is None else f"{interval.low:.1f} to {interval.high:.1f}"


def p_text(p_value: float | None) -> str:
    """Return a p-value as papers print it.

    Examples
    --------
    >>> p_text(0.25), p_text(0.0312), p_text(0.00001), p_text(None)
    ('0.250', '0.031', '<0.001', '')
    """
    if p_value is None:
        return ""
    return "<0.001" if p_value < _SMALLEST_P else f"{p_value:.3f}"


def exponent(value: int | float) -> str:
    """Return an exponent without a needless fraction.

    Examples
    --------
    >>> exponent(-5), exponent(3.0), exponent(0.5)
    ('-5', '3', '0.5')
    """
    return f"{float(value):g}"


def grouped(number: int) -> str:
    """Return a whole number with its thousands apart.

    Examples
    --------
    >>> grouped(1234567) == "1\u202f234\u202f567"
    True
    """
    return f"{number:,}".replace(",", "\u202f")


def plural(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> plural(1, "item"), plural(2, "class", "classes")
    ('1 item', '2 classes')
    """
    return f"{grouped(number)} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Return a time as people say it.

    Examples
    --------
    >>> duration(2.24), duration(75), duration(7384)
    ('2.2 s', '1 min 15 s', '2 h 3 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def weighting(candidate: Candidate) -> str:
    """Return how the classes are weighted."""
    return "balanced" if candidate.balance_classes else "equal"


def folds_of(candidate: Candidate) -> str:
    """Return the number of folds of a candidate's evaluation, as it stands in the project."""
    return str(candidate.evaluation.get("nfold", ""))


def is_repeat(standing: Standing) -> bool:
    """Return whether another combination stands for this one too."""
    return standing.same_problem_as is not None or standing.same_predictions_as is not None


def place(standing: Standing) -> str:
    """Return a standing's place in the ranking; a dash where it failed."""
    rank = standing.row.accuracy_rank
    return "-" if rank is None else str(rank)


def parameters_text(standing: Standing, *, with_folds: bool = False) -> str:
    """Return one line that names a combination."""
    candidate = standing.row.candidate
    parts = [
        isolated(candidate.preprocessing),
        isolated(candidate.kernel),
        f"C = 2^{exponent(candidate.c_exponent)}",
        f"gamma = 2^{exponent(candidate.gamma_exponent)}",
        f"{weighting(candidate)} class weights",
    ]
    if standing.variant:
        parts.append(isolated(standing.variant))
    if with_folds and folds_of(candidate):
        parts.append(f"{folds_of(candidate)} folds")
    return ", ".join(parts)
