"""Result files, parameter files, names of results and .sig files."""

import random
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fastgrid.common.errors import UserError
from fastgrid.project.combinations_spec import CombinationSpec, EvaluationSpec
from fastgrid.project.names import combination_stem, file_name_part, result_stems
from fastgrid.project.param_files import param_text, read_param, write_param
from fastgrid.project.result_files import ResultWriter, read_result
from fastgrid.project.sig_files import sig_text, write_sig

RBF = CombinationSpec("gaussianized", "RBF", 3, -5, True)
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


def naive_result(labels: dict, ids: list, fold: list, classes: list, predicted: list) -> dict:
    matrix: dict = {}
    for number in sorted(set(fold)):
        for item in labels:
            if item in ids and fold[ids.index(item)] == number and predicted[ids.index(item)] >= 0:
                cell = matrix.setdefault(labels[item], {}).setdefault(classes[predicted[ids.index(item)]], [])
                cell.append(item)
    return {"fold": dict(zip(ids, fold, strict=True)), "matrix": matrix}


@given(st.data())
def test_result_text_is_what_pyyaml_would_write(data: st.DataObject) -> None:
    classes = data.draw(st.lists(words, min_size=1, max_size=4, unique=True))
    labels = data.draw(st.dictionaries(words, st.sampled_from(classes), min_size=1, max_size=8))
    ids = data.draw(st.permutations(list(labels)))[: data.draw(st.integers(1, len(labels)))]
    fold = data.draw(st.lists(st.integers(0, 4), min_size=len(ids), max_size=len(ids)))
    predicted = data.draw(st.lists(st.integers(-1, len(classes) - 1), min_size=len(ids), max_size=len(ids)))
    expected = naive_result(labels, ids, fold, classes, predicted)
    written = ResultWriter(labels, ids, np.array(fold), classes).text(np.array(predicted, dtype=np.int16))
    assert yaml.safe_load(written) == expected


def test_result_text_equals_safe_dump_and_is_read_back(tmp_path: Path) -> None:
    labels = {"b_2": "yes", "a": "metal", "0": "yes", "it's é": "metal", "c d": "yes"}
    ids = sorted(labels)
    classes = ["yes", "metal"]
    fold, predicted = [0, 1, 0, 1, 0], [0, 0, 1, 1, 0]
    writer = ResultWriter(labels, ids, fold, classes)
    expected = naive_result(labels, ids, fold, classes, predicted)
    assert writer.text(predicted) == yaml.safe_dump(expected, default_flow_style=False, allow_unicode=True)
    writer.write(tmp_path / "a.result", predicted)
    read = read_result(tmp_path / "a.result")
    assert {"fold": read.fold, "matrix": read.matrix} == expected
    assert yaml.safe_load(writer.text([-1] * 5))["matrix"] == {}


def test_long_class_and_id_names(tmp_path: Path) -> None:
    label, item = "c " * 700, "i " * 700
    ResultWriter({item: label}, [item], [0], [label]).write(tmp_path / "a.result", [0])
    read = read_result(tmp_path / "a.result")
    assert (read.fold, read.matrix) == ({item: 0}, {label: {label: [item]}})


def test_order_in_a_cell_is_fold_by_fold_then_ground_truth() -> None:
    labels = {"z": "a", "y": "a", "x": "a", "w": "a"}
    written = ResultWriter(labels, ["w", "x", "y", "z"], [1, 0, 1, 0], ["a"]).text([0, 0, 0, 0])
    assert yaml.safe_load(written)["matrix"] == {"a": {"a": ["z", "x", "y", "w"]}}


