"""Reading and checking of project files."""

import itertools
import json
from pathlib import Path

import pytest

from fastgrid.common.errors import UserError
from fastgrid.project.combinations_spec import CombinationSpec, EvaluationSpec
from fastgrid.project.group_source import GroupSource
from fastgrid.project.schema import Project, load_project
from fastgrid.project.schema_steps import Step
from fastgrid.transforms.registry import STEPS, make_step

HEAD = """\
className: mood
datasetsDirectory: data/sets
resultsDirectory: /abs/results
filelist: ../list.yaml
groundtruth: gt.yaml
"""
PREPROCESSING = "preprocessing:\n  basic: []\n  other: []\n"
GRID = """\
classifiers:
  svm:
    preprocessing: basic
    type: C-SVC
    kernel: RBF
    C: 1
    gamma: -3
    balanceClasses: true
"""

# As Gaia's scripts leave it: absolute paths, variables by anchors, a seed with a point, text that Python printed.
GAIA = """\
templateVersion: 2.1-beta5
className: mood
datasetsDirectory: /out/results/datasets
resultsDirectory: /out/results/results
filelist: /out/results/filelist-yaml.yaml
groundtruth: /out/results/groundtruth.yaml
seed: 1.0
numberProcesses: None
clusterMode: False
excludedDescriptors: metadata.tags*
failOnUnmatched: False
variables:
    - &UNUSED [ 'metadata.*', '*dmean*' ]
    - &STRINGS [ 'tonal.chords_key' ]
preprocessing:
    raw:
    basic:
        - transfo: remove
          params: { descriptorNames: *UNUSED }
        - transfo: enumerate
          params: { descriptorNames: *STRINGS }
    normalized:
        - transfo: Remove
          params:
              descriptorNames: *UNUSED
              except: 'metadata.version*'
        - transfo: normalize
          params: { independent: True }
classifiers:
    svm:
        - preprocessing: [ 'basic', 'normalized' ]
          type: [ 'C-SVC' ]
          kernel: [ 'poly', 'RBF' ]
          C: [ -1, 1.5 ]
          gamma: [ 3, 1 ]
          balanceClasses: [ True, False ]
evaluations:
    nfoldcrossvalidation: [ { nfold: [ 5 ] } ]
"""


def load(directory: Path, content: str) -> Project:
    path = directory / "p.project"
    path.write_text(content)
    return load_project(path)


def test_a_project_of_gaia(tmp_path: Path) -> None:
    project = load(tmp_path, GAIA)
    assert (project.seed, type(project.seed)) == (1.0, float)
    assert project.number_processes is None
    assert project.excluded_descriptors == ("metadata.tags*",)
    assert project.filelist == Path("/out/results/filelist-yaml.yaml")
    assert project.preprocessing == {
        "raw": (),
        "basic": (
            Step("remove", {"descriptorNames": ["metadata.*", "*dmean*"]}),
            Step("enumerate", {"descriptorNames": ["tonal.chords_key"]}),
        ),
        "normalized": (
            Step("remove", {"descriptorNames": ["metadata.*", "*dmean*"], "except": ["metadata.version*"]}),
            Step("normalize", {"independent": True}),
        ),
    }
    assert project.preprocessing["normalized"][1].entry == {"transfo": "normalize", "params": {"independent": True}}
    assert project.evaluations == (EvaluationSpec(5),)
    expected = tuple(
        CombinationSpec(*chosen)
        for chosen in itertools.product(["basic", "normalized"], ["poly", "RBF"], [-1, 1.5], [3, 1], [True, False])
    )
    assert project.combinations() == expected
    assert [type(c.c_exponent) for c in expected[::4][:2]] == [int, float]


def test_defaults_and_relative_paths(tmp_path: Path) -> None:
    project = load(tmp_path, HEAD + GRID.replace("    preprocessing: basic\n", ""))
    assert project.path == tmp_path / "p.project"
    assert project.datasets_directory == tmp_path / "data" / "sets"
    assert project.results_directory == Path("/abs/results")
    assert project.filelist == tmp_path.parent / "list.yaml"
    assert project.preprocessing == {"default": (Step("fixlength"), Step("removevl"), Step("cleaner"))}
    assert project.evaluations == (EvaluationSpec(10),)
    assert (project.seed, project.number_processes, project.cluster_mode) == (1, None, False)
    assert (project.excluded_descriptors, project.fail_on_unmatched) == ((), False)
    assert project.template_version is None
    assert project.combinations() == (CombinationSpec("default", "RBF", 1, -3, True),)


