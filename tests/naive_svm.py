"""Slow, obvious versions of the arithmetic: the specification that the fast ones are compared with."""

import math

import numpy as np
from sklearn.svm import SVC


def naive_kernel(kernel, x, z, gamma, degree=3, coef0=0.0):
    if kernel == "rbf":
        return math.exp(-gamma * sum((float(a) - float(b)) ** 2 for a, b in zip(x, z, strict=True)))
    product = sum(float(a) * float(b) for a, b in zip(x, z, strict=True))
    return product if kernel == "linear" else (gamma * product + coef0) ** degree


def naive_gram(kernel, left, right, gamma, degree=3, coef0=0.0):
    return np.array([[naive_kernel(kernel, x, z, gamma, degree, coef0) for z in right] for x in left])


def naive_smo(gram, signs, costs, tol=1e-6, cap=200_000):
    """Solve one binary C-SVC by SMO on the maximal violating pair; returns signed duals and bias."""
    n = len(signs)
    beta = np.zeros(n)
    low = np.where(signs > 0, 0.0, -costs)
    high = np.where(signs > 0, costs, 0.0)
    for _ in range(cap):
        gradient = gram @ beta - signs
        up = [t for t in range(n) if beta[t] < high[t]]
        down = [t for t in range(n) if beta[t] > low[t]]
        i = min(up, key=lambda t: gradient[t])
        j = max(down, key=lambda t: gradient[t])
        if gradient[j] - gradient[i] < tol:
            return beta, -(gradient[i] + gradient[j]) / 2
        curvature = max(gram[i, i] + gram[j, j] - 2 * gram[i, j], 1e-12)
        step = min((gradient[j] - gradient[i]) / curvature, high[i] - beta[i], beta[j] - low[j])
        beta[i] = high[i] if step == high[i] - beta[i] else beta[i] + step
        beta[j] = low[j] if step == beta[j] - low[j] else beta[j] - step
    raise AssertionError("the naive solver did not converge")


def naive_objective(gram, signs, beta):
    return 0.5 * beta @ gram @ beta - signs @ beta


def naive_vote(decisions, n_classes):
    """Votes of one item, decisions in the order (0, 1), (0, 2), ..."""
    votes = [0] * n_classes
    pair = 0
    for first in range(n_classes):
        for second in range(first + 1, n_classes):
            votes[first if decisions[pair] > 0 else second] += 1
            pair += 1
    return votes.index(max(votes))


def naive_scaled(values, training, descriptor_of_dimension, enumerated):
    """Gaia's cleaner and per-dimension normalization, fitted on `training`, one dimension at a time."""
    columns = []
    for dimension in range(values.shape[1]):
        x = values[:, dimension]
        if enumerated[dimension]:
            columns.append(x)
            continue
        of_descriptor = values[training][:, descriptor_of_dimension == descriptor_of_dimension[dimension]]
        ranges = [np.float32(column.max()) - np.float32(column.min()) for column in of_descriptor.T]
        if not np.all(np.isfinite(of_descriptor)) or all(r < np.float32(1e-7) for r in ranges):
            continue
        low, high = x[training].min(), x[training].max()
        if low == high:
            continue
        a = np.float32(1) / np.float32(high - low)
        b = np.float32(-low * a)
        columns.append(np.float32(np.float32(x * a) + b))
    return np.array(columns, dtype=np.float32).T


def naive_predictions(features, combinations, labels, folds):
    """Cross-validated predictions by scikit-learn's SVC on features, one combination and fold at a time."""
    predicted = np.full((len(combinations), len(labels)), -1, dtype=np.int16)
    for row, asked in enumerate(combinations):
        chosen = features[asked.features]
        for fold in set(folds.tolist()):
            training, test = folds != fold, folds == fold
            scaled = naive_scaled(chosen.values, training, chosen.descriptor_of_dimension, chosen.enumerated)
            order = list(dict.fromkeys(labels[training].tolist()))
            local = np.array([order.index(label) for label in labels[training]])
            weights = {
                code: len(local) / (np.sum(local == code) * len(order)) if asked.balanced else 1.0
                for code in range(len(order))
            }
            if len(order) == 1:
                predicted[row, test] = order[0]
                continue
            model = SVC(
                C=asked.C, kernel=asked.kernel, gamma=asked.gamma, degree=asked.degree, coef0=asked.coef0,
                class_weight=weights,
            )  # fmt: skip
            model.fit(scaled[training].astype(np.float64), local)
            predicted[row, test] = np.array(order)[model.predict(scaled[test].astype(np.float64))]
    return predicted
