"""Contents for the report page, of any size: from predictions that a sweep left, or made up.

The numbers that the evaluation has are its own; the others (intervals, tests, corrections) are rough stand-ins, good
enough to look at.
"""

import dataclasses
import math
from collections import Counter

import numpy as np

from fastgrid.evaluation import rank, score, score_folds
from fastgrid.report import Candidate, Predictions, report_rows
from fastgrid.report.content import (
    ClassNumbers,
    DataFacts,
    Estimate,
    Estimates,
    Interval,
    LeftOut,
    ReportContent,
    RunFacts,
    Standing,
)

SPREADS = 8


def content_of(predictions, *, n_folds, title="game", failures=(), **changes):
    """Return the content of one evaluation; `failures` are combinations without results."""
    predicted = predictions.predicted.copy()
    predicted[list(failures)] = -1
    n_classes = len(predictions.classes)
    given = predicted, predictions.actual, predictions.fold, n_folds, n_classes
    scores = score(*given)
    ranking = rank(scores, predictions.c_exponent, predictions.gamma_exponent)
    rows = report_rows(_candidates(predictions, n_folds, failures), scores, ranking)
    order = ranking.order
    standings = _standings(predictions, predicted[order], rows, order, score_folds(*given))
    winner = 0 if rows and rows[0].scores else None
    values = {
        "title": title,
        "project": f"out/{title}.project",
        "standings": standings,
        "winner": winner,
        "data": DataFacts(
            n_items=len(predictions.ids),
            n_classes=n_classes,
            n_descriptors=201,
            n_dimensions=1340,
            evaluations=(f"{n_folds} folds",),
            seed="1",
        ),
        "left_out": tuple(_left_out()),
        "notes": ("a pattern of excludedDescriptors matches nothing: metadata.foo*",),
        "warnings": (
            "12 pieces occur in several files (tag metadata.tags.file_name), and no groups were given: files of one "
            "piece may be in training and test, which makes all accuracies too high.",
        ),
        "run": _run(len(rows), n_folds),
    }
    if winner is not None:
        best = predicted[order[0]]
        values |= {
            "matrix": _matrix(predictions, best),
            "paths": {item: f"music/{item}.json" for item in predictions.ids},
            "classes": tuple(_class_numbers(predictions, best)),
            "estimates": _estimates(predictions, rows[0].scores),
        }
    return ReportContent(**(values | changes))


