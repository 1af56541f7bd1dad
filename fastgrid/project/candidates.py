"""The combinations of a project as the rows of its ranking."""

from __future__ import annotations

from fastgrid.project.combinations_spec import CombinationSpec, EvaluationSpec
from fastgrid.report.rows import Candidate


def candidate_of(
    combination: CombinationSpec,
    evaluation: EvaluationSpec,
    *,
    results_file: str = "",
    param_file: str = "",
    failure: str = "",
) -> Candidate:
    """Return what the report says of a combination besides its scores."""
    return Candidate(
        preprocessing=combination.preprocessing,
        kernel=combination.kernel,
        c_exponent=combination.c_exponent,
        gamma_exponent=combination.gamma_exponent,
        balance_classes=combination.balance_classes,
        svm_type=combination.type,
        classifier=combination.classifier,
        evaluation=evaluation.as_written(),
        results_file=results_file,
        param_file=param_file,
        failure=failure,
    )
