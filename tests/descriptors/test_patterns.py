"""Descriptor patterns: Gaia's rules, the observed table on a real layout, and a naive matcher."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_transforms import naive_match

from fastgrid.common.errors import UserError
from fastgrid.descriptors.patterns import AmbiguousPatternError, expand, match

NAMES = (
    ".a.mean_x.mean",
    ".low.bands.dmean",
    ".low.bands.mean",
    ".low.bands_crest.mean",
    ".low.entropy",
    ".odd.[b].Mean",
    ".rhythm.bpm",
    ".rhythm.bpm_histogram.mean",
)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (".low.entropy", [".low.entropy"]),
        (".entropy", []),
        ("entropy", [".low.entropy"]),
        ("low.entropy", [".low.entropy"]),
        ("ow.entropy", []),
        ("low", []),
        ("bpm", [".rhythm.bpm"]),
        ("bpm*", [".rhythm.bpm", ".rhythm.bpm_histogram.mean"]),
        ("bands*", [".low.bands.dmean", ".low.bands.mean", ".low.bands_crest.mean"]),
        ("low.*.mean", [".low.bands.mean", ".low.bands_crest.mean"]),
        ("?ntropy", [".low.entropy"]),
        ("?low*", []),
        ("*bpm", [".rhythm.bpm"]),
        ("*.dmean", [".low.bands.dmean"]),
        ("*[bt]*", []),
        ("[b].*", [".odd.[b].Mean"]),
        ("*.Mean", [".odd.[b].Mean"]),
        ("LOW*", []),
        ("a.mean", []),
        ("mean_x.mean", [".a.mean_x.mean"]),
        ("", []),
        (".", []),
        ("*", NAMES),
        ("**", NAMES),
        (".*", NAMES),
        ("*\\.bpm", []),
    ],
)
def test_rules(pattern, expected):
    assert match(pattern, NAMES) == tuple(expected)


def test_only_the_first_place_in_a_name_counts():
    # At ``.mean_x`` the pattern fits but does not reach the end; the later ``.mean`` is not considered.
    assert match("mean", [".a.mean_x.mean"]) == ()
    assert match("mean*", [".a.mean_x.mean"]) == (".a.mean_x.mean",)


@pytest.mark.parametrize("pattern", ["mean", "mean*", "?ean"])
def test_matches_below_several_parents_are_ambiguous(pattern):
    with pytest.raises(AmbiguousPatternError) as caught:
        match(pattern, [".a.mean", ".b.mean", ".b.c.mean", ".b.d.mean"])
    message = str(caught.value)
    assert isinstance(caught.value, UserError)
    assert repr(pattern) in message and "'.a', '.b', '.b.c', ..." in message and "\n" not in message


def test_a_line_break_in_a_name_is_a_character_like_any_other():
    assert match("*b", [".a\nb"]) == match("a*b", [".a\nb"]) == (".a\nb",)
    assert match("*a", [".a\n"]) == ()


def test_many_stars_end_soon():
    assert match("*a" * 40 + "b", ["." + "a" * 2000]) == ()
    assert match("a" + "*a" * 40 + "b", ["." + "a" * 2000]) == ()


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet="ab.*?[", max_size=6),
    st.lists(st.text(alphabet="ab.[", max_size=7).map(lambda rest: "." + rest), unique=True, max_size=5),
)
def test_naive_matcher_agrees(pattern, names):
    expected = naive_match(pattern, names)
    if expected is None:
        with pytest.raises(AmbiguousPatternError):
            match(pattern, names)
    else:
        assert match(pattern, names) == expected


def test_union_is_in_the_order_of_first_match():
    found = expand(["*.mean", "low.entropy", "bands*"], NAMES)
    assert found.names == (
        ".a.mean_x.mean",
        ".low.bands.mean",
        ".low.bands_crest.mean",
        ".rhythm.bpm_histogram.mean",
        ".low.entropy",
        ".low.bands.dmean",
    )
    assert found.unmatched == ()


def test_exceptions_are_taken_away():
    assert expand(["low*"], NAMES, ["bands*"]).names == (".low.entropy",)
    assert expand(["low*"], NAMES, ["*"]).names == ()


def test_patterns_without_a_match_are_told_once():
    found = expand(["none", "entropy", "none", ""], NAMES, ["nothing*"])
    assert found.names == (".low.entropy",)
    assert found.unmatched == ("none", "", "nothing*")


def test_a_star_is_never_unmatched():
    assert expand(["*"], [], ["*"]).unmatched == ()


def test_an_ambiguous_exception_is_an_error():
    with pytest.raises(AmbiguousPatternError):
        expand(["*"], [".a.mean", ".b.mean"], ["mean"])


@pytest.fixture(scope="module")
def music_layout(shared_data):
    """The names of a real file, without what Gaia's conversion removes: 522 of them."""

    def walk(node, path):
        for key, value in node.items():
            if isinstance(value, dict):
                yield from walk(value, f"{path}.{key}")
            else:
                yield f"{path}.{key}"

    content = json.loads((shared_data / "game_music" / "0ad" / "0ad_000.json").read_text(encoding="utf-8"))
    del content["metadata"]["tags"]
    del content["metadata"]["audio_properties"]["sample_rate"]
    del content["metadata"]["audio_properties"]["lossless"]
    names = tuple(sorted(walk(content, "")))
    assert len(names) == 522
    return names


# Gaia's counts, observed on the 573 descriptors of a layout with one more statistic per series of frames; where a
# pattern takes in that statistic (spectral_energyband_high.*: 10 there), the count is this layout's (9).
@pytest.mark.parametrize(
    ("patterns", "count"),
    [
        ("*dmean* *dvar*", 104),
        ("*.min *.max", 52),
        ("*.mean", 54),
        ("*mean", 106),
        ("*cov", 4),
        ("metadata.* metadata*", 14),
        ("tonal.thpcp .tonal.thpcp thpcp thpcp*", 1),
        ("lowlevel.spectral_energyband_high.* lowlevel.melbands128.* spectral_?ntropy*", 9),
        ("lowlevel.silence_rate*", 27),
        ("rhythm.bpm_histogram barkbands.mean key_edma.key bpm", 1),
        ("rhythm.bpm_histogram*", 6),
        ("bpm*", 7),
        ("lowlevel* lowlevel.* .lowlevel* *lowlevel* low*", 424),
        ("barkbands* erbbands*", 54),
        ("melbands*", 63),
        ("*energyband*", 36),
        ("lowlevel.mfcc* mfcc* *.key *edma*", 3),
        ("lowlevel.*.mean", 48),
        ("lowlevel.*mean", 94),
        ("* ** .*", 522),
        ("metadata.tags* low.* lowlevel LOWLEVEL* highlevel* barkbands energyband* mfcc key edma*", 0),
        ("?lowlevel* *[bt]*", 0),
    ],
)
def test_counts_on_a_real_layout(music_layout, patterns, count):
    for pattern in patterns.split():
        assert len(match(pattern, music_layout)) == count, pattern


@pytest.mark.parametrize("pattern", ["mean", "mean*", "dmean", "length"])
def test_ambiguous_on_a_real_layout(music_layout, pattern):
    with pytest.raises(AmbiguousPatternError):
        match(pattern, music_layout)


def test_bands_of_a_real_layout(music_layout):
    nodes = {name.rpartition(".")[0] for name in match("barkbands*", music_layout)}
    statistics = ("_crest", "_flatness_db", "_kurtosis", "_skewness", "_spread")
    assert nodes == {".lowlevel.barkbands", *(f".lowlevel.barkbands{s}" for s in statistics)}
