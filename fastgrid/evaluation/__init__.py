"""From predictions to numbers: accuracy, its spread, confusion and ranking, as functions of arrays.

Everything here works on class codes and fold numbers; where they came from is not known. See ARCHITECTURE.md.
"""

from fastgrid.evaluation.confusion import ResultArrays, arrays_from_result, confusion
from fastgrid.evaluation.ranking import Ranking, rank
from fastgrid.evaluation.scores import CombinationScore, FoldScores, Scores, score, score_folds

__all__ = [
    "CombinationScore",
    "FoldScores",
    "Ranking",
    "ResultArrays",
    "Scores",
    "arrays_from_result",
    "confusion",
    "rank",
    "score",
    "score_folds",
]
