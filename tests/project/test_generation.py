"""Templates and the generation of project files."""

import shutil
import time
from pathlib import Path

import pytest
import yaml

from fastgrid.common.errors import UserError
from fastgrid.project.generation import generate_project
from fastgrid.project.schema import Project, load_project
from fastgrid.project.template_choice import choose_template, template_text
from fastgrid.project.template_filling import filled_template
from fastgrid.transforms.registry import describe_step, make_step

PREPROCESSINGS = ["raw", "basic", "lowlevel", "nobands", "normalized", "gaussianized", "mfcc"]


def generate(out: Path, **changes: object) -> Project:
    arguments: dict = {
        "class_name": "mood",
        "groundtruth": out / "results" / "groundtruth.yaml",
        "filelist": out / "results" / "filelist.yaml",
        "datasets_directory": out / "results" / "datasets",
        "results_directory": out / "results" / "results",
        "seed": 1,
        "template": "2.1-beta5",
    }
    return generate_project(out / "mood.project", **{**arguments, **changes})


@pytest.mark.parametrize(
    ("versions", "name", "note"),
    [
        (["2.1-beta2"], "2.1-beta2", None),
        (["2.1-beta5-dev", "2.1-beta5"], "2.1-beta5", None),
        (["2.1-beta6-dev"] * 3, "2.1-beta5", None),
        (["2.1-beta5", "2.1-beta6"], "2.1-beta2", "several extractor versions (2.1-beta5, 2.1-beta6)"),
        (["2.1-beta5", None], "2.1-beta2", "several extractor versions ((none), 2.1-beta5)"),
        (["1.2"], "2.1-beta2", "no template for extractor version 1.2"),
        (["2.1_beta1"], "2.1-beta2", "no template for extractor version 2.1_beta1"),
        (["2.1-rc"], "2.1-beta2", "no template for extractor version 2.1;"),
        (["-"], "2.1-beta2", "no template for extractor version (none)"),
        ([None, None], "2.1-beta2", "name no extractor version"),
        ([], "2.1-beta2", "name no extractor version"),
    ],
)
def test_choice(versions: list, name: str, note: str | None) -> None:
    chosen, reason = choose_template(iter(versions))
    assert chosen == name
    assert reason is None if note is None else note in (reason or "")


@pytest.mark.parametrize("name", ["2.1-beta2", "2.1-beta5"])
def test_default_grid(tmp_path: Path, name: str) -> None:
    project = generate(tmp_path, template=name)
    assert project == load_project(tmp_path / "mood.project")
    assert project.template_version == name
    assert list(project.preprocessing) == PREPROCESSINGS
    combinations = project.combinations()
    assert len(combinations) == 1728
    assert {c.preprocessing for c in combinations} == set(PREPROCESSINGS[1:])
    assert {c.kernel for c in combinations} == {"poly", "RBF"}
    assert {c.c_exponent for c in combinations} == {-5, -3, -1, 1, 3, 5, 7, 9, 11}
    assert {c.gamma_exponent for c in combinations} == {3, 1, -1, -3, -5, -7, -9, -11}
    assert {c.balance_classes for c in combinations} == {True, False}
    assert [(e.type, e.nfold) for e in project.evaluations] == [("nfoldcrossvalidation", 5)]
    assert project.excluded_descriptors == ("metadata.tags*",)
    assert not project.fail_on_unmatched