def test_scalars_for_lists_and_mappings_for_lists(tmp_path: Path) -> None:
    steps = "preprocessing:\n  basic: {transfo: cleaner}\n"
    project = load(tmp_path, HEAD + steps + GRID + "evaluations: {nfoldcrossvalidation: {nfold: 3}}\n")
    assert project.preprocessing == {"basic": (Step("cleaner"),)}
    assert project.combinations() == (CombinationSpec("basic", "RBF", 1, -3, True),)
    assert project.evaluations == (EvaluationSpec(3),)


def test_order_follows_the_keys_and_duplicates_go(tmp_path: Path) -> None:
    grid = """\
classifiers:
  svm:
    - {gamma: [1, 2], C: [3, 4, 3, 3.0], kernel: radial, type: c-svc, balanceClasses: no, preprocessing: other}
    - {type: C-SVC, kernel: [Polynomial, LINEAR, rbf], C: 3, gamma: 1, balanceClasses: [no], preprocessing: other}
"""
    combinations = load(tmp_path, HEAD + PREPROCESSING + grid).combinations()
    assert [(c.kernel, c.gamma_exponent, c.c_exponent) for c in combinations] == [
        ("RBF", 1, 3), ("RBF", 1, 4), ("RBF", 2, 3), ("RBF", 2, 4), ("poly", 1, 3), ("linear", 1, 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line", ["", "    preprocessing: '*'\n", "    preprocessing: [basic, '*']\n", "    preprocessing:\n"]
)
def test_all_preprocessings(tmp_path: Path, line: str) -> None:
    project = load(tmp_path, HEAD + PREPROCESSING + GRID.replace("    preprocessing: basic\n", line))
    assert [c.preprocessing for c in project.combinations()] == ["basic", "other"]


def test_descriptor_names_are_lists_of_lists(tmp_path: Path) -> None:
    extra = "    descriptorNames: ['*', [mfcc*, bpm], lowlevel*]\n    exclude: [[], tonal*, [a, b]]\n"
    combinations = load(tmp_path, HEAD + PREPROCESSING + GRID + extra).combinations()
    assert [c.descriptor_names for c in combinations[::3]] == [("*",), ("mfcc*", "bpm"), ("lowlevel*",)]
    assert [c.exclude for c in combinations[:3]] == [(), ("tonal*",), ("a", "b")]
    assert [c.has_default_descriptors for c in combinations] == [True] + [False] * 8


@pytest.mark.parametrize("exclude", ["", "[]", "[[]]", "~"])
def test_nothing_excluded(tmp_path: Path, exclude: str) -> None:
    project = load(tmp_path, HEAD + PREPROCESSING + GRID + f"    exclude: {exclude}\n")
    assert [c.exclude for c in project.combinations()] == [()]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("all", "all"), ("All", "all"), ("4", 4), ("'4'", 4), ("0", None), ("", None), ("false", None)],
)
def test_number_of_processes(tmp_path: Path, value: str, expected: object) -> None:
    assert load(tmp_path, f"{HEAD}{PREPROCESSING}{GRID}numberProcesses: {value}\n").number_processes == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("7", 7), ("1.0", 1.0), ("0", 0), ("None", "None"), ("'7'", "7"), ("-3", -3), ("abc", "abc")],
)
def test_seed(tmp_path: Path, value: str, expected: object) -> None:
    seed = load(tmp_path, f"{HEAD}{PREPROCESSING}{GRID}seed: {value}\n").seed
    assert (seed, type(seed)) == (expected, type(expected))


def test_excluded_descriptors_are_not_split(tmp_path: Path) -> None:
    project = load(tmp_path, HEAD + PREPROCESSING + GRID + "excludedDescriptors: ['a,b', c*]\n")
    assert project.excluded_descriptors == ("a,b", "c*")


def test_keys_that_mean_nothing_to_us(tmp_path: Path) -> None:
    aside = ".notes: {a: 1}\nx-notes: 2\nsets: {u: &u [tonal*]}\nexcludedDescriptors: *u\n"
    assert load(tmp_path, HEAD + PREPROCESSING + GRID + aside).excluded_descriptors == ("tonal*",)
    with pytest.raises(UserError, match="line 19: unknown key 'sets'"):
        load(tmp_path, HEAD + PREPROCESSING + GRID + aside.replace("*u", "a").replace(".notes", ".n", 1))


