"""The agreement benchmark on a tiny set: its figures, that it sees differences, that it goes on where it stopped."""

import contextlib
import importlib
import io
import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from naive_svm import naive_objective

from fastgrid.kernels import gram_matrix
from fastgrid.solvers import ClassOrderedGram, Stopping, get_solver, path_votes

BENCH = Path(__file__).resolve().parent.parent.parent / "bench"
ARGUMENTS = ["--set", "tiny", "--solver", "smo", "--sample", "0.1"]
MUST_BE_ZERO = ("other_iterations", "other_duals", "other_biases", "other_predictions")


@pytest.fixture(scope="module")
def part():
    """Import a module of the benchmark."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCH))
        yield importlib.import_module


@pytest.fixture(scope="module")
def run(part, tmp_path_factory):
    """File, what was printed and exit code of a run on 3 of the 27 Gram matrices."""
    path = tmp_path_factory.mktemp("agreement") / "tiny.jsonl"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = part("agreement").main([*ARGUMENTS, "--output", str(path)])
    return path, printed.getvalue(), code


@pytest.fixture(scope="module")
def problems(part):
    module = part("agreement_parts.problems")
    return module.gram_problems(module.make_set("tiny"))


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def random_gram(n_classes, n=60):
    rng = np.random.default_rng(n_classes)
    labels = np.arange(n) * n_classes // n
    rows = rng.normal(size=(n, 3)) + 0.5 * labels[:, np.newaxis]
    return ClassOrderedGram.from_gram(gram_matrix("rbf", rows, rows, 0.5).astype(np.float32).astype(float), labels)


def test_smo_is_svc_on_every_problem(run, problems):
    path, _, code = run
    assert code == 0
    records = lines_of(path)
    asked = {problem.key: problem for problem in problems}
    assert len(records) == 3
    for record in records:
        problem = asked[tuple(record[name] for name in ("set", "kernel", "gamma", "fold"))]
        same = record["against_svc"]
        assert [same[name] for name in MUST_BE_ZERO] == [0, 0, 0, 0]
        assert record["check"] == {"pair_problems": 8, "other": 0, "at_cap": 0}
        assert same["pair_problems"] == 3 * len(problem.costs)
        assert same["predictions"] == problem.n_answered.sum() * np.sum(problem.work.folds == problem.fold)
        expected = get_solver("libsvm").solve_path(problem.build().gram, problem.costs, Stopping())
        assert same["svc_iterations"] == expected.iterations.sum() > 0
        assert record["against_reference"]["reference_iterations"] > same["svc_iterations"]
        assert 0 < record["against_reference"]["objective"] < 1e-4


def test_the_table_shows_the_sums(run):
    path, printed, _ = run
    records = lines_of(path)
    pair_problems, predictions = (
        sum(record["against_svc"][name] for record in records) for name in ("pair_problems", "predictions")
    )
    first, second = (block.splitlines() for block in printed.split("\n\n"))
    assert first[2] == f"| tiny | 3 | {pair_problems:,} | 0 | 0 | 0 | {predictions:,} | 0 | 0 | 24 | 0 | 0 |"
    assert second[2].startswith(f"| tiny | SVC | 3 | {predictions:,} | ")
    assert len({line.count("|") for line in first}) == len({line.count("|") for line in second}) == 1


def test_every_combination_of_every_fold_is_answered_once(problems):
    assert len(problems) == 3 * (8 + 1)
    for fold in range(3):
        assert sum(problem.n_answered.sum() for problem in problems if problem.fold == fold) == 288
    assert {problem.gamma for problem in problems if problem.kernel == "poly"} == {1.0}


def test_a_larger_sample_holds_a_smaller_one(part, problems):
    sample = part("agreement_parts.problems").sample
    keys = [[problem.key for problem in sample(problems, fraction)] for fraction in (0.001, 0.2, 0.5, 1.0)]
    assert [len(each) for each in keys] == [1, 6, 14, 27]
    for smaller, larger in itertools.pairwise(keys):
        assert set(smaller) < set(larger)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_svc_is_the_solver_libsvm(part, n_classes):
    gram, costs = random_gram(n_classes), np.array([[0.5] * n_classes, [20.0, 3.0, 7.0][:n_classes]])
    n = len(gram.diagonal)
    between = gram.values[::5, :n].astype(float)
    found, predicted = part("agreement_parts.svc").fit_svc(gram, costs, Stopping(), between)
    expected = get_solver("libsvm").solve_path(gram, costs, Stopping())
    for name in ("coefficients", "bias", "iterations", "converged"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    np.testing.assert_array_equal(predicted, path_votes(between, gram.class_starts, expected))
    assert len(np.unique(predicted)) == n_classes


def test_a_difference_is_seen_where_it_is(part):
    gram = random_gram(3)
    path = get_solver("smo").solve_path(gram, np.array([[1.0] * 3, [8.0] * 3]), Stopping())
    other = replace(path, coefficients=path.coefficients.copy(), bias=path.bias.copy(), iterations=path.iterations + 0)
    # Row 45 is of class 2, whose duals against class 1 are in row 1: pair 2.
    other.coefficients[1, 1, 45] = np.nextafter(other.coefficients[1, 1, 45], np.inf)
    other.bias[0, 1] = np.nextafter(other.bias[0, 1], np.inf)
    other.iterations[0, 0] += 1
    flags = part("agreement_parts.comparison").differing(path, other, gram.class_starts)
    assert {name: np.argwhere(differ).tolist() for name, differ in flags.items()} == {
        "duals": [[1, 2]],
        "biases": [[0, 1]],
        "iterations": [[0, 0]],
    }


def test_differences_are_counted_and_fail(part, problems, monkeypatch):
    measurement, report = part("agreement_parts.measurement"), part("agreement_parts.report")
    problem, fit_svc = problems[-1], measurement.fit_svc

    def wrong(gram, costs, stopping, between):
        path, predicted = fit_svc(gram, costs, stopping, between)
        path.coefficients[0, 0, 0] += 1.0
        if len(between):
            predicted[0, 0] = (predicted[0, 0] + 1) % 3
        return path, predicted

    monkeypatch.setattr(measurement, "fit_svc", wrong)
    record = measurement.Measurement(problem, 10_000_000).record("smo")
    answered = int(problem.n_answered[0])
    assert [record["against_svc"][name] for name in MUST_BE_ZERO] == [0, 1, 0, answered]
    assert record["check"]["other"] == 8
    assert record["against_reference"]["other_predictions"] >= answered
    assert report.failures([record]) == ["tiny: smo and SVC differ"]


def test_objectives_are_those_of_the_formula(part):
    gram = random_gram(3)
    path = get_solver("smo").solve_path(gram, np.array([[1.0] * 3, [8.0] * 3]), Stopping())
    found = part("agreement_parts.comparison").dual_objectives(gram, path)
    values = gram.values[:, : len(gram.diagonal)].astype(float)
    for row in range(2):
        solution = path.solution(row, gram.class_starts)
        for pair, (first, second) in enumerate([(0, 1), (0, 2), (1, 2)]):
            signs = np.repeat([0.0, 1.0, 2.0], 20)
            signs = (signs == first).astype(float) - (signs == second)
            expected = naive_objective(values, signs, solution.coefficients[pair])
            assert found[row, pair] == pytest.approx(expected, rel=1e-12)


def test_another_solver_is_held_against_the_reference(part, problems):
    problem = problems[-1]
    measured = part("agreement_parts.measurement").Measurement(problem, 10_000_000)
    # LIBSVM as "another solver" is as far from the reference as SVC is.
    assert measured.record("libsvm")["against_reference"] == measured.record("smo")["against_reference"]


@pytest.mark.filterwarnings("ignore:Solver terminated early")
def test_problems_at_the_cap_are_left_out_of_the_second_comparison(part, problems):
    problem = next(problem for problem in problems if problem.kernel == "rbf")
    measured = part("agreement_parts.measurement").Measurement(problem, 40)
    record = measured.record("smo")
    same, distance = record["against_svc"], record["against_reference"]
    assert [same[name] for name in MUST_BE_ZERO] == [0, 0, 0, 0]
    assert 0 < same["at_cap"] == distance["at_cap"] < same["pair_problems"]
    capped = ~measured.reference[0].converged
    assert distance["pair_problems_left_out"] == capped.sum() >= same["at_cap"]
    n_tested = np.sum(problem.work.folds == problem.fold)
    assert distance["predictions_left_out"] == problem.n_answered[capped.any(axis=1)].sum() * n_tested > 0
    assert distance["predictions"] + distance["predictions_left_out"] == same["predictions"]


def of_matrices(solver, gammas, **more):
    counts = {"predictions": 10, "predictions_left_out": 0, "other_left_out": 0, "pair_problems_left_out": 0}
    against = {**counts, "other_predictions": 1, "objective": 1e-5, "at_cap": 0, **more}
    same = dict.fromkeys(MUST_BE_ZERO, 0) | {"pair_problems": 3, "predictions": 10, "at_cap": 0}
    check = {"pair_problems": 8, "other": 0, "at_cap": 0}
    key = {"set": "tiny", "kernel": "rbf", "fold": 0, "solver": solver}
    return [
        {**key, "gamma": gamma, "against_svc": same, "check": check, "against_reference": against} for gamma in gammas
    ]


@pytest.mark.parametrize(
    ("more", "holds"),
    [({}, True), ({"other_predictions": 2}, False), ({"objective": 1e-4}, False), ({"objective": np.nan}, False)],
)
def test_a_solver_must_be_as_close_as_svc_on_the_same_matrices(part, more, holds):
    report = part("agreement_parts.report")
    # SVC's third matrix, on which the other solver has not been run, must not help it.
    records = of_matrices("smo", [1.0, 2.0, 4.0]) + of_matrices("smo-fast", [1.0, 2.0], **more)
    assert (report.failures(records) == []) == holds
    assert "| tiny | smo-fast | 2 | 20 |" in report.table(records)


def test_a_run_goes_on_where_it_was_interrupted(part, run, tmp_path, capsys):
    lines = run[0].read_text().splitlines(keepends=True)
    path = tmp_path / "interrupted.jsonl"
    path.write_text("".join(lines[:2]) + lines[2][:40])
    assert part("agreement").main([*ARGUMENTS, "--output", str(path)]) == 0
    again = path.read_text().splitlines(keepends=True)
    assert again[:2] == lines[:2]
    for old, new in zip(map(json.loads, lines), map(json.loads, again), strict=True):
        assert old | {"seconds": new["seconds"]} == new
    assert capsys.readouterr().out == run[1]


def test_results_of_something_else_are_refused(part, run, tmp_path):
    path = tmp_path / "old.jsonl"
    path.write_text(run[0].read_text())
    main = part("agreement").main
    with pytest.raises(SystemExit, match="another cap"):
        main([*ARGUMENTS, "--cap", "1000", "--output", str(path)])
    path.write_text('{"set": "tiny"}\n')
    with pytest.raises(SystemExit, match="line 1: no result"):
        main(["--table", "--output", str(path)])
    with pytest.raises(SystemExit):
        main([*ARGUMENTS, "--sample", "0", "--output", str(path)])


def test_a_solver_that_is_not_there_is_skipped_with_a_word(part, capsys):
    assert part("agreement").known_solvers(["smo", "smo-slow"]) == ["smo"]
    assert "smo-slow skipped: solver 'smo-slow' is not one of" in capsys.readouterr().err