@pytest.mark.parametrize("name", ["2.1-beta2", "2.1-beta5"])
def test_steps_of_the_templates(tmp_path: Path, name: str) -> None:
    unused = ["metadata.*", "*dmean*", "*dvar*", "*.min", "*.max", "*cov", "tonal.thpcp"]
    unused += ["lowlevel.spectral_energyband_high.*", "lowlevel.silence_rate*"]
    strings = ["tonal.chords_key", "tonal.chords_scale"]
    if name == "2.1-beta5":
        unused += ["rhythm.bpm_histogram", "lowlevel.melbands128.*"]
        strings += [f"tonal.key_{k}.{what}" for k in ("krumhansl", "edma", "temperley") for what in ("key", "scale")]
    else:
        strings += ["tonal.key_key", "tonal.key_scale"]
    base = [("remove", {"descriptorNames": unused}), ("enumerate", {"descriptorNames": strings})]
    further: dict[str, list[tuple[str, dict]]] = {
        "basic": [],
        "lowlevel": [("select", {"descriptorNames": ["lowlevel*"]})],
        "nobands": [("remove", {"descriptorNames": ["barkbands*", "*energyband*", "melbands*", "erbbands*"]})],
        "normalized": [("normalize", {})],
        "gaussianized": [("normalize", {}), ("gaussianize", {"descriptorNames": ["lowlevel.*"]})],
        "mfcc": [("select", {"descriptorNames": ["lowlevel.mfcc*"]})],
    }
    preprocessing = generate(tmp_path, template=name).preprocessing
    assert preprocessing["raw"] == ()
    for key, steps in further.items():
        assert [(step.transformation, step.parameters) for step in preprocessing[key]] == base + steps


def test_comments_survive_and_pyyaml_reads_it(tmp_path: Path) -> None:
    generate(tmp_path, number_processes="all", cluster_mode=True)
    text = (tmp_path / "mood.project").read_text()
    original = template_text("2.1-beta6")[1]
    assert [line for line in text.splitlines() if "#" in line] == [
        line for line in original.splitlines() if "#" in line
    ]
    assert len(text.splitlines()) == len(original.splitlines())
    loaded = yaml.safe_load(text)
    assert loaded["className"] == "mood" and loaded["numberProcesses"] == "all" and loaded["clusterMode"] is True
    assert loaded["filelist"] == "results/filelist.yaml"


def test_a_moved_project_works(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    outside = tmp_path / "gt.yaml"
    before = generate(tmp_path / "out", groundtruth=outside)
    assert before.results_directory == tmp_path / "out" / "results" / "results"
    shutil.move(tmp_path / "out", tmp_path / "moved")
    after = load_project(tmp_path / "moved" / "mood.project")
    assert after.results_directory == tmp_path / "moved" / "results" / "results"
    assert after.groundtruth == before.groundtruth == outside


def test_the_current_directory_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    project = generate(Path(), filelist="elsewhere/../list.yaml")
    monkeypatch.chdir("/")
    assert load_project(tmp_path / "mood.project") == project
    assert project.filelist == tmp_path / "list.yaml"


@pytest.mark.parametrize(
    ("name", "directory"), [("yes", "a: b #c"), ("0123", "- x"), ("é", "日本 'q' \"d\""), ("mood 2", "%(seed)s")]
)
def test_odd_names(tmp_path: Path, name: str, directory: str) -> None:
    out = tmp_path / directory
    out.mkdir()
    project = generate(out, class_name=name, filelist=tmp_path / "x" / directory)
    assert project.class_name == name
    assert project.filelist == tmp_path / "x" / directory
    assert load_project(out / "mood.project") == project


def test_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1234.9)
    assert generate(tmp_path, seed=0).seed == 1234
    assert "seed: 1234\n" in (tmp_path / "mood.project").read_text()
    assert type(generate(tmp_path, seed=3.0).seed) is int
    assert generate(tmp_path, seed=2.5).seed == 2.5
    assert generate(tmp_path, seed="7").seed == "7"
    with pytest.raises(UserError, match="seed nan"):
        generate(tmp_path, seed=float("nan"))