def test_scalars_are_dumped_once_for_all_files(monkeypatch: pytest.MonkeyPatch) -> None:
    from fastgrid.project import result_files

    chance = random.Random(1)
    classes = [f"class {n}" for n in range(8)]
    labels = {f"item {n:03}": classes[n % 8] for n in range(360)}
    calls = []
    monkeypatch.setattr(result_files, "scalar_text", lambda text: calls.append(text) or text)
    writer = ResultWriter(labels, list(labels), [n % 5 for n in range(360)], classes)
    for _ in range(20):
        writer.text([chance.randrange(8) for _ in labels])
    assert len(calls) == 360 + 8 + 8


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("fold: {a: 0}\n", "lacks the key 'matrix'"),
        ("fold: {a: x}\nmatrix: {}\n", "line 1: the fold of 'a' must be a whole number"),
        ("fold: {a: -1}\nmatrix: {}\n", "whole number"),
        ("fold: {a: [1]}\nmatrix: {}\n", "whole number"),
        ("fold: [a]\nmatrix: {}\n", "fold must be a mapping"),
        ("fold: {a: 0}\nmatrix: {x: [a]}\n", "row x must be a mapping"),
        ("fold: {a: 0}\nmatrix: {x: {y: {a: b}}}\n", "cell x/y must be a list of ids"),
        ("fold: {a: 0}\nmatrix: {x: {y: [b]}}\n", "id 'b' of the matrix has no fold"),
        ("fold: {a: 0}\nmatrix: {x: {y: [a], z: [a]}}\n", "id 'a' stands in the matrix twice"),
        ("fold: {a: 0}\nmatrix: {}\nother: 1\n", "line 3: unknown key 'other'"),
        ("a: !!python/name:x y\n", "tag"),
        ("\x00\x01\x02", "not valid YAML"),
    ],
)
def test_result_faults(tmp_path: Path, content: str, part: str) -> None:
    path = tmp_path / "a.result"
    path.write_text(content)
    with pytest.raises(UserError) as caught:
        read_result(path)
    assert part in str(caught.value) and str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_result_with_an_empty_cell(tmp_path: Path) -> None:
    (tmp_path / "a.result").write_text("fold: {0: 1}\nmatrix: {yes: {no: [], 1: [0]}}\n")
    assert read_result(tmp_path / "a.result").matrix == {"yes": {"no": [], "1": ["0"]}}


def test_param_of_gaia(shared_data: Path, tmp_path: Path) -> None:
    golden = shared_data / "gaia_run" / "best.param"
    combination, evaluation = read_param(golden)
    assert combination == CombinationSpec("lowlevel", "RBF", 7, -11, True)
    assert type(combination.c_exponent) is int
    assert evaluation == EvaluationSpec(5)
    write_param(tmp_path / "a.param", combination, evaluation)
    assert (tmp_path / "a.param").read_bytes() == golden.read_bytes()


@pytest.mark.parametrize(
    "combination",
    [
        RBF,
        CombinationSpec("0", "linear", 0.5, -1000, False),
        CombinationSpec("a", "poly", 1, 2, True, descriptor_names=("mfcc*", "*"), exclude=("a,b", "yes")),
    ],
)
def test_param_round_trip(tmp_path: Path, combination: CombinationSpec) -> None:
    (tmp_path / "a.param").write_text(param_text(combination, EvaluationSpec(10)))
    back = read_param(tmp_path / "a.param")
    assert back == (combination, EvaluationSpec(10))
    assert type(back[0].c_exponent) is type(combination.c_exponent)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("  nfold: 5\n", "  nfold: 5\n  x: 1\n", "line 3: unknown key 'x' in evaluation"),
        ("  kernel: RBF\n", "  kernel: RBF\n  degree: 3\n", "line 10: unknown key 'degree' in model"),
        ("  C: 3\n", "", "model lacks the key 'C'"),
        ("  C: 3\n", "  C: [3]\n", "line 5: C is a list"),
        ("  classifier: svm\n", "  classifier: NN\n", "line 7: classifier 'NN' is not supported"),
        ("type: nfoldcrossvalidation", "type: foo", "line 3: evaluation 'foo' is unknown"),
        ("balanceClasses: true", "balanceClasses: perhaps", "line 6: balanceClasses is 'perhaps'"),
    ],
)
def test_param_faults(tmp_path: Path, old: str, new: str, part: str) -> None:
    text = param_text(RBF, EvaluationSpec(5))
    assert old in text
    (tmp_path / "a.param").write_text(text.replace(old, new))
    with pytest.raises(UserError) as caught:
        read_param(tmp_path / "a.param")
    assert part in str(caught.value)


