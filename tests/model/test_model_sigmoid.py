import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive_probability import naive_logistic, naive_sigmoid, naive_sigmoid_loss

from fastgrid.model.sigmoid import fit_sigmoid, logistic

PAIRS = st.lists(st.tuples(st.floats(-50, 50).map(lambda f: round(f, 3)), st.booleans()), min_size=1, max_size=40)


@given(PAIRS)
def test_likelihood_equals_the_naive_newton_method(items):
    decisions, positive = np.array([f for f, _ in items]), np.array([p for _, p in items])
    fitted = fit_sigmoid(decisions, positive)
    naive = naive_sigmoid_loss(
        decisions.tolist(), positive.tolist(), *naive_sigmoid(decisions.tolist(), positive.tolist())
    )
    found = naive_sigmoid_loss(decisions.tolist(), positive.tolist(), fitted.slope, fitted.offset)
    assert found == pytest.approx(naive, abs=1e-8, rel=1e-8)


def test_parameters_equal_the_naive_ones():
    random = np.random.default_rng(3)
    positive = random.random(60) < 0.4
    decisions = np.where(positive, 0.8, -0.5) + random.normal(0, 1, 60)
    fitted = fit_sigmoid(decisions, positive)
    assert (fitted.slope, fitted.offset) == pytest.approx(
        naive_sigmoid(decisions.tolist(), positive.tolist()), rel=1e-9
    )
    assert fitted.slope < 0


@pytest.mark.parametrize("far", [1e-300, 1.0, 1e9, 1e100])
def test_many_equal_decision_values_do_no_harm(far):
    positive = np.arange(50_000) % 5 == 0
    fitted = fit_sigmoid(np.full(50_000, far), positive)
    assert logistic(np.array([fitted.slope * far + fitted.offset]))[0] == pytest.approx(0.2, abs=1e-3)


def test_one_class_only_is_smoothed():
    fitted = fit_sigmoid(np.ones(8), np.ones(8, dtype=bool))
    assert logistic(np.array([fitted.slope + fitted.offset]))[0] == pytest.approx(0.9, abs=1e-3)


@given(st.floats(-1e300, 1e300))
def test_logistic_neither_overflows_nor_leaves_its_range(z):
    expected = naive_logistic(z) if abs(z) < 700 else float(z < 0)
    assert logistic(np.array([z]))[0] == pytest.approx(expected, rel=1e-12, abs=1e-300)