def test_a_complete_project_as_template(tmp_path: Path) -> None:
    template = tmp_path / "mine.yaml"
    template.write_text(
        "className: &name old # the target\nseed: 5\nfilelist: |\n  old\ngroundtruth: 'old'\n"
        "resultsDirectory: *name\n# grid\nclassifiers:\n"
        "  svm: {type: C-SVC, kernel: linear, C: 1, gamma: 0, balanceClasses: no}\n"
        "evaluations: {nfoldcrossvalidation: {nfold: 3}}"
    )
    project = generate(tmp_path, template=template, seed=9, number_processes=2)
    text = (tmp_path / "mood.project").read_text()
    assert "className: &name mood # the target\nseed: 9\n" in text and "\n# grid\n" in text
    assert (project.seed, project.number_processes) == (9, 2)
    assert project.filelist == tmp_path / "results" / "filelist.yaml"
    assert project.datasets_directory == tmp_path / "results" / "datasets"
    assert len(project.combinations()) == 1


def test_placeholders_as_in_gaias_templates(tmp_path: Path) -> None:
    template = tmp_path / "gaia.yaml"
    template.write_text(
        "# project of %(className)s\nclassName: %(className)s\nseed: %(seed)s\nnumberProcesses: %(numberProcesses)s\n"
        "filelist: '%(filelist)s'\ngroundtruth: %(groundtruth)s\ndatasetsDirectory: %(datasetsDirectory)s\n"
        "resultsDirectory: %(resultsDirectory)s\nclusterMode: %(clusterMode)s\n"
        "classifiers: {svm: {type: C-SVC, kernel: linear, C: 1, gamma: 0, balanceClasses: no}}\n"
    )
    project = generate(tmp_path, template=template, filelist=tmp_path / "it's.yaml")
    assert project.filelist == tmp_path / "it's.yaml"
    assert project.number_processes is None
    assert (
        (tmp_path / "mood.project")
        .read_text()
        .startswith("# fastgrid project\n# project of mood\nclassName: mood\nseed: 1\n")
    )
    template.write_text("# %(nonsense)s\nclassName: x\n")
    with pytest.raises(UserError, match="unknown placeholder"):
        generate(tmp_path, template=template)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("", "is empty|lacks the key"),
        ("- a\n", "is no template"),
        ("{className: a}\n", "is no template"),
        ("className: [a]\n", "must be a single word"),
        ("className: a\nfoo: 1\n", "line 2: unknown key 'foo'"),
        ("className: a\nb: [\n", "not valid YAML"),
        ("className: a\nclassifiers: {svm: {type: x}}\n", "line 2: "),
        ("a: !!python/name:x y\n", "tag"),
        ("\x01", "not valid YAML"),
    ],
)
def test_bad_templates_leave_nothing(tmp_path: Path, content: str, part: str) -> None:
    (tmp_path / "t.yaml").write_text(content)
    with pytest.raises(UserError, match=part):
        generate(tmp_path, template=tmp_path / "t.yaml")
    assert [path.name for path in tmp_path.iterdir()] == ["t.yaml"]


def test_other_faults(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no such template; give one of 2\.1-beta2, 2\.1-beta5"):
        generate(tmp_path, template="nonsense")
    with pytest.raises(UserError, match="className"):
        generate(tmp_path, class_name="a/b")
    with pytest.raises(UserError, match="not valid Unicode"):
        generate(tmp_path, filelist="/x/\udcff")
    with pytest.raises(UserError, match="numberProcesses is '-1'"):
        generate(tmp_path, number_processes=-1)
    with pytest.raises(UserError, match="does not exist"):
        generate(tmp_path / "missing")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["2.1-beta2", "2.1-beta5"])
def test_the_transformations_take_the_steps_of_the_templates(tmp_path: Path, name: str) -> None:
    for steps in generate(tmp_path, template=name).preprocessing.values():
        for step in steps:
            described = describe_step(make_step(step.entry))
            assert described["transfo"] == step.transformation
            assert described["params"].items() >= dict(step.parameters).items()


def test_a_template_that_is_nested_deeply_is_refused_at_once() -> None:
    # The parser that knows places took time by the square of the depth.
    with pytest.raises(UserError, match=r"t\.yaml, line 2: .*nest"):
        filled_template("className:\na: " + "[" * 200_000, "t.yaml", {"className": "x"})
