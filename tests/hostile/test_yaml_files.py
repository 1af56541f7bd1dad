"""Projects, ground truth, file lists, parameters, results, groups and templates of any content."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hostile_input import (
    CASES,
    VALUE,
    WORD,
    YAML_READERS,
    changed_bytes,
    changed_tree,
    command_outcome,
    explore,
    flow,
    left_behind,
    outcome,
    within_bounds,
)
from hypothesis import strategies as st
from whole_job import TEMPLATE

from fastgrid.common.errors import UserError
from fastgrid.common.safe_yaml import load_text, load_typed, parse_yaml
from fastgrid.common.yaml_nodes import text
from fastgrid.project.combinations_spec import CombinationSpec, EvaluationSpec
from fastgrid.project.filelist import read_filelist, write_filelist
from fastgrid.project.folds import repeat_seed
from fastgrid.project.groundtruth import GroundTruth, read_groundtruth, write_groundtruth
from fastgrid.project.group_files import read_group_file
from fastgrid.project.names import class_name_fault, result_stems
from fastgrid.project.param_files import read_param, write_param
from fastgrid.project.result_files import ResultWriter, read_result
from fastgrid.project.schema import load_project
from fastgrid.project.selection import calibration_seed
from fastgrid.project.template_filling import filled_template
from fastgrid.sweep.folds import gaia_folds

PROJECT = {
    **yaml.safe_load(TEMPLATE),
    "className": "game",
    "datasetsDirectory": "d",
    "resultsDirectory": "r",
    "filelist": "f.yaml",
    "groundtruth": "g.yaml",
    "groups": "metadata.tags.artist",
    "numberProcesses": 2,
}
OF_A_TABLE = {
    **{key: value for key, value in PROJECT.items() if key not in ("filelist", "groundtruth", "groups")},
    "table": "t.csv",
    "labelColumn": "y",
    "idColumn": "id",
    "tableFormat": "csv",
}
PARAM = {
    "evaluation": {"nfold": 5, "type": "nfoldcrossvalidation", "repeats": 2},
    "model": {
        "C": 5,
        "gamma": -3,
        "balanceClasses": True,
        "classifier": "svm",
        "kernel": "RBF",
        "preprocessing": "basic",
        "type": "C-SVC",
        "descriptorNames": ["a.*"],
        "exclude": ["b"],
    },
}
TREES: dict[str, list[Any]] = {
    "project": [PROJECT, OF_A_TABLE],
    "ground truth": [
        {"className": "mood", "groundTruth": {"a": "x", "b": "y", "c": "x"}, "type": "singleClass", "version": 1.0}
    ],
    "file list": [{"a": "/data/a.json", "b": "b.json", "c": "dump.tar/c.json"}],
    "param": [PARAM],
    "result": [{"fold": {"a": 0, "b": 1, "c": 0}, "matrix": {"x": {"x": ["a"], "y": ["c"]}, "y": {"y": ["b"]}}}],
    "groups": [{"a": "g1", "b": ["g1", "g2"], "c": 5}],
}
WRITE = st.sampled_from(
    [json.dumps, lambda tree: yaml.safe_dump(tree, allow_unicode=True), flow, lambda tree: flow(tree, quoted=False)]
)
TABLES = [b"id,group\na,g1\nb,g2\nc,g1\n", b"id\tartist\na\tg1\nb\tg2\n", b"a;b\n1;2\n"]
#: Small files that grow.
GROWING = st.builds(
    lambda *parts: (parts[0] + parts[1] * parts[2] + parts[3]).encode("utf-8", "surrogatepass"),
    WORD,
    st.one_of(WORD, st.sampled_from(["a: ", "- ", "? ", "[", "{", "a: &a [*a, ", "<<: ", "'", '"', "\n ", ": "])),
    st.sampled_from([1, 3, 70, 1100]),
    WORD,
)


def files(kind: str) -> st.SearchStrategy[tuple[str, bytes]]:
    """Return names and contents of files of one kind that are spoilt."""
    written = st.builds(
        lambda write, tree: write(tree).encode("utf-8", "surrogatepass"),
        WRITE,
        st.one_of(changed_tree(TREES[kind]), changed_tree(TREES[kind]), VALUE),
    )
    sources = [form(tree).encode() for tree in TREES[kind] for form in (json.dumps, yaml.safe_dump)]
    endings = st.sampled_from([".yaml", ".yaml", ".json"])
    either = st.tuples(endings, st.one_of(written, written, changed_bytes(sources), GROWING))
    if kind == "groups":
        return st.one_of(either, st.tuples(st.sampled_from([".csv", ".tsv"]), changed_bytes(TABLES)))
    return either


def use_project(project: Any) -> None:
    """Do with a project that was read what a training does before it reads anything else."""
    combinations = project.combinations()
    assert len(set(combinations)) == len(combinations) > 0
    assert all(2.0**c.c_exponent > 0 and 2.0**c.gamma_exponent > 0 for c in combinations)
    assert not class_name_fault(project.class_name)
    stems = result_stems(project.class_name, combinations, project.evaluations)
    assert len({stem for row in stems for stem in row}) == len(combinations) * len(project.evaluations)
    assert -(2**63) <= calibration_seed(project.seed) < 2**63 and repr(project.seed)
    for evaluation in project.evaluations[:1]:
        gaia_folds(["a", "b"], 2, repeat_seed(project.seed, evaluation.repeats - 1))


@CASES
@pytest.mark.parametrize("kind", list(YAML_READERS))
def test_any_file_is_read_or_refused(kind: str, times: float, tmp_path: Path) -> None:
    read = [0]

    def check(file: tuple[str, bytes]) -> None:
        ending, data = file
        path = tmp_path / f"x{ending}"
        path.write_bytes(data)
        with within_bounds(data, times=200):
            found = outcome(lambda: YAML_READERS[kind](path), path)
        if isinstance(found, UserError):
            return
        read[0] += 1
        if kind == "project":
            use_project(found)

    explore(files(kind), check, times)
    # Of few parameters there may be none left.
    assert read[0] >= times // 5, read


#: Files of a few scalars, most of which can be read.
SCALARS = st.tuples(
    st.sampled_from([".yaml", ".json"]),
    st.lists(st.one_of(WORD, st.floats().map(repr), st.integers().map(str)), min_size=1, max_size=3).map(
        lambda words: "".join(f"- {word}\n" for word in words).encode("utf-8", "surrogatepass")
    ),
)


@CASES
def test_every_scalar_is_what_a_plain_reader_reads(times: float, tmp_path: Path) -> None:
    found = {"json": 0, "yaml": 0}

    def check(case: tuple[str, bytes]) -> None:
        ending, data = case
        path = tmp_path / f"x{ending}"
        path.write_bytes(data)
        as_text = outcome(lambda: load_text(path), path)
        as_typed = outcome(lambda: load_typed(path), path)
        assert isinstance(as_text, UserError) == isinstance(as_typed, UserError)
        if isinstance(as_text, UserError):
            return
        try:
            # Words that JSON does not have, though Python's reader does, are text.
            plain = json.loads(data.decode("utf-8-sig"), parse_constant=str)
        except ValueError:
            try:
                theirs = yaml.load(data.decode("utf-8-sig"), Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
            except yaml.composer.ComposerError:  # for an anchor that is there twice, which YAML allows
                return
            if "<<" not in json.dumps(theirs):
                found["yaml"] += 1
                assert as_text == theirs
        else:
            found["json"] += 1
            assert same(as_typed, plain), (as_typed, plain)

    explore(st.one_of(files("project"), SCALARS), check, times)
    assert min(found.values()) > 5 * times


def same(ours: Any, theirs: Any) -> bool:
    """Whether values of JSON are what ours are, which may leave long numbers as text."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return list(ours) == list(theirs) and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(theirs, list) and isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, str) and isinstance(theirs, int | float):
        return len(ours) > 1000
    return type(ours) is type(theirs) and (ours == theirs or (ours != ours and theirs != theirs))


