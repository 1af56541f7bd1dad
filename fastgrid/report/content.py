"""What the report page shows, as plain values: whoever has the numbers fills these in, the page lays them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastgrid.report.rows import ReportRow

#: Actual class -> predicted class -> ids; cells without items may be missing.
Matrix = Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(frozen=True)
class Interval:
    """A confidence interval.

    Attributes
    ----------
    low, high : float
        Its ends in percent.
    level : float
        Its confidence in percent.
    """

    low: float
    high: float
    level: float = 95.0


@dataclass(frozen=True)
class Estimate:
    """A percentage that was estimated.

    Attributes
    ----------
    value : float
        In percent.
    interval : Interval or None
        How sure it is.
    """

    value: float
    interval: Interval | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One combination in the ranking, with all that is said about it.

    Attributes
    ----------
    row : ReportRow
        What was asked for, its scores and its places.
    variant : str
        What tells it from combinations of the same preprocessing, kernel and parameters, such as its choice of
        descriptors; empty where nothing does.
    interval, normalized_interval : Interval or None
        Of its accuracy and its normalized accuracy.
    p_value : float or None
        Of the paired test against the winner, corrected for the number of tests.
    equals_winner : bool
        Whether that test does not tell it from the winner.
    same_problem_as : int or None
        Which combination, as an index into `ReportContent.standings`, is provably the same problem and was solved
        instead of it.
    same_predictions_as : int or None
        Which combination is another problem but has the same predictions.
    fold_accuracies, fold_normalized_accuracies : tuple of float
        In percent, one per fold and repeat; empty where the spread is not to be shown.
    """

    row: ReportRow
    variant: str = ""
    interval: Interval | None = None
    normalized_interval: Interval | None = None
    p_value: float | None = None
    equals_winner: bool = False
    same_problem_as: int | None = None
    same_predictions_as: int | None = None
    fold_accuracies: tuple[float, ...] = ()
    fold_normalized_accuracies: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """How far the winner's numbers can be believed.

    Attributes
    ----------
    corrected_accuracy, corrected_normalized_accuracy : Estimate or None
        Corrected for having chosen the best of many (BBC-CV).
    nested_accuracy, nested_normalized_accuracy : Estimate or None
        By nested cross-validation, where it was asked for.
    majority_class : str
        The class with the most items.
    majority_accuracy : float or None
        Accuracy in percent of always answering it.
    """

    corrected_accuracy: Estimate | None = None
    corrected_normalized_accuracy: Estimate | None = None
    nested_accuracy: Estimate | None = None
    nested_normalized_accuracy: Estimate | None = None
    majority_class: str = ""
    majority_accuracy: float | None = None


@dataclass(frozen=True, kw_only=True)
class ClassNumbers:
    """How the winner does on one class; `None` where a number is not defined.

    Attributes
    ----------
    name : str
        The class.
    support : int
        How many items it has.
    precision, recall, f1 : float or None
        In percent.
    """

    name: str
    support: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, kw_only=True)
class DataFacts:
    """What was learned from, and how it was divided.

    Attributes
    ----------
    n_items, n_classes : int
        Items that were used, and their classes.
    n_descriptors, n_dimensions : int or None
        Descriptors that all files share, and the numbers in them.
    evaluations : tuple of str
        Each evaluation in words, such as ``5 folds``.
    repeats : int
        How often the folds were drawn.
    n_groups : int or None
        Groups that no fold divides; None where there are none.
    groups_from : str
        Where the groups come from, such as a file name.
    seed : str
        What the folds were drawn from.
    """

    n_items: int
    n_classes: int
    n_descriptors: int | None = None
    n_dimensions: int | None = None
    evaluations: tuple[str, ...] = ()
    repeats: int = 1
    n_groups: int | None = None
    groups_from: str = ""
    seed: str = ""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Something that was left out of the data.

    Attributes
    ----------
    kind : str
        What sort of thing it is, in the plural, as a heading: ``Files``, ``Descriptors``.
    name : str
        Which one.
    reason : str
        Why.
    """

    kind: str
    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """How the results came about, and how to get them again.

    Attributes
    ----------
    command : str
        The exact command line.
    project_text : str
        The project file.
    versions : mapping of str to str
        Program -> version.
    seconds : float or None
        How long it took; None is not shown, so that equal results give equal pages.
    counters : mapping of str to int
        What the sweep counted, by the names of ``sweep.json``.
    solver : str
        Which solver answered.
    """

    command: str = ""
    project_text: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None
    counters: Mapping[str, int] = field(default_factory=dict)
    solver: str = ""


@dataclass(frozen=True, kw_only=True)
class ReportContent:
    """Everything that the report page shows.

    Attributes
    ----------
    title : str
        What is classified: the name of the project's class.
    project : str
        Path of the project.
    standings : tuple of Standing
        Best first, failed ones last.
    winner : int or None
        Index into `standings` of the combination that was selected; None where all failed.
    selection : str
        The rule that selected it, in words that follow "chosen by".
    estimates : Estimates
        How far the winner's numbers can be believed.
    data : DataFacts
        What was learned from.
    matrix : mapping of str to mapping of str to sequence of str
        The winner's predictions: actual class -> predicted class -> ids. An id that was tested several times stands
        there several times.
    paths : mapping of str to str
        Where the files of items are; listed beside the mistakes. May be empty.
    classes : tuple of ClassNumbers
        In the order of the classes.
    left_out : tuple of LeftOut
        In the order to be shown.
    notes, warnings : tuple of str
        Sentences about the data and about the results.
    run : RunFacts
        How to get the results again.
    """

    title: str
    project: str
    standings: tuple[Standing, ...]
    winner: int | None
    selection: str = "accuracy"
    estimates: Estimates = field(default_factory=Estimates)
    data: DataFacts
    matrix: Matrix = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[ClassNumbers, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    run: RunFacts = field(default_factory=RunFacts)
