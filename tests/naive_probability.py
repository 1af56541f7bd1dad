"""Slow, obvious versions of LIBSVM's probability estimates: the specification of the fast ones."""

import math

import numpy as np
from naive_svm import naive_smo


def naive_rand(seed, count):
    """The first numbers of C's rand() after srand(seed), as glibc draws them."""
    first = seed % 2**32 or 1
    signed = first - 2**32 if first >= 2**31 else first
    r = [first]
    for _ in range(30):
        signed = 16807 * signed % (2**31 - 1)
        r.append(signed)
    for i in range(31, 34):
        r.append(r[i - 31])
    for i in range(34, 344 + count):
        r.append((r[i - 3] + r[i - 31]) % 2**32)
    return [value // 2 for value in r[344:]]


def naive_permutation(numbers, length):
    """Shuffle 0..length-1 with the next numbers of the iterator."""
    order = list(range(length))
    for i in range(length):
        j = i + next(numbers) % (length - i)
        order[i], order[j] = order[j], order[i]
    return order


def naive_held_out_decisions(gram, positive, costs, order, n_folds=5):
    """Decision values of five-fold cross-validation of one pair; exact solutions by the naive SMO."""
    n = len(positive)
    decisions = [0.0] * n
    for fold in range(n_folds):
        begin, end = fold * n // n_folds, (fold + 1) * n // n_folds
        training = order[:begin] + order[end:]
        n_positive = sum(positive[i] for i in training)
        for item in order[begin:end]:
            if n_positive == len(training):
                decisions[item] = 1.0
            elif n_positive == 0:
                decisions[item] = -1.0
            else:
                signs = np.array([1.0 if positive[i] else -1.0 for i in training])
                bounds = np.array([costs[0] if positive[i] else costs[1] for i in training])
                beta, bias = naive_smo(gram[np.ix_(training, training)], signs, bounds)
                decisions[item] = sum(b * gram[item, i] for b, i in zip(beta, training, strict=True)) + bias
    return decisions


def naive_sigmoid_loss(decisions, positive, slope, offset):
    """Platt's regularised negative log-likelihood, in the form that does not overflow."""
    n_positive = sum(positive)
    n_negative = len(positive) - n_positive
    total = 0.0
    for f, is_positive in zip(decisions, positive, strict=True):
        t = (n_positive + 1) / (n_positive + 2) if is_positive else 1 / (n_negative + 2)
        z = slope * f + offset
        total += t * z + math.log(1 + math.exp(-z)) if z >= 0 else (t - 1) * z + math.log(1 + math.exp(z))
    return total


def naive_sigmoid(decisions, positive):
    """Newton's method with backtracking, item by item, after the pseudo code of Lin, Lin & Weng (2007)."""
    n_positive = sum(positive)
    n_negative = len(positive) - n_positive
    slope, offset = 0.0, math.log((n_negative + 1) / (n_positive + 1))
    loss = naive_sigmoid_loss(decisions, positive, slope, offset)
    for _ in range(100):
        h11 = h22 = 1e-12
        h21 = g1 = g2 = 0.0
        for f, is_positive in zip(decisions, positive, strict=True):
            t = (n_positive + 1) / (n_positive + 2) if is_positive else 1 / (n_negative + 2)
            p = naive_logistic(slope * f + offset)
            q = 1 - p
            h11 += f * f * p * q
            h22 += p * q
            h21 += f * p * q
            g1 += f * (t - p)
            g2 += t - p
        if abs(g1) < 1e-5 and abs(g2) < 1e-5:
            break
        determinant = h11 * h22 - h21 * h21
        d1, d2 = -(h22 * g1 - h21 * g2) / determinant, -(h11 * g2 - h21 * g1) / determinant
        step = 1.0
        while step >= 1e-10:
            candidate = naive_sigmoid_loss(decisions, positive, slope + step * d1, offset + step * d2)
            if candidate < loss + 1e-4 * step * (g1 * d1 + g2 * d2):
                slope, offset, loss = slope + step * d1, offset + step * d2, candidate
                break
            step /= 2
        if step < 1e-10:
            break
    return slope, offset


def naive_logistic(z):
    """1 / (1 + exp(z))."""
    return math.exp(-z) / (1 + math.exp(-z)) if z >= 0 else 1 / (1 + math.exp(z))


def naive_couple(r):
    """The minimum of sum_(i != j) (r[j][i] p_i - r[i][j] p_j)^2 over sum p = 1, by its linear system.

    Wu, Lin & Weng (2004), theorem 2: the constraint p >= 0 needs no care.
    """
    k = len(r)
    system = [[0.0] * (k + 1) for _ in range(k + 1)]
    for i in range(k):
        system[i][i] = sum(r[j][i] ** 2 for j in range(k) if j != i)
        for j in range(k):
            if j != i:
                system[i][j] = -r[j][i] * r[i][j]
        system[i][k] = system[k][i] = 1.0
    return np.linalg.solve(np.array(system), np.array([0.0] * k + [1.0]))[:k]


def naive_couple_as_libsvm(r):
    """Algorithm 2 of the same paper with LIBSVM's stopping rule, one item at a time."""
    k = len(r)
    q = [
        [sum(r[j][i] ** 2 for j in range(k) if j != i) if i == j else -r[j][i] * r[i][j] for j in range(k)]
        for i in range(k)
    ]
    p = [1 / k] * k
    for _ in range(max(100, k)):
        qp = [sum(q[i][j] * p[j] for j in range(k)) for i in range(k)]
        pqp = sum(p[i] * qp[i] for i in range(k))
        if max(abs(value - pqp) for value in qp) < 0.005 / k:
            break
        for i in range(k):
            change = (pqp - qp[i]) / q[i][i]
            p[i] += change
            pqp = (pqp + change * (change * q[i][i] + 2 * qp[i])) / (1 + change) / (1 + change)
            for j in range(k):
                qp[j] = (qp[j] + change * q[i][j]) / (1 + change)
                p[j] /= 1 + change
    return p
