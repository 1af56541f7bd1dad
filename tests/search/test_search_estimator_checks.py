"""The contract of scikit-learn's estimators."""

import pytest
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastgrid import GridSearchSVC

#: What SVC itself does not fulfil: LIBSVM stops elsewhere within its tolerance, and gamma "scale" and the weights of
#: classes count rows of weight 0. The second name is that of the oldest versions of scikit-learn.
OF_SVC = ("check_sample_weight_equivalence_on_dense_data", "check_sample_weights_invariance")


def name_of(check):
    named = getattr(check, "func", check)
    zeros = getattr(check, "keywords", {}).get("kind", "zeros") == "zeros"
    return named.__name__ if zeros else ""


# Pytest wants a list, and older versions of scikit-learn give it a generator.
CHECKS = parametrize_with_checks([GridSearchSVC({"C": [0.1, 1.0], "gamma": ["scale"]}, cv=2)])


@pytest.mark.parametrize("estimator, check", list(CHECKS.args[1]), ids=CHECKS.kwargs["ids"])
def test_estimator_contract(estimator, check):
    if name_of(check) not in OF_SVC:
        check(estimator)
        return
    for subject in (estimator, SVC()):
        with pytest.raises(AssertionError, match=r"sample.?weight"):
            check(subject)
