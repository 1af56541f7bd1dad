"""What `fastgrid.evaluation` says of the selected combination, the slow obvious way."""

import itertools
import math

import numpy as np
import scipy.stats


def accuracy(predicted, actual, tests):
    return sum(predicted[t] == actual[t] for t in tests) / len(tests)


def normalized_accuracy(predicted, actual, tests):
    recalls = []
    for label in sorted({actual[t] for t in tests}):
        members = [t for t in tests if actual[t] == label]
        recalls.append(sum(predicted[t] == label for t in members) / len(members))
    return sum(recalls) / len(recalls)


def standard_error(predicted, actual, fold, tests, repeats):
    """Of the accuracy over folds."""
    folds = sorted({fold[t] for t in tests})
    shares = [accuracy(predicted, actual, [t for t in tests if fold[t] == f]) for f in folds]
    mean = sum(shares) / len(shares)
    n_folds = len(folds) / repeats
    return math.sqrt(sum((s - mean) ** 2 for s in shares) / len(shares) / max(n_folds - 1, 1))


def choose(rule, predicted, actual, fold, tests, simplicity, family, repeats):
    """The combination that a rule selects by `tests`, which may hold a test several times."""
    combinations = sorted(range(len(predicted)), key=lambda c: (simplicity[c], c))
    accuracies = {c: round(accuracy(predicted[c], actual, tests), 9) for c in combinations}
    normalized = {c: round(normalized_accuracy(predicted[c], actual, tests), 9) for c in combinations}
    if rule == "accuracy":
        return max(combinations, key=lambda c: (accuracies[c], normalized[c]))
    if rule == "normalized_accuracy":
        return max(combinations, key=lambda c: (normalized[c], accuracies[c]))
    best = max(combinations, key=lambda c: accuracies[c])
    least = accuracies[best] - standard_error(predicted[best], actual, fold, tests, repeats) - 2e-9
    near = [c for c in combinations if accuracies[c] >= least and family[c] == family[best]]
    simplest = min(simplicity[c] for c in near)
    return max((c for c in near if simplicity[c] == simplest), key=lambda c: accuracies[c])


def bbc(rule, predicted, actual, fold, groups, simplicity, family, repeats, draws):
    """Mean and deviation of the performances on what the draws of groups leave out: accuracy, normalized accuracy."""
    performances = []
    for drawn in draws:
        inside = [t for g in drawn for t in range(len(actual)) if groups[t] == g]
        outside = [t for t in range(len(actual)) if groups[t] not in drawn]
        if outside:
            chosen = predicted[choose(rule, predicted, actual, fold, inside, simplicity, family, repeats)]
            performances.append((accuracy(chosen, actual, outside), normalized_accuracy(chosen, actual, outside)))
    return np.mean(performances, axis=0), np.std(performances, axis=0)


def sign_flip(differences):
    """Share of all sign patterns whose sum is as far from zero."""
    total = abs(sum(differences))
    sums = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in itertools.product((-1, 1), repeat=len(differences))
    ]
    return sum(found >= total - 1e-9 for found in sums) / len(sums)


def holm(p_values):
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    corrected, largest = [0.0] * len(p_values), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[index]))
        corrected[index] = largest
    return corrected


def wilson(share, size, n_groups, level=0.95):
    """The shares p for which `share` lies within z standard errors of p, by bisection."""
    z = scipy.stats.t.ppf((1 + level) / 2, n_groups - 1)

    def end(low, high):
        for _ in range(200):
            middle = (low + high) / 2
            outside = abs(share - middle) > z * math.sqrt(middle * (1 - middle) / size)
            low, high = (middle, high) if outside else (low, middle)
        return (low + high) / 2

    return end(0.0, share), end(1.0, share)


def grouped_standard_error(correct, groups):
    n, share = len(correct), sum(correct) / len(correct)
    names = sorted(set(groups))
    sums = [sum(correct[t] - share for t in range(n) if groups[t] == g) for g in names]
    return math.sqrt(sum(s * s for s in sums) * len(names) / (len(names) - 1)) / n
