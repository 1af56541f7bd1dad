"""From predictions to numbers: accuracy, its spread, confusion and ranking, as functions of arrays.

Everything here works on class codes and fold numbers; where they came from is not known. See ARCHITECTURE.md.
"""

from fastgrid.evaluation.confusion import ResultArrays, arrays_from_result, confusion
from fastgrid.evaluation.misses import Misses, count_misses, distinct_leaders
from fastgrid.evaluation.ranking import Ranking, rank
from fastgrid.evaluation.scores import CombinationScore, FoldScores, Scores, score, score_folds

__all__ = [
    "CombinationScore",
    "FoldScores",
    "Misses",
    "Ranking",
    "ResultArrays",
    "Scores",
    "arrays_from_result",
    "confusion",
    "count_misses",
    "distinct_leaders",
    "rank",
    "score",
    "score_folds",
]