def made_up_predictions(
    *,
    n_classes=3,
    n_items=36,
    preprocessings=("basic", "gaussianized", "mfcc"),
    kernels=("poly", "RBF"),
    c_exponents=(-5, -3, -1, 1, 3, 5, 7, 9, 11),
    gamma_exponents=(3, 1, -1, -3, -5, -7, -9, -11),
    weightings=(False, True),
    n_folds=5,
    class_names=None,
    id_of="{name}/{name}_{number:05d}".format,
    seed=0,
):
    """Return predictions that are right with a chance that has a ridge in C and gamma, as those of real grids have."""
    random = np.random.default_rng(seed)
    names = class_names or [f"class {number:02d}" for number in range(n_classes)]
    actual = np.arange(n_items, dtype=np.int16) % len(names)
    grid = [
        (preprocessing, kernel, c, gamma, balanced)
        for preprocessing in preprocessings
        for kernel in kernels
        for c in c_exponents
        for gamma in gamma_exponents
        for balanced in weightings
    ]
    difficulty = random.random(n_items)
    others = (actual + random.integers(1, max(len(names), 2), n_items)) % len(names)
    predicted = np.empty((len(grid), n_items), dtype=np.int16)
    for row, (preprocessing, kernel, c, gamma, _) in enumerate(grid):
        skill = 0.92 - 0.05 * preprocessings.index(preprocessing) - 0.03 * kernels.index(kernel)
        skill -= min(0.006 * (c + gamma + 1.5) ** 2 + 0.004 * max(abs(c - 3) - 4, 0) ** 2, 0.6)
        predicted[row] = np.where(difficulty < skill, actual, others)
    return Predictions(
        ids=tuple(id_of(name=names[code], number=number) for number, code in enumerate(actual.tolist())),
        classes=tuple(names),
        actual=actual,
        fold=np.array(np.arange(n_items) // len(names) % n_folds, dtype=np.int16),
        preprocessing=tuple(entry[0] for entry in grid),
        kernel=tuple(entry[1] for entry in grid),
        c_exponent=np.array([entry[2] for entry in grid]),
        gamma_exponent=np.array([entry[3] for entry in grid]),
        balance_classes=np.array([entry[4] for entry in grid], dtype=np.bool_),
        predicted=predicted,
    )


def made_up_content(*, n_folds=5, failures=(), title="game", changes=None, **options):
    """Return the content of made up predictions."""
    predictions = made_up_predictions(n_folds=n_folds, **options)
    return content_of(predictions, n_folds=n_folds, title=title, failures=failures, **(changes or {}))


def together(*contents):
    """Return the content of several evaluations in one ranking."""
    first = contents[0]
    standings = sorted(
        (standing for content in contents for standing in content.standings),
        key=lambda one: -one.row.scores.accuracy if one.row.scores else 1.0,
    )
    # Indices into the single rankings mean nothing here.
    standings = [dataclasses.replace(one, same_problem_as=None, same_predictions_as=None) for one in standings]
    data = dataclasses.replace(first.data, evaluations=tuple(content.data.evaluations[0] for content in contents))
    return dataclasses.replace(first, standings=tuple(standings), data=data)


def _candidates(predictions, n_folds, failures):
    return [
        Candidate(
            preprocessing=preprocessing,
            kernel=kernel,
            c_exponent=c,
            gamma_exponent=gamma,
            balance_classes=balanced,
            evaluation={"nfold": n_folds, "type": "nfoldcrossvalidation"},
            failure="fold 2: out of memory" if index in set(failures) else "",
        )
        for index, (preprocessing, kernel, c, gamma, balanced) in enumerate(
            zip(
                predictions.preprocessing,
                predictions.kernel,
                predictions.c_exponent.tolist(),
                predictions.gamma_exponent.tolist(),
                predictions.balance_classes.tolist(),
                strict=True,
            )
        )
    ]


def _standings(predictions, predicted, rows, order, folds):
    right = predicted == predictions.actual
    problems, answers, standings, n_own = {}, {}, [], 0
    for place, row in enumerate(rows):
        if row.scores is None:
            standings.append(Standing(row=row))
            continue
        problem = problems.setdefault(_problem(predictions, row.candidate), place)
        answer = answers.setdefault(predicted[place].tobytes(), place)
        p_value = _mcnemar(right[0], right[place]) if place else None
        column = order[place]
        n_own += problem == answer == place
        spread = n_own <= SPREADS
        standings.append(
            Standing(
                row=row,
                interval=_interval(row.scores.accuracy, len(predictions.ids)),
                p_value=p_value,
                equals_winner=p_value is not None and p_value > 0.05,
                same_problem_as=problem if problem != place else None,
                same_predictions_as=answer if answer != place and problem == place else None,
                fold_accuracies=tuple(folds.accuracy[:, column].tolist()) if spread else (),
                fold_normalized_accuracies=tuple(folds.normalized_accuracy[:, column].tolist()) if spread else (),
            )
        )
    return tuple(standings)


def _problem(predictions, candidate):
    c, gamma = candidate.c_exponent, candidate.gamma_exponent
    scale = (c + 3 * gamma,) if candidate.kernel == "poly" else (c, gamma)
    sizes = Counter(predictions.actual.tolist()).values()
    weights = candidate.balance_classes if len(set(sizes)) > 1 else False
    return candidate.preprocessing, candidate.kernel, scale, weights


def _interval(value, n_items):
    share = value / 100
    half = 196 * math.sqrt(max(share * (1 - share), 0.01) / n_items)
    return Interval(max(value - half, 0.0), min(value + half, 100.0))


def _mcnemar(one, other):
    """Return the p-value of the exact test of McNemar, or of its normal approximation."""
    only_one, only_other = int((one & ~other).sum()), int((other & ~one).sum())
    n = only_one + only_other
    if n > 100:
        return math.erfc(abs(only_one - only_other) / math.sqrt(2 * n))
    tail = sum(math.comb(n, k) for k in range(min(only_one, only_other) + 1)) / 2**n
    return min(2 * tail, 1.0)


def _matrix(predictions, predicted):
    matrix = {}
    for item, actual, code in zip(predictions.ids, predictions.actual, predicted, strict=True):
        matrix.setdefault(predictions.classes[actual], {}).setdefault(predictions.classes[code], []).append(item)
    return matrix


def _class_numbers(predictions, predicted):
    for code, name in enumerate(predictions.classes):
        found = int(((predicted == code) & (predictions.actual == code)).sum())
        named, support = int((predicted == code).sum()), int((predictions.actual == code).sum())
        yield ClassNumbers(
            name=name,
            support=support,
            precision=100 * found / named if named else None,
            recall=100 * found / support if support else None,
            f1=200 * found / (named + support) if named + support else None,
        )


def _estimates(predictions, scores):
    counts = Counter(predictions.actual.tolist())
    most, count = counts.most_common(1)[0]
    n = len(predictions.ids)
    accuracy, normalized = max(scores.accuracy - 4.1, 0.0), max(scores.normalized_accuracy - 4.4, 0.0)
    return Estimates(
        corrected_accuracy=Estimate(accuracy, _interval(accuracy, n)),
        corrected_normalized_accuracy=Estimate(normalized, _interval(normalized, n)),
        majority_class=predictions.classes[most],
        majority_accuracy=100 * count / n,
    )


def _left_out():
    yield LeftOut(kind="Files", name="music/broken.json", reason="not valid JSON (line 3)")
    for number in range(12):
        yield LeftOut(kind="Descriptors", name=f"lowlevel.odd{number}", reason="has NaN in 2 files")
    yield LeftOut(kind="Descriptors", name="tonal.chords_progression", reason="has another length in 36 files")


def _run(n_combinations, n_folds):
    asked = n_combinations * n_folds
    return RunFacts(
        command="fastgrid train_model_from_sigs music out game --force",
        project_text="className: game\nseed: 1\n\nclassifiers:\n  svm:\n    - C: [-5, 11]\n",
        versions={"fastgrid": "0.1.0", "Python": "3.11.7", "numpy": "2.4.1", "scikit-learn": "1.9.1"},
        counters={
            "combinations": n_combinations,
            "problems_asked": asked,
            "problems_solved": asked // 3,
            "pairs_asked": asked,
            "pairs_solved": asked // 4,
            "iterations": asked * 321,
        },
        solver="smo",
    )