def test_groups(tmp_path: Path) -> None:
    text = HEAD + PREPROCESSING + GRID
    assert load(tmp_path, text).groups is None and load(tmp_path, f"{text}groups:\n").groups is None
    found = {value: load(tmp_path, f"{text}groups: {value}\n").groups for value in ("metadata.tags.artist", "a.csv")}
    assert found["metadata.tags.artist"] == GroupSource("descriptor", "metadata.tags.artist")
    assert found["a.csv"] == GroupSource("file", str(load(tmp_path, text).path.parent / "a.csv"))
    # A key of that name for lists that are used elsewhere goes on to mean nothing.
    assert load(tmp_path, f"{text}groups: {{u: &u [tonal*]}}\nexcludedDescriptors: *u\n").groups is None
    for value, part in (
        ("[a, b]", "must be one word"),
        ("a*", r"'a\*' is a pattern"),
        ("''", "must be one word"),
    ):
        with pytest.raises(UserError, match=f"line 17: groups.*{part}"):
            load(tmp_path, f"{text}groups: {value}\n")


def test_repeats(tmp_path: Path) -> None:
    text = HEAD + PREPROCESSING + GRID + "evaluations: {{nfoldcrossvalidation: {}}}\n"

    def evaluations(written: str) -> tuple[EvaluationSpec, ...]:
        return load(tmp_path, text.format(written)).evaluations

    assert evaluations("[{nfold: [5, 3], repeats: 10}, {nfold: 4}]") == (
        EvaluationSpec(5, repeats=10),
        EvaluationSpec(3, repeats=10),
        EvaluationSpec(4),
    )
    assert evaluations("{nfold: 5, repeats: 1}") == (EvaluationSpec(5),)
    for number in ("0", "-1", "1001", "2.0", "true", "two", "[2]", "''"):
        with pytest.raises(UserError, match=r"line 17: repeats .* must be a whole number from 1 to 1000"):
            evaluations(f"[{{nfold: 5, repeats: {number}}}]")
    with pytest.raises(UserError, match="nfold 5 is asked for with different repeats; keep one of them"):
        evaluations("[{nfold: 5}, {nfold: 5, repeats: 2}]")


REPLACED = [
    ("className: mood", "className: a/b", 1, "cannot be part of a file name"),
    ("className: mood", "className:", 1, "className must be one word"),
    ("className: mood\n", "", 1, "the project lacks the key 'className'"),
    ("filelist: ../list.yaml", "filelist: [a]", 4, "filelist must be one word"),
    (
        "filelist: ../list.yaml",
        "filelists: a",
        4,
        "unknown key 'filelists' in a project; known keys are templateVersion",
    ),
    ("type: C-SVC", "type: nu-SVC", 12, "type 'nu-SVC' is not supported; use C-SVC"),
    ("kernel: RBF", "kernel: sigmoid", 13, "kernel sigmoid is not supported"),
    ("kernel: RBF", "kernel: [RBF, foo]", 13, "kernel is 'foo'; it must be poly, RBF"),
    ("kernel: RBF", "kernel: []", 13, "kernel is an empty list"),
    ("kernel: RBF", "kernel: {a: b}", 13, "kernel must be one word"),
    ("C: 1", "C: [1, two]", 14, "C is 'two'; it must be a number"),
    ("C: 1", "C: .inf", 14, "between -1000 and 1000"),
    ("C: 1", "C: .nan", 14, "between -1000 and 1000"),
    ("C: 1", "C: 1001", 14, "between -1000 and 1000"),
    ("C: 1", "C: true", 14, "C is 'true'"),
    ("C: 1", "C:", 14, "C is empty"),
    ("gamma: -3", "gamma: [[1]]", 15, "gamma is a list"),
    ("    gamma: -3\n", "", 11, "an svm entry lacks the key 'gamma'"),
    ("balanceClasses: true", "balanceClasses: 1", 16, "true or false"),
    ("balanceClasses: true", "balanceClasses: 'true'", 16, "true or false"),
    ("balanceClasses: true", "balanceClasses: true\n    degree: 3", 17, "unknown key 'degree' in an svm entry"),
    ("preprocessing: basic", "preprocessing: [basic, nope]", 11, "unknown preprocessing 'nope'"),
    ("  svm:", "  NN:", 10, "classifier NN is not supported"),
    ("  svm:", "  foo:", 10, "unknown classifier 'foo'"),
    ("basic: []", "basic: [{transfo: foo}]", 7, "unknown transfo 'foo'"),
    ("basic: []", "basic: [{transfo: remove}]", 7, "remove needs the parameter 'descriptorNames'"),
    ("basic: []", "basic: [{transfo: cleaner, params: {x: 1}}]", 7, "unknown key 'x' in the parameters of cleaner"),
    ("basic: []", "basic: [{transfo: normalize, params: {independent: 2}}]", 7, "independent is '2'"),
    ("basic: []", "basic: [{transfo: normalize, params: {type: variance}}]", 7, "unknown key 'type'"),
    ("basic: []", "basic: [{transfo: remove, param: 1}]", 7, "unknown key 'param'"),
    ("basic: []", "basic: [{params: {}}]", 7, "lacks the key 'transfo'"),
    ("basic: []", "basic: cleaner", 7, "a preprocessing step must be a mapping"),
    ("basic: []", "'*': []", 7, "cannot be called '*'"),
]