def test_stems_are_readable() -> None:
    assert combination_stem("music", RBF) == "music_gaussianized_rbf_C+3_gamma-5_balanced"
    plain = CombinationSpec("basic", "poly", -0.5, 0, False)
    assert combination_stem("music", plain) == "music_basic_poly_C-0.5_gamma+0_unbalanced"
    stems = result_stems("music", [RBF, plain], [EvaluationSpec(5), EvaluationSpec(10)])
    assert stems[1] == tuple(f"{stem}_10fold" for stem in stems[0])


@given(
    st.lists(
        words | st.sampled_from(["a b", "a_b", "a-b", "MFCC", "mfcc", "Mfcc", "é", "é", ".", "..", "a/b", "con"]),
        unique=True,
    )
)
def test_parts_differ_even_where_case_is_ignored(names: list[str]) -> None:
    parts = [file_name_part(name) for name in names]
    assert len({part.casefold() for part in parts}) == len(names)
    assert all(part.isascii() and not set(part) & set('/\\:*?"<>| \0\n') and len(part) <= 52 for part in parts)


specs = st.builds(
    CombinationSpec,
    preprocessing=words | st.sampled_from(["a", "a_rbf_C+1_gamma+1_balanced", "x" * 300]),
    kernel=st.sampled_from(["poly", "RBF", "linear"]),
    c_exponent=st.integers(-20, 20) | st.floats(-1000, 1000),
    gamma_exponent=st.integers(-20, 20) | st.floats(-1000, 1000),
    balance_classes=st.booleans(),
    descriptor_names=st.sampled_from([("*",), ("a",), ("a", "b"), ("a, b",)]),
    exclude=st.sampled_from([(), ("a",), ("b",)]),
)


@given(
    st.lists(specs, unique=True, max_size=8), st.lists(st.builds(EvaluationSpec, st.integers(2, 10_000)), unique=True)
)
def test_stems_are_unique_and_fit(combinations: list, evaluations: list) -> None:
    name = "é" * 40
    stems = [stem for row in result_stems(name, combinations, evaluations) for stem in row]
    assert len(set(stems)) == len(combinations) * len(evaluations)
    assert all(len(f"{stem}.result".encode()) <= 255 for stem in stems)


def test_sig_leaves_out_what_gaias_converter_leaves_out(tmp_path: Path) -> None:
    document = {
        "metadata": {
            "version": {"essentia": "2.1-beta6-dev", "looks": "1e5"},
            "audio_properties": {"sample_rate": 44100, "lossless": 0, "length": 30, "analysis": {"sample_rate": 44100}},
            "tags": {"file_name": "x"},
        },
        "lowlevel": {"m": [[1.5, 2], [3.0, 1e-30]], "empty": [], "words": ["5", "C#"], "flag": True},
    }
    untouched = repr(document)
    write_sig(document, tmp_path / "a.sig")
    assert repr(document) == untouched
    text = (tmp_path / "a.sig").read_text()
    assert yaml.safe_load(text) == {
        "metadata": {
            "version": {"essentia": "2.1-beta6-dev", "looks": "1e5"},
            "audio_properties": {"length": 30, "analysis": {"sample_rate": 44100}},
        },
        "lowlevel": {"m": [[1.5, 2], [3.0, 1e-30]], "empty": [], "words": ["5", "C#"], "flag": True},
    }
    assert "looks: '1e5'\n" in text and "- '5'\n" in text and "- - 1.5\n" in text


def test_sig_without_metadata() -> None:
    assert sig_text({"a": {"b": 1}}) == "a:\n  b: 1\n"
    assert sig_text({"metadata": "text"}) == "metadata: text\n"


@given(st.floats(width=32, allow_nan=False))
def test_sig_numbers_keep_their_float32(value: float) -> None:
    back = yaml.safe_load(sig_text({"a": value}))["a"]
    assert np.float32(back) == np.float32(value)


def test_sig_of_real_files(shared_data: Path) -> None:
    import json

    for path in sorted((shared_data / "game_music").glob("*/*_000.json"))[:2]:
        document = json.loads(path.read_text())
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        back = yaml.load(sig_text(document), Loader=loader)
        del document["metadata"]["tags"]
        del document["metadata"]["audio_properties"]["sample_rate"]
        del document["metadata"]["audio_properties"]["lossless"]
        assert back == document