NAME = st.one_of(WORD, st.text(max_size=6)).filter(lambda name: name and name.isprintable())


@CASES
def test_what_is_written_is_read(times: float, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"

    def check(case: tuple[dict[str, str], list[int], CombinationSpec, EvaluationSpec]) -> None:
        labels, numbers, combination, evaluation = case
        write_groundtruth(path, GroundTruth("mood", labels))
        assert read_groundtruth(path) == GroundTruth("mood", labels)
        assert list(read_groundtruth(path).labels) == sorted(labels)
        files = {item: tmp_path / "data" / label.replace("/", "-") for item, label in labels.items()}
        write_filelist(path, files)
        assert read_filelist(path) == files
        write_param(path, combination, evaluation)
        assert read_param(path) == (combination, evaluation)
        ids, classes = list(labels), sorted(set(labels.values()))
        fold = [numbers[place % len(numbers)] for place in range(len(ids))]
        predicted = [number % (len(classes) + 1) - 1 for number in fold]
        ResultWriter(labels, ids, fold, classes).write(path, predicted)
        result = read_result(path)
        assert result.fold == dict(zip(ids, fold, strict=True))
        cells = {
            item: (actual, guess)
            for actual, row in result.matrix.items()
            for guess, cell in row.items()
            for item in cell
        }
        assert cells == {
            item: (labels[item], classes[code]) for item, code in zip(ids, predicted, strict=True) if code >= 0
        }
        path.write_text(json.dumps({item: [label, "all"] for item, label in labels.items()}))
        assert {item: groups[-1] for item, groups in read_group_file(path).values.items()} == dict.fromkeys(
            labels, "all"
        )
        assert not left_behind(tmp_path)

    exponents = st.one_of(st.integers(-1000, 1000), st.floats(-1000, 1000))
    patterns = st.lists(NAME, min_size=1, max_size=2).map(tuple)
    combinations = st.builds(
        CombinationSpec,
        NAME,
        st.sampled_from(["poly", "RBF", "linear"]),
        exponents,
        exponents,
        st.booleans(),
        descriptor_names=st.one_of(st.just(("*",)), patterns),
        exclude=st.one_of(st.just(()), patterns),
    )
    evaluations = st.builds(EvaluationSpec, st.integers(2, 10_000), repeats=st.integers(1, 1000))
    groundtruths = st.dictionaries(NAME, NAME.filter(str.strip), min_size=1, max_size=4)
    explore(
        st.tuples(groundtruths, st.lists(st.integers(0, 9), min_size=1), combinations, evaluations), check, times / 2
    )


FILLED = {
    "className": "game",
    "filelist": "f.yaml",
    "groundtruth": "g.yaml",
    "datasetsDirectory": "d",
    "resultsDirectory": "r",
}


@CASES
def test_any_template_is_filled_or_refused(times: float) -> None:
    filled = [0]
    sources = [
        TEMPLATE,
        TEMPLATE.replace("className:", "className: %(className)s"),
        "filelist: &a |\n  x\n\ngroundtruth: *a\n",
    ]

    def check(data: bytes) -> None:
        template = data.decode("utf-8", "replace")
        with within_bounds(data, times=400):
            found = outcome(lambda: filled_template(template, "t.yaml", FILLED), "t.yaml")
            again = (
                outcome(lambda: filled_template(found, "t.yaml", FILLED), "t.yaml") if isinstance(found, str) else found
            )
        if isinstance(found, str):
            filled[0] += 1
            read = outcome(lambda: load_text_of(found), "t.yaml")
            if isinstance(read, dict):
                assert {key: read[key] for key in FILLED} == FILLED
                assert again == found

    explore(st.one_of(changed_bytes([source.encode() for source in sources]), GROWING), check, times / 2)
    assert filled[0] > 5 * times / 2


def load_text_of(content: str) -> Any:
    """Return what a file that is called t.yaml would hold."""
    return text(parse_yaml(content, "t.yaml").root)


@CASES
def test_commands_end_in_one_line(times: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = {kind: tmp_path / f"good {kind}.yaml" for kind in TREES}
    for kind, path in good.items():
        path.write_text(json.dumps(TREES[kind][0]).replace("/data", str(tmp_path)))
    bad, new = tmp_path / "bad", tmp_path / "new"

    def commands(kind: str, path: Path) -> list[list[object]]:
        outputs = [new / name for name in ("p.project", "d", "r")]
        project = ["generate_classification_project"]
        return {
            "project": [
                [*project, good["ground truth"], good["file list"], *outputs, "-q", "-t", path],
                ["run_tests", path, "-q"],
                ["generate_params_report", path],
                ["select_best_model", path, new / "m.model"],
            ],
            "ground truth": [[*project, path, good["file list"], *outputs, "-q"]],
            "file list": [
                [*project, good["ground truth"], path, *outputs, "-q"],
                ["json_to_sig", path, new / "l.yaml"],
            ],
            "param": [["retrain_model", good["project"], path, new / "m.model"], ["get_classification_results", bad]],
            "result": [["visualize_confusion_matrix", path, new / "page.html"], ["get_classification_results", bad]],
            "groups": [[*project, good["ground truth"], good["file list"], *outputs, "-q", "--groups", path]],
        }[kind]

    def check(case: tuple[str, tuple[str, bytes]]) -> None:
        kind, (ending, data) = case
        for directory in (bad, new):
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
        path = bad / f"x{ {'param': '.param', 'result': '.result'}.get(kind, ending) }"
        path.write_bytes(data)
        shutil.copyfile(good["param"], path.with_suffix(".param")) if kind == "result" else None
        shutil.copyfile(good["result"], path.with_suffix(".result")) if kind == "param" else None
        for command in commands(kind, path):
            # What is in a file list may be at fault instead of the list.
            code, _ = command_outcome(capsys, command, *(() if kind == "file list" else (bad, tmp_path)))
            assert not left_behind(tmp_path)
            outputs = [found for found in new.rglob("*") if found.is_file()]
            if code == 2 and command[0] != "run_tests":
                assert not outputs, (command[0], outputs)
            for output in outputs:
                if output.name == "p.project":
                    load_project(output)
                output.unlink()

    explore(st.one_of([st.tuples(st.just(kind), files(kind)) for kind in TREES]), check, times / 4)
