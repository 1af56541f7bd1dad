"""The whole job on feature tables, in every format, and beside the same rows as descriptor files."""

import csv
import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from feature_tables import FORMATS, Rows, write
from whole_job import contents

import fastgrid
from fastgrid.cli import main
from fastgrid.common.errors import UserError
from fastgrid.project.schema import load_project

GRID = """\
classifiers:
  svm:
    - preprocessing: [basic, gaussianized]
      type: [C-SVC]
      kernel: [poly, RBF]
      C: [1, 5]
      gamma: [-3, -5]
      balanceClasses: [false]
evaluations:
  nfoldcrossvalidation:
    - nfold: [4]
"""
TEMPLATE = f"""\
className:
datasetsDirectory:
resultsDirectory:
excludedDescriptors:
preprocessing:
  basic: []
  gaussianized:
    - {{transfo: gaussianize, params: {{descriptorNames: '*'}}}}
{GRID}"""


def real_rows(data: Path, name: str, step: int) -> Rows:
    """Every `step`-th row of a real table whose last column is the class."""
    with gzip.open(data / "tables" / name, "rt", newline="") as file:
        _, *rows = csv.reader(file)
    chosen = rows[::step]
    values = np.array([row[:-1] for row in chosen], dtype=np.float64)
    return Rows(values, [row[-1] for row in chosen])


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("template") / "small.yaml"
    path.write_text(TEMPLATE)
    return str(path)


@pytest.fixture(scope="module")
def satimage(shared_data: Path) -> Rows:
    rows = real_rows(shared_data, "satimage_trn.csv.gz", 30)
    return Rows(rows.values / 7.0, rows.labels)


def train(table: Path, out: Path, template: str, *options: str, label: str | None = "label") -> Path:
    named = [] if label is None else ["--label", label]
    arguments = [str(out), "land", "--table", str(table), *named, "-t", template, "-q", "-j", "1", *options]
    assert main(["train_model_from_table", *arguments]) == 0
    return out


