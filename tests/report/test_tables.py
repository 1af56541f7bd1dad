"""report.tsv, the ten best and the line for scripts."""

import csv
import io

import numpy as np
import pytest

from fastgrid.common.errors import UserError
from fastgrid.evaluation import CombinationScore, rank, score
from fastgrid.report import Candidate, best_table, format_best, report_rows, result_line, write_report

EVALUATION = {"type": "nfoldcrossvalidation", "nfold": 5}
HEADER = (
    "accuracy_rank\taccuracy\taccuracy_std\tnormalized_accuracy_rank\tnormalized_accuracy\t"
    "normalized_accuracy_std\tresults_file\tparam_file\tkernel\tC\tpreprocessing\tbalance_classes\ttype\t"
    "classifier\tgamma\tevaluation\ttied"
)


def candidate(**changes):
    known = {
        "preprocessing": "basic",
        "kernel": "RBF",
        "c_exponent": 3,
        "gamma_exponent": -1,
        "balance_classes": False,
        "evaluation": EVALUATION,
        "results_file": "results/a.result",
        "param_file": "results/a.param",
    }
    return Candidate(**(known | changes))


def rows_of(predicted, candidates):
    predicted = np.array(predicted, dtype=np.int16)
    scores = score(predicted, np.array([0, 0, 1]), np.array([0, 1, 0]), 2, 2)
    c = np.array([candidate.c_exponent for candidate in candidates])
    return report_rows(candidates, scores, rank(scores, c, np.zeros(len(c))))


def written(tmp_path, rows):
    write_report(tmp_path / "report.tsv", rows)
    return (tmp_path / "report.tsv").read_bytes().decode()


def test_report_has_gaias_columns_and_ours(tmp_path):
    rows = rows_of([[0, 1, 1], [0, 0, 1]], [candidate(), candidate(c_exponent=np.int64(-5), balance_classes=True)])
    tail = "{'nfold': 5, 'type': 'nfoldcrossvalidation'}\tFalse"
    assert written(tmp_path, rows).split("\r\n") == [
        HEADER,
        "1\t100.0\t0.0\t1\t100.0\t0.0\tresults/a.result\tresults/a.param\tRBF\t-5\tbasic\tTrue\tC-SVC\tsvm\t-1\t"
        + tail,
        "2\t66.66666666666667\t50.0\t2\t50.0\t50.0\tresults/a.result\tresults/a.param\tRBF\t3\tbasic\tFalse\tC-SVC"
        "\tsvm\t-1\t" + tail,
        "",
    ]


def test_ties_are_marked(tmp_path):
    rows = rows_of([[0, 1, 1], [0, 1, 1], [1, 1, 1]], [candidate(c_exponent=c) for c in (2, 1, 0)])
    table = list(csv.DictReader(io.StringIO(written(tmp_path, rows)), dialect="excel-tab"))
    assert [(row["accuracy_rank"], row["C"], row["tied"]) for row in table] == [
        ("1", "1", "True"),
        ("2", "2", "True"),
        ("3", "0", "False"),
    ]


def test_failed_candidates_come_last_with_their_reason(tmp_path):
    failed = candidate(kernel="poly", results_file="", failure="fold 1: out\nof memory")
    rows = rows_of([[-1, 0, 1], [0, 0, 1]], [failed, candidate()])
    table = list(csv.DictReader(io.StringIO(written(tmp_path, rows)), dialect="excel-tab"))
    assert list(table[0])[-2:] == ["tied", "failure"]
    assert [row["failure"] for row in table] == ["", "fold 1: out of memory"]
    assert [table[1][name] for name in HEADER.split("\t")[:7]] == [""] * 7
    assert table[1]["tied"] == "False"


@pytest.mark.parametrize("name", ['tab\tand "quotes"', "line\nend", "日本", "bytes\udcff"])
def test_every_name_reads_back(tmp_path, name):
    write_report(tmp_path / "report.tsv", rows_of([[0, 0, 1]], [candidate(preprocessing=name, results_file=name)]))
    with (tmp_path / "report.tsv").open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        (row,) = csv.DictReader(file, dialect="excel-tab")
    assert row["preprocessing"] == row["results_file"] == name


@pytest.mark.parametrize(("value", "text"), [(0.5, "0.5"), (np.float64(0.1), "0.1"), (np.int8(-3), "-3"), (2.0, "2.0")])
def test_exponents_are_written_as_numbers(tmp_path, value, text):
    rows = rows_of([[0, 0, 1]], [candidate(gamma_exponent=value)])
    (row,) = csv.DictReader(io.StringIO(written(tmp_path, rows)), dialect="excel-tab")
    assert row["gamma"] == text


def test_a_report_that_cannot_be_written_is_a_users_mistake(tmp_path):
    with pytest.raises(UserError, match="directory does not exist"):
        write_report(tmp_path / "missing" / "report.tsv", [])


def test_candidates_scores_and_places_must_agree():
    scores = score(np.zeros((2, 1), dtype=int), np.zeros(1, dtype=int), np.zeros(1, dtype=int), 1, 1)
    with pytest.raises(ValueError, match="1 candidates, 2 scores"):
        report_rows([candidate()], scores, rank(scores, np.zeros(2), np.zeros(2)))


BEST = """\
rank  accuracy     +-  normalized     +-  preprocessing  kernel  C     gamma  balanced
  1=     66.67  50.00       50.00  50.00  basic          RBF     2^1   2^-1   no
  2=     66.67  50.00       50.00  50.00  basic          RBF     2^11  2^-1   yes
  3      33.33  25.00       25.00  25.00  basic          RBF     2^0   2^-1   no
= the same four numbers as another combination
"""


def test_the_best_are_listed_with_ties_marked_and_failures_left_out():
    rows = rows_of(
        [[0, 1, 1], [0, 1, 1], [1, 1, 1], [-1, 0, 1]],
        [candidate(c_exponent=11, balance_classes=True), *(candidate(c_exponent=c) for c in (1, 0, 5))],
    )
    assert format_best(rows) == BEST
    assert [line.split()[0] for line in format_best(rows, count=1).splitlines()] == ["rank", "1=", "="]


def test_the_number_of_folds_is_shown_where_there_are_several():
    evaluations = [{"nfold": folds, "type": "nfoldcrossvalidation"} for folds in (5, 10)]
    rows = rows_of([[0, 1, 1], [1, 1, 1]], [candidate(evaluation=evaluation) for evaluation in evaluations])
    assert [line.split()[-1] for line in format_best(rows).splitlines()] == ["folds", "5", "10"]
    assert "folds" not in format_best(rows[:1])


def test_an_empty_ranking_says_so():
    assert format_best([]) == "no combination has a result\n"
    assert format_best(rows_of([[-1, 0, 1]], [candidate()])) == "no combination has a result\n"


def test_the_terminal_shows_the_same_cells():
    from rich.console import Console

    rows = rows_of([[0, 1, 1], [0, 1, 1]], [candidate(preprocessing="[red]odd[/red]"), candidate(preprocessing="mfcc")])
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(best_table(rows))
    shown = console.file.getvalue()
    for word in format_best(rows).split():
        assert word in shown
    assert "…" not in shown


def test_the_result_line_has_six_fields_whatever_the_names():
    line = result_line("my\tproject\n", CombinationScore(1.23456, 0.0, 100.0, 2.0), "out\n/a.result")
    assert line.split("\t") == [
        "RESULT my project",
        "Acc: 1.235",
        "Std: 0.000",
        "normalized Acc: 100.000",
        "normalized Std: 2.000",
        "out /a.result",
    ]