@pytest.mark.parametrize(("old", "new", "line", "part"), REPLACED, ids=[f"{n}-{r[1]}" for n, r in enumerate(REPLACED)])
def test_faults_name_the_line(tmp_path: Path, old: str, new: str, line: int, part: str) -> None:
    content = HEAD + PREPROCESSING + GRID
    assert load(tmp_path, content) and old in content
    with pytest.raises(UserError) as caught:
        load(tmp_path, content.replace(old, new, 1))
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'p.project'}, line {line}: ") and "\n" not in message
    assert part in message


@pytest.mark.parametrize(
    ("tail", "part"),
    [
        ("evaluations: {nfoldcrossvalidation: {nfold: 1}}", "nfold is '1'"),
        ("evaluations: {nfoldcrossvalidation: {nfold: 5.0}}", "nfold is '5.0'"),
        ("evaluations: {nfoldcrossvalidation: {nfold: true}}", "nfold is 'true'"),
        ("evaluations: {nfoldcrossvalidation: {}}", "nfoldcrossvalidation lacks the key 'nfold'"),
        ("evaluations: {nfoldcrossvalidation: {nfold: 5, x: 1}}", "unknown key 'x'"),
        ("evaluations: {bootstrap: {n: 5}}", "unknown key 'bootstrap' in evaluations"),
        ("seed:", "seed is empty"),
        ("seed: .nan", "seed is '.nan'"),
        ("seed: true", "seed is 'true'"),
        ("numberProcesses: -1", "numberProcesses is '-1'"),
        ("numberProcesses: many", "numberProcesses is 'many'"),
        ("numberProcesses: true", "numberProcesses is 'true'"),
        ("clusterMode: 1", "clusterMode is '1'"),
        ("failOnUnmatched: maybe", "failOnUnmatched is 'maybe'"),
        ("excludedDescriptors: [[a]]", "excludedDescriptors must be one word"),
    ],
)
def test_faults_of_optional_keys(tmp_path: Path, tail: str, part: str) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path, f"{HEAD}{PREPROCESSING}{GRID}{tail}\n")
    assert f"line 17: {part}" in str(caught.value)


def test_several_evaluations_without_repetition(tmp_path: Path) -> None:
    tail = "evaluations: {nfoldcrossvalidation: [{nfold: [10, 5]}, {nfold: [5, 3]}]}\n"
    assert [e.nfold for e in load(tmp_path, HEAD + PREPROCESSING + GRID + tail).evaluations] == [10, 5, 3]


def test_a_grid_too_large_to_list(tmp_path: Path) -> None:
    values = list(range(-1000, 1001))
    grid = GRID.replace("C: 1", f"C: {values}").replace("gamma: -3", f"gamma: {values}")
    with pytest.raises(UserError, match="more than 1000000 combinations"):
        load(tmp_path, HEAD + PREPROCESSING + grid)


def test_no_classifiers(tmp_path: Path) -> None:
    for tail in ("", "classifiers:\n", "classifiers: {}\n", "classifiers: {svm: []}\n"):
        with pytest.raises(UserError, match=r"classifier|svm"):
            load(tmp_path, HEAD + PREPROCESSING + tail)


@pytest.mark.parametrize("transfo", STEPS)
@pytest.mark.parametrize("key", ["descriptorNames", "except", "independent", "other"])
def test_a_step_is_accepted_here_if_the_transformation_takes_it(tmp_path: Path, transfo: str, key: str) -> None:
    parameters = {"descriptorNames": ["*"]} if transfo in ("remove", "select", "enumerate", "gaussianize") else {}
    parameters[key] = True if key == "independent" else ["a"]
    try:
        make_step({"transfo": transfo, "params": parameters})
    except UserError:
        accepted = False
    else:
        accepted = True
    content = f"{HEAD}preprocessing: {{basic: [{{transfo: {transfo}, params: {json.dumps(parameters)}}}]}}\n{GRID}"
    if accepted:
        assert load(tmp_path, content).preprocessing["basic"] == (Step(transfo, parameters),)
    else:
        with pytest.raises(UserError, match=f"unknown key '{key}'"):
            load(tmp_path, content)
