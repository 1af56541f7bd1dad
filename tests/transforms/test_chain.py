"""Chains, and how a project's entries become one."""

import pytest
from sklearn.exceptions import NotFittedError
from transform_tables import assert_same_table, make_table

from fastgrid.common.errors import UserError
from fastgrid.transforms.chain import Chain, build_chain
from fastgrid.transforms.choosing import Remove, Select
from fastgrid.transforms.enumeration import Enumerate
from fastgrid.transforms.normalization import Normalize
from fastgrid.transforms.registry import STEPS, describe_step, make_step

TABLE = make_table({".a": [1, 2, 3], ".b": [[1, 2], [3, 4], [5, 5]], ".k": ["x", "y", "x"], ".s": [2, 2, 2]})


def test_each_step_sees_what_the_steps_before_it_left():
    chain = Chain([("first", Remove("b")), ("number", Enumerate("*")), ("scale", Normalize())])
    result = chain.fit_transform(TABLE)
    assert result.names == (".a", ".k")
    assert result.values.tolist() == [[0, 0], [0.5, 1], [1, 0]]
    assert_same_table(chain.transform(TABLE), result)
    assert_same_table(chain.fit(TABLE).transform(TABLE), result)


def test_what_matched_nothing_and_what_was_left_out_is_told_by_step():
    chain = Chain([("first", Remove(["b", "none"])), ("scale", Normalize(["*", "b"]))]).fit(TABLE)
    assert chain.unmatched_ == ["first: none", "scale: b"]
    assert list(chain.left_out_) == [".s"]
    assert chain.left_out_[".s"].startswith("scale: has a single value")


def test_a_chain_without_steps_changes_nothing():
    assert Chain([]).fit_transform(TABLE) is TABLE
    assert build_chain([]).transform(TABLE) is TABLE


def test_a_chain_may_end_without_descriptors():
    chain = build_chain(
        [
            {"transfo": "select", "params": {"descriptorNames": "none"}},
            {"transfo": "normalize"},
            {"transfo": "gaussianize", "params": {"descriptorNames": "*"}},
            {"transfo": "cleaner"},
        ]
    )
    result = chain.fit_transform(TABLE)
    assert result.descriptors == () and result.values.shape == (3, 0) and result.text.shape == (3, 0)
    assert chain.transform(TABLE).descriptors == ()


def test_names_of_steps_differ():
    with pytest.raises(ValueError, match="same name"):
        Chain([("a", Remove("x")), ("a", Select("y"))])


def test_not_fitted():
    with pytest.raises(NotFittedError):
        Chain([("a", Remove("x"))]).transform(TABLE)


def test_an_error_names_its_step():
    ambiguous = make_table({".a.m": [1, 2], ".b.m": [1, 2]})
    with pytest.raises(UserError, match=r"step select: .*ambiguous"):
        build_chain([{"transfo": "select", "params": {"descriptorNames": "m"}}]).fit(ambiguous)
    fitted = build_chain([{"transfo": "normalize"}]).fit(TABLE)
    with pytest.raises(UserError, match=r"step normalize: descriptor \.a: holds 2 real"):
        fitted.transform(make_table({".a": [[1, 2]]}))


def test_every_transfo_of_a_project_in_any_case():
    needs = {"remove", "select", "enumerate", "gaussianize"}
    for name, step in STEPS.items():
        params = {"descriptorNames": "x"} if name in needs else {}
        assert type(make_step({"transfo": name.upper(), "params": params})) is step
    assert set(STEPS) == {
        *("remove", "select", "enumerate", "normalize", "gaussianize", "cleaner", "fixlength", "removevl")
    }


def test_parameters_reach_the_step():
    params = {"descriptorNames": ["a", "b*"], "except": "c", "independent": True}
    step = make_step({"transfo": "normalize", "params": params})
    assert step.get_params() == {"descriptor_names": ("a", "b*"), "except_": ("c",), "independent": True}
    assert describe_step(step) == {
        "transfo": "normalize",
        "params": {"descriptorNames": ["a", "b*"], "except": ["c"], "independent": True},
    }
    assert make_step({"transfo": "normalize", "params": None}).get_params() == Normalize().get_params()


def test_steps_are_named_after_their_transfo():
    remove = {"transfo": "remove", "params": {"descriptorNames": "a"}}
    chain = build_chain([remove, {"transfo": "cleaner"}, remove, remove])
    assert [name for name, _ in chain.steps] == ["remove", "cleaner", "remove-2", "remove-3"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("remove", "a step is a mapping"),
        (None, "a step is a mapping"),
        ({"params": {}}, "key 'transfo'"),
        ({"transfo": "normalise"}, "unknown transfo 'normalise'; use one of remove, select"),
        ({"transfo": 5}, "unknown transfo 5"),
        ({"transfo": ["remove"]}, "unknown transfo"),
        ({"transfo": "cleaner", "parameters": {}}, "unknown key 'parameters'"),
        ({"transfo": "cleaner", "params": ["x"]}, "cleaner: params is a mapping"),
        ({"transfo": "cleaner", "params": {"descriptorNames": "*"}}, "unknown parameter 'descriptorNames'.*none"),
        ({"transfo": "remove"}, "remove: needs the parameter descriptorNames"),
        ({"transfo": "gaussianize", "params": {"except": "a"}}, "gaussianize: needs the parameter"),
        ({"transfo": "remove", "params": {"descriptorNames": None}}, "remove: descriptorNames is a pattern or"),
        ({"transfo": "remove", "params": {"descriptorNames": ["a", 5]}}, "remove: descriptorNames is a pattern or"),
        ({"transfo": "remove", "params": {"descriptorNames": "a", "exept": "b"}}, "unknown parameter 'exept'"),
        ({"transfo": "enumerate", "params": {"descriptorNames": "a", "except": "b"}}, "unknown parameter 'except'"),
        ({"transfo": "normalize", "params": {"independent": "yes"}}, "independent is True or False"),
        ({"transfo": "normalize", "params": {"type": "variance"}}, "parameter 'type' is not supported"),
        ({"transfo": "normalize", "params": {"applyClipping": True}}, "'applyClipping' is not supported"),
        ({"transfo": "normalize", "params": {1: 2}}, "parameter 1 is not supported"),
    ],
)
def test_wrong_entries(entry, message):
    with pytest.raises(UserError, match=f"preprocessing step 2: .*{message}") as caught:
        build_chain([{"transfo": "cleaner"}, entry])
    assert "\n" not in str(caught.value)
