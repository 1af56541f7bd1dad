"""From predictions to numbers: accuracy, its spread, confusion and ranking, as functions of arrays.

Everything here works on class codes and fold numbers; where they came from is not known. See ARCHITECTURE.md.
"""

from fastgrid.evaluation.bootstrap import CorrectedEstimate, corrected_estimate
from fastgrid.evaluation.choosing import RULES, Orders, selected
from fastgrid.evaluation.comparison import Comparison, compare
from fastgrid.evaluation.confusion import ResultArrays, arrays_from_result, confusion
from fastgrid.evaluation.intervals import Interval
from fastgrid.evaluation.misses import Misses, count_misses, distinct_leaders, predictions_digest
from fastgrid.evaluation.nested import InnerPredictions, NestedEstimate, nested_estimate
from fastgrid.evaluation.outcomes import Outcomes
from fastgrid.evaluation.per_class import Baseline, ClassScores, baseline, class_scores
from fastgrid.evaluation.ranking import Ranking, rank
from fastgrid.evaluation.scores import CombinationScore, FoldScores, Scores, score, score_folds

__all__ = [
    "RULES",
    "Baseline",
    "ClassScores",
    "CombinationScore",
    "Comparison",
    "CorrectedEstimate",
    "FoldScores",
    "InnerPredictions",
    "Interval",
    "Misses",
    "NestedEstimate",
    "Orders",
    "Outcomes",
    "Ranking",
    "ResultArrays",
    "Scores",
    "arrays_from_result",
    "baseline",
    "class_scores",
    "compare",
    "confusion",
    "corrected_estimate",
    "count_misses",
    "distinct_leaders",
    "nested_estimate",
    "predictions_digest",
    "rank",
    "score",
    "score_folds",
    "selected",
]