@pytest.fixture(scope="module")
def trained(satimage: Rows, template: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("satimage")
    return train(write(satimage, directory, "csv"), directory / "out", template)


@pytest.mark.parametrize("form", FORMATS[1:])
def test_every_format_gives_the_same_bytes(
    satimage: Rows, trained: Path, template: str, tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
):
    label = None if "npz" in form or form == "libsvm" else "label"
    table = write(satimage, tmp_path, form)
    out = train(table, tmp_path / "out", template, label=label)
    # What names the table: the project, pages, the layout of the kept table, and the records that hold none of these.
    apart = (".project", ".html", "layout.json")
    assert contents(out, *apart) == contents(trained, *apart)
    capsys.readouterr()
    model = str(trained / "land.model")
    assert main(["predict", model, "--table", str(table)]) == 0
    first = capsys.readouterr().out
    assert main(["predict", model, "--table", str(trained.parent / "table.csv")]) == 0
    assert capsys.readouterr().out == first
    assert len(first.splitlines()) == len(satimage.labels)


def test_the_same_rows_as_descriptor_files(satimage: Rows, template: str, tmp_path: Path):
    ids = [f"item{n:03d}" for n in range(len(satimage.labels))]
    rows = Rows(satimage.values, satimage.labels, ids)
    by_table = train(write(rows, tmp_path, "csv"), tmp_path / "by_table", template, "--id", "id")
    for item, label, row in zip(ids, rows.labels, rows.values.tolist(), strict=True):
        (tmp_path / "in" / label).mkdir(parents=True, exist_ok=True)
        text = json.dumps(dict(zip(rows.columns, row, strict=True)))
        (tmp_path / "in" / label / f"{item}.json").write_text(text)
    by_files = tmp_path / "by_files"
    by_files.mkdir()
    keys = "className: land\ndatasetsDirectory: results/datasets\nresultsDirectory: results/results\n"
    lists = "filelist: results/filelist.yaml\ngroundtruth: results/groundtruth.yaml\n"
    head = f"# fastgrid project\n{keys}{lists}"
    (by_files / "land.project").write_text(head + TEMPLATE.partition("resultsDirectory:\n")[2])
    assert main(["train_model_from_sigs", str(tmp_path / "in"), str(by_files), "land", "-q", "-j", "1"]) == 0
    assert contents(by_files / "results/results") == contents(by_table / "results/results")
    for name in ("results/predictions.npz", "report.tsv", "results/folds.tsv"):
        assert (by_files / name).read_bytes() == (by_table / name).read_bytes(), name
    models = [fastgrid.Model.load(out / "land.model") for out in (by_files, by_table)]
    # The one on the table knows which column the ids were in; all else is the same, byte by byte.
    assert models[1].record.evaluation == {**models[0].record.evaluation, "id_column": "id"}
    for number, model in enumerate(models):
        replace(model, record=models[0].record).save(tmp_path / f"{number}.model")
    assert (tmp_path / "0.model").read_bytes() == (tmp_path / "1.model").read_bytes()


@pytest.mark.slow
def test_every_command_goes_on_with_the_project(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    project = str(trained / "land.project")
    before = contents(trained)
    assert main(["run_tests", project, "-q", "-j", "1"]) == 0
    assert main(["generate_params_report", project]) == 0
    assert main(["select_best_model", project, str(trained / "land.history"), "-q"]) == 0
    assert contents(trained) == before
    best = str(trained / "land.history.param")
    assert main(["retrain_model", project, best, str(tmp_path / "again.model"), "-q"]) == 0
    again, model = (fastgrid.Model.load(path) for path in (tmp_path / "again.model", trained / "land.model"))
    assert again.extraction.required == model.extraction.required
    capsys.readouterr()
    assert main(["errors", str(trained), "--format", "json"]) == 0
    missed = json.loads(capsys.readouterr().out)
    assert missed and {item["path"] for item in missed} == {str(trained.parent / "table.csv")}
    table, directory = str(trained.parent / "table.csv"), str(trained / "results")
    assert main(["train_model", table, table, project, directory, str(trained / "land.history"), "-q"]) == 0
    assert contents(trained) == before


def test_results_on_other_classes_are_not_believed(satimage: Rows, template: str, tmp_path: Path):
    table = write(satimage, tmp_path, "csv")
    out = train(table, tmp_path / "out", template)
    lines = table.read_text().splitlines()
    other = next(label for label in satimage.labels if label != satimage.labels[0])
    lines[1] = f"{lines[1].rpartition(',')[0]},{other}"
    table.write_text("\n".join(lines) + "\n")
    with pytest.raises(UserError, match=r"the project or its ground truth has changed since these results"):
        fastgrid.errors(out)
    assert main(["run_tests", str(out / "land.project"), "-q", "-j", "1"]) == 0
    assert fastgrid.errors(out).n_items == len(satimage.labels)
    table.unlink()
    with pytest.raises(UserError, match=r"table\.csv: there is no such file"):
        fastgrid.errors(out)


def test_gtzan_with_ids_exclusions_and_the_text_that_is_not_used(
    shared_data: Path, template: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with gzip.open(shared_data / "tables/gtzan_30s.csv.gz", "rt") as file:
        header, *rows = file
    table = tmp_path / "gtzan.csv"
    table.write_text(header + "".join(rows[::12]))
    out = train(table, tmp_path / "named", template, "--id", "filename", "--exclude", "length", "--exclude", "*_var")
    facts = json.loads((out / "results/dataset.json").read_text())
    assert {entry["name"] for entry in facts["left_out_descriptors"]} >= {".length", ".mfcc1_var", ".rms_var"}
    assert facts["descriptors"] == 29 and facts["items"] == 84
    assert "blues.00000.wav\tblues\t" in (out / "results/folds.tsv").read_text()
    capsys.readouterr()
    out = train(table, tmp_path / "plain", template, "--exclude", "length")
    said = capsys.readouterr().err
    assert "text is not used unless a step enumerates it: .filename" in said
    assert "row000001\tblues\t" in (out / "results/folds.tsv").read_text()


@pytest.mark.parametrize("step", [13])
def test_the_default_template_with_groups_of_a_column(shared_data: Path, tmp_path: Path, step: int):
    rows = real_rows(shared_data, "segment.csv.gz", step)
    table = write(rows, tmp_path, "csv")
    lines = table.read_text().splitlines()
    grouped = [f"{line},{'piece' if n == 0 else n // 3}" for n, line in enumerate(lines)]
    table.write_text("\n".join(grouped) + "\n")
    arguments = ["--table", str(table), "--label", "label", "--groups", "piece", "-q"]
    directories = [str(tmp_path / "sets"), str(tmp_path / "results")]
    path = tmp_path / "parts.project"
    assert main(["generate_classification_project", str(path), *directories, *arguments]) == 0
    project = load_project(path)
    assert (project.class_name, len(project.combinations())) == ("parts", 864)
    assert project.groups is not None and (project.groups.kind, project.groups.name) == ("column", "piece")
    small = path.read_text().replace("C: [-5, -3, -1, 1, 3, 5, 7, 9, 11]", "C: [1]")
    path.write_text(small.replace("gamma: [3, 1, -1, -3, -5, -7, -9, -11]", "gamma: [-3]"))
    assert main(["run_tests", str(path), "-q", "-j", "1"]) == 0
    with (tmp_path / "results/folds.tsv").open(newline="") as file:
        folds = list(csv.DictReader(file, dialect="excel-tab"))
    of_group: dict[str, set[str]] = {}
    for row in folds:
        of_group.setdefault(row["group"], set()).add(row["fold"])
    assert len(folds) == len(rows.labels) and len(of_group) == len(folds) // 3 + 1
    assert all(len(found) == 1 for found in of_group.values())


def test_a_file_of_groups(satimage: Rows, template: str, tmp_path: Path):
    table = write(satimage, tmp_path, "csv")
    groups = tmp_path / "groups.csv"
    groups.write_text("id,group\n" + "".join(f"row{n + 1:06d},{n // 2}\n" for n in range(len(satimage.labels))))
    out = train(table, tmp_path / "out", template, "--groups", str(groups))
    assert load_project(out / "land.project").groups.kind == "file"
    assert "row000001\t" + satimage.labels[0] + "\t0\t" in (out / "results/folds.tsv").read_text()


def test_the_qid_of_libsvm_text_keeps_rows_together(satimage: Rows, template: str, tmp_path: Path):
    table = write(satimage, tmp_path, "libsvm")
    lines = [line.split(" ", 1) for line in table.read_text().splitlines()]
    table.write_text("".join(f"{label} qid:{n // 3} {rest}\n" for n, (label, rest) in enumerate(lines)))
    out = train(table, tmp_path / "out", template, label=None)
    assert load_project(out / "land.project").groups.name == "qid"
    # The same command goes on. A template has no say any more.
    assert train(table, out, template, label=None) == out


def test_enumerated_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rng = np.random.default_rng(3)
    keys = rng.choice(["C", "D", "E"], size=60)
    table = tmp_path / "keys.csv"
    lines = (f"{key},{rng.normal():.4f},{'low' if key == 'C' else 'high'}\n" for key in keys)
    table.write_text("key,noise,label\n" + "".join(lines))
    template = tmp_path / "template.yaml"
    step = "- {transfo: enumerate, params: {descriptorNames: '*'}}"
    template.write_text(TEMPLATE.replace("basic: []", f"basic: [{step[2:]}]").replace("[basic, gaussianized]", "basic"))
    out = train(table, tmp_path / "out", str(template))
    capsys.readouterr()
    assert main(["predict", str(out / "land.model"), "--table", str(table), "--format", "table"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("id") and lines[1].endswith("row000001")
    assert [line.split()[0] for line in lines[1:]] == ["low" if key == "C" else "high" for key in keys]


def test_ids_of_predictions_are_those_of_the_training(
    satimage: Rows, template: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    ids = [f"item{n:03d}" for n in range(len(satimage.labels))]
    table = write(Rows(satimage.values, satimage.labels, ids), tmp_path, "csv")
    model = str(train(table, tmp_path / "out", template, "--id", "id") / "land.model")

    def first_id(path: Path, *options: str) -> str:
        capsys.readouterr()
        assert main(["predict", model, "--table", str(path), *options]) == 0
        return json.loads(capsys.readouterr().out.splitlines()[0])["id"]

    assert first_id(table) == "item000"
    assert first_id(table, "--id", "id") == "item000"
    (tmp_path / "without").mkdir()
    assert first_id(write(satimage, tmp_path / "without", "csv")) == "row000001"


# What is refused


def mistake(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(list(arguments)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_another_table_is_not_taken_for_the_one_of_the_project(
    satimage: Rows, template: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    table = write(satimage, tmp_path, "csv")
    out = train(table, tmp_path / "out", template, "--exclude", "feature_0001")
    command = ["train_model_from_table", str(out), "land", "-q", "-j", "1"]
    before = contents(out)
    other = write(satimage, tmp_path, "tsv")
    assert "its table (--table) is" in mistake(capsys, *command, "--table", str(other), "--label", "label")
    same = [*command, "--table", str(table), "--label", "label"]
    assert "its idColumn (--id) is nothing, not 'feature_0002'" in mistake(capsys, *same, "--id", "feature_0002")
    assert "its excludedDescriptors (--exclude) is '.feature_0001', not '.feature_0002'" in mistake(
        capsys, *same, "--exclude", "feature_0002"
    )
    assert "has no groups; write 'groups: feature_0003' into it" in mistake(capsys, *same, "--groups", "feature_0003")
    assert contents(out) == before
    # --force begins anew.
    assert main([*same, "--force", "-t", template]) == 0


def test_mistakes_are_found_before_anything_is_written_or_removed(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    table = tmp_path / "t.csv"
    table.write_text("a,label\n1,x\n2,x\n3,y\n")
    out = tmp_path / "out"
    command = ["train_model_from_table", str(out), "land", "--table", str(table)]
    assert "which column holds the classes? name it: --label COLUMN" in mistake(capsys, *command)
    assert "has no column 'lab' (label); similar are label" in mistake(capsys, *command, "--label", "lab")
    named = [*command, "--label", "label"]
    assert "--exclude 'b' matches no column; correct it" in mistake(capsys, *named, "--exclude", "b")
    assert "has no column 'b' (groups)" in mistake(capsys, *named, "--groups", "b")
    assert "groups: is parent-folder, which is for descriptor files" in mistake(
        capsys, *named, "--groups", "parent-folder"
    )
    assert not out.exists()
    assert "class y has one usable row only (row000003); add rows of it" in mistake(capsys, *named, "-q")
    table.write_text("a,label\n1,x\ntwo,x\n3,y\n")
    bad = ["train_model_from_table", str(tmp_path / "new"), "land", "--table", str(table), "--label", "label"]
    assert "t.csv, line 3: column 'a' holds 'two', which is no number" in mistake(capsys, *bad)
    assert not list((tmp_path / "new").glob("*.project"))
    before = contents(trained)
    again = ["train_model_from_table", str(trained), "land", "--force", "--table", str(table), "--label", "label"]
    assert "t.csv, line 3: column 'a' holds 'two'" in mistake(capsys, *again)
    own = ["train_model_from_table", str(trained), "land", "--table", str(trained / "report.tsv"), "--label", "rank"]
    assert "lies where this training writes its results" in mistake(capsys, *own)
    force = ["train_model_from_table", str(trained), "land", "--force", "--table", str(tmp_path / "no.csv")]
    assert "there is no such file" in mistake(capsys, *force, "--label", "label")
    assert contents(trained) == before
    table.write_text("a,label\n" + "".join(f"{n},{'xy'[n % 2]}\n" for n in range(20)))
    # What finds a mistake leaves nothing that the corrected command would have to go by.
    for mode in (["--dry-run"], []):
        assert main([*bad, "-q", *mode, "--exclude", "a", "-j", "1"]) == 2
        assert not list((tmp_path / "new").glob("*.project"))
    capsys.readouterr()
    assert main([*bad, "-q", "--dry-run", "--exclude", "label", "-j", "1"]) == 0
    assert "matches no column" not in capsys.readouterr().err
    table.write_text("a,b,label\n" + "".join(f"{n},{n or 'nan'},{'xy'[n % 2]}\n" for n in range(20)))
    assert main([*bad[:1], str(tmp_path / "more"), *bad[2:], "-q", "--dry-run", "-j", "1"]) == 0
    assert "warning: left out 1 descriptor (is missing or NaN in line 2): .b\n" in capsys.readouterr().err
    for wrong in (" label", "LABEL"):
        line = mistake(capsys, *bad[:1], str(tmp_path / "none"), *bad[2:-1], wrong)
        assert f"has no column '{wrong}' (label); similar are label" in line
    # More folds than items is mended in the project, which therefore stays.
    table.write_text("a,label\n1,x\n2,x\n3,y\n4,y\n")
    assert "lower nfold in this file" in mistake(capsys, *bad[:1], str(tmp_path / "few"), *bad[2:], "-q", "-j", "1")
    assert (tmp_path / "few/land.project").exists()
    for content, words in ((b"PAR1", "give --table-format parquet"), (b"PK\3\4", "is a zip archive, not text")):
        table.write_bytes(content + bytes(100))
        assert words in mistake(capsys, *bad[:1], str(tmp_path / "none"), *bad[2:])


def test_prediction(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    model, table = str(trained / "land.model"), tmp_path / "t.csv"
    header, first, second = (trained.parent / "table.csv").read_text().splitlines()[:3]
    table.write_text(f"{header}\n{first}\n{second.replace(second.partition(',')[0], '', 1)}\n{second}\n")
    capsys.readouterr()
    assert main(["predict", model, "--table", str(table)]) == 2
    said = capsys.readouterr()
    assert [json.loads(line)["id"] for line in said.out.splitlines()] == ["row000001", "row000003"]
    assert "t.csv: row000002: line 3: column 'feature_0001' is empty or holds NaN" in said.err
    assert "row000002: line 3: column" in mistake(capsys, "predict", model, "--table", str(table), "--strict")
    table.write_text("feature_0001,b\n1,2\n")
    assert "has no column 'feature_0002' (the model was trained on it)" in mistake(
        capsys, "predict", model, "--table", str(table)
    )
    table.write_text(header + "\n")
    assert main(["predict", model, "--table", str(table)]) == 0
    assert capsys.readouterr().err == f"warning: {table}: holds no rows\n"
    assert "is a directory where a table is needed" in mistake(capsys, "predict", model, "--table", str(tmp_path))
    assert main(["predict", model, str(table)]) == 2
    assert "a feature table is given as --table FILE" in capsys.readouterr().err
    assert "give either FILE ... or --table TABLE" in mistake(capsys, "predict", model)
    assert "--id and --table-format go with --table" in mistake(capsys, "predict", model, "x.json", "--id", "id")
    lists = ["a.yaml", "b.yaml", "c.project", "d", "e"]
    assert "--label goes with --table" in mistake(capsys, "generate_classification_project", *lists, "--label", "label")


def test_project_files(satimage: Rows, template: str, trained: Path, tmp_path: Path):
    path = tmp_path / "p.project"
    text = (trained / "land.project").read_text()

    def refused(changed: str) -> str:
        path.write_text(changed)
        with pytest.raises(UserError) as caught:
            load_project(path)
        return str(caught.value)

    assert "groundtruth and table exclude each other" in refused(f"{text}groundtruth: gt.yaml\n")
    assert "tableFormat is 'xlsx'; it must be one of csv, tsv" in refused(f"{text}tableFormat: xlsx\n")
    assert "groups is parent-folder, which is for" in refused(f"{text}groups: parent-folder\n")
    without = "".join(line for line in text.splitlines(True) if not line.startswith("table:"))
    assert "labelColumn is there without a table" in refused(without)
    # A project on a table, and one on descriptor files, may each be the template of the other.
    table = write(satimage, tmp_path, "csv")
    again = fastgrid.generate_project_from_table(
        table,
        tmp_path / "q.project",
        tmp_path / "d",
        tmp_path / "r",
        label_column="label",
        template=trained / "land.project",
    )
    assert (again.table.path, again.class_name) == (table, "q")
    beta = fastgrid.generate_project_from_table(
        table, tmp_path / "r.project", tmp_path / "d", tmp_path / "r", label_column="label", template="2.1-beta5"
    )
    assert beta.table == again.table and "\nfilelist:\n" in beta.path.read_text()
