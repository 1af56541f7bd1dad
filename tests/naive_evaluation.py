"""The obvious way to compute what fastgrid.evaluation computes: loops over single items, as the definitions read."""

import math


def _sum(values):
    # One after the other: the sum of Python 3.12 and newer corrects its roundings.
    total = 0.0
    for value in values:
        total += value
    return total


def score(predicted_row, actual, fold):
    """Return accuracy, its deviation, normalized accuracy and its deviation of one combination, in percent."""
    tested = [i for i in range(len(actual)) if fold[i] >= 0]
    accuracies, normalized = [], []
    for number in sorted({fold[i] for i in tested}):
        items = [i for i in tested if fold[i] == number]
        accuracies.append(_percent_correct(predicted_row, actual, items))
        recalls = [
            _percent_correct(predicted_row, actual, [i for i in items if actual[i] == name])
            for name in sorted({actual[i] for i in items})
        ]
        normalized.append(_sum(recalls) / len(recalls))
    return (
        _percent_correct(predicted_row, actual, tested),
        _population_std(accuracies),
        _sum(normalized) / len(normalized),
        _population_std(normalized),
    )


def confusion(predicted_row, actual, n_classes):
    """Return the counts, actual classes in rows."""
    counts = [[0] * n_classes for _ in range(n_classes)]
    for a, p in zip(actual, predicted_row, strict=True):
        if p >= 0:
            counts[a][p] += 1
    return counts


def rank(rows):
    """Return the order of rows (accuracy, std, normalized, normalized std, C, gamma); None is a failed one."""
    complete = [i for i, row in enumerate(rows) if row is not None]

    def key(i):
        accuracy, std, normalized, normalized_std, c, gamma = rows[i]
        return (
            -round(accuracy, 7),
            -round(normalized, 7),
            round(std, 7),
            round(normalized_std, 7),
            c,
            gamma,
            i,
        )

    return sorted(complete, key=key) + [i for i, row in enumerate(rows) if row is None]


def _percent_correct(predicted_row, actual, items):
    return 100.0 * _sum(1 for i in items if predicted_row[i] == actual[i]) / len(items)


def _population_std(values):
    mean = _sum(values) / len(values)
    return math.sqrt(_sum((v - mean) * (v - mean) for v in values) / len(values))
