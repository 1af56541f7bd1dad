"""Descriptor files straight out of tar archives: what is read is what folders would give; nothing else is believed."""

import json
import os
import random
import sys
import tarfile
import threading
import tracemalloc

import numpy as np
import pytest
import zstandard
from archives import KINDS, packed, special, tar_of
from hypothesis import given, settings
from hypothesis import strategies as st

import fastgrid.descriptors.archive as archive_module
import fastgrid.descriptors.unpacking as unpacking_module
from fastgrid.common.errors import UserError
from fastgrid.common.fanout import Pool
from fastgrid.descriptors import Descriptor, Kind, read_collection, read_document, read_items
from fastgrid.descriptors.archive import Archive
from fastgrid.descriptors.batches import Batch, Packed, read_batch
from fastgrid.descriptors.limits import ReadingLimits
from fastgrid.descriptors.listing import keep_listing, list_archive
from fastgrid.descriptors.members import member_name, member_of
from fastgrid.descriptors.sources import SourceBatches, read_documents
from fastgrid.descriptors.unreadable import MAXIMAL_BYTES

CACHE_FILES = (".npy", ".text.npy", ".layout.json")


def document(i, **more):
    return json.dumps({"x": [i, 2.5 * i], "k": "CDEFG"[i % 5], "n": [i, "oops"], "m": {"v": i / 7}, **more}).encode()


@pytest.fixture(scope="module")
def contents():
    """Names and contents of a small collection that has everything: good files, notes, strangers, damaged ones."""
    found = {f"mood/happy/a{i}.json": document(i) for i in range(70)}
    found |= {f"mood/sad/b{i}.json": document(i, y=1) if i % 9 == 0 else document(i + 3) for i in range(40)}
    found["mood/sad/damaged.json"] = b"{"
    found["mood/sad/empty.json"] = b""
    found["mood/sad/yaml.sig"] = b"x: [1, 2]\nk: C\nn: [1, oops]\nm: {v: 0.25}\n"
    found["mood/sad/compressed.json.gz"] = packed(document(5), "gz")
    found["mood/happy/\u00e9\U0001f600 b.json"] = document(9)
    found["mood/sad/" + "long" * 60 + ".json"] = document(8)
    return found


@pytest.fixture(scope="module")
def folder(contents, tmp_path_factory):
    root = tmp_path_factory.mktemp("folder")
    for name, content in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def below(root, contents):
    # The same ids, wherever the files are; one is missing everywhere.
    return {name.rpartition("/")[2]: root / name for name in [*contents, "mood/sad/missing.json"]}


def same(one, other):
    assert (one.table.ids, one.table.descriptors) == (other.table.ids, other.table.descriptors)
    np.testing.assert_array_equal(one.table.values, other.table.values)
    np.testing.assert_array_equal(one.table.text, other.table.text)
    assert [(entry.name, entry.reason) for entry in one.left_out_descriptors] == [
        (entry.name, entry.reason) for entry in other.left_out_descriptors
    ]
    assert (one.notes, one.versions, one.texts) == (other.notes, other.versions, other.texts)
    assert list(one.versions) == list(other.versions)


def left_out(collection):
    # A file that is missing in a folder does not exist, one in an archive is not in there.
    return [
        (entry.name, entry.reason.replace("is not in the archive", "does not exist"))
        for entry in collection.left_out_files
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("jobs", [1, 2])
def test_archives_give_the_table_that_folders_give(contents, folder, tmp_path, kind, jobs):
    names = list(contents)
    random.Random(kind).shuffle(names)
    archive = tmp_path / f"dump{kind}"
    archive.write_bytes(packed(tar_of((f"./{name}", contents[name]) for name in names), kind))
    expected = read_collection(below(folder, contents), cache=tmp_path / "folder", texts=["k"])
    with Pool(jobs, "threads") as pool:
        seen = []
        found = read_collection(
            below(archive, contents),
            cache=tmp_path / "archive",
            texts=["k"],
            map_batches=pool.map_unordered,
            jobs=jobs,
            progress=seen.append,
        )
    assert sum(seen) == len(contents) + 1
    same(found, expected)
    assert left_out(found) == left_out(expected) and len(left_out(found)) == 8
    assert (tmp_path / "archive.npy").read_bytes() == (tmp_path / "folder.npy").read_bytes()
    assert (tmp_path / "archive.text.npy").read_bytes() == (tmp_path / "folder.text.npy").read_bytes()
    same(read_collection(below(archive, contents), texts=["k"]), expected)
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".json") == [
        "archive.layout.json",
        "folder.layout.json",
    ]


def test_the_order_of_archives_and_workers_does_not_matter(contents, tmp_path):
    """Several archives and folders in one collection, in processes; the files of the cache are the same bytes."""
    halves = list(contents)[::2], list(contents)[1::2]
    for place, names in (("one", halves[0]), ("two", halves[1])):
        (tmp_path / f"{place}.tar.zst").write_bytes(packed(tar_of((n, contents[n]) for n in names), ".zst"))
        os.utime(tmp_path / f"{place}.tar.zst", ns=(1, 1))
    files = {f"1/{n}": tmp_path / "one.tar.zst" / n for n in halves[0]}
    files |= {f"0/{n}": tmp_path / "two.tar.zst" / n for n in halves[1]}
    read_collection(files, cache=tmp_path / "a")
    with Pool(2) as pool:
        turned = dict(reversed(files.items()))
        read_collection(turned, cache=tmp_path / "b", map_batches=pool.map_unordered, jobs=2)
    for suffix in CACHE_FILES:
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_truncated_anywhere_is_an_error_in_one_line(tmp_path, kind):
    whole = packed(tar_of((f"m/{i}.json", document(i)) for i in range(12)), kind)
    path = tmp_path / f"dump{kind}"
    files = {str(i): path / f"m/{i}.json" for i in range(12)}
    # The records that fill up an archive behind its end mark need not be there, but all of the compressed data does.
    last = len(whole.rstrip(b"\0")) + 512 if kind == ".tar" else len(whole) - 1
    for cut in sorted({*range(min(last, 60)), *range(0, last, 97), last - 1, last}):
        path.write_bytes(whole[:cut])
        with pytest.raises(UserError, match=r"dump\.tar") as caught:
            read_collection(files)
        assert "\n" not in str(caught.value)
        with pytest.raises(UserError, match=r"dump\.tar"):
            list_archive(path)
    path.write_bytes(whole)
    assert len(read_collection(files).table.ids) == 12


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(KINDS), where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed_or_does_no_harm(tmp_path_factory, kind, where, bit):
    """Whatever is damaged: an error in one line, or a table; for compressed archives with checksums, the right one."""
    contents = {f"m/{i}.json": document(i) for i in range(6)}
    whole = bytearray(packed(tar_of(contents.items()), kind))
    whole[int(where * len(whole))] ^= 1 << bit
    path = tmp_path_factory.mktemp("flipped") / f"dump{kind}"
    path.write_bytes(whole)
    try:
        found = read_collection({name: path / name for name in contents})
    except UserError as error:
        assert "\n" not in str(error)
        return
    if kind != ".tar":
        with Archive(path) as archive:
            read = {file.name: archive.content(file) for file in archive.files() if not file.fault}
        assert read == contents and len(found.table.ids) == 6


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=2000), kind=st.sampled_from(KINDS))
def test_junk_is_an_error_in_one_line(tmp_path_factory, data, kind):
    path = tmp_path_factory.mktemp("junk") / "dump.tar"
    path.write_bytes(packed(data, kind))
    try:
        found = list_archive(path).members
    except UserError as error:
        assert "\n" not in str(error)
    else:
        # Blocks of zeros are an empty archive.
        assert not found and not data.strip(b"\0")


def test_a_damaged_header_in_the_middle_is_not_the_end(tmp_path):
    whole = bytearray(tar_of((f"{i}.json", document(i)) for i in range(3)))
    whole[1024 + 150] ^= 1
    (tmp_path / "dump.tar").write_bytes(whole)
    with pytest.raises(UserError, match="no valid header at byte 1024"):
        read_collection({"0": tmp_path / "dump.tar" / "0.json"})


def test_streams_one_behind_the_other_are_one(tmp_path, contents):
    whole = tar_of(contents.items())
    for kind in KINDS[1:]:
        path = tmp_path / f"dump{kind}"
        thirds = [whole[: len(whole) // 3], whole[len(whole) // 3 :], b""]
        path.write_bytes(b"".join(packed(part, kind) for part in thirds))
        assert len(list_archive(path).members) == len(contents)
    path = tmp_path / "dump.tar.zst"
    path.write_bytes(b"\x50\x2a\x4d\x18\x03\0\0\0abc" + packed(whole, ".zst"))
    assert len(list_archive(path).members) == len(contents)


def test_what_an_archive_is_called_does_not_matter_for_how_it_is_compressed(tmp_path):
    (tmp_path / "dump.tar.gz").write_bytes(packed(tar_of([("a.json", document(1))]), ".zst"))
    assert read_document(tmp_path / "dump.tar.gz" / "a.json")["k"] == "D"


HOSTILE = {
    "symlink.json": (special("symlink.json", tarfile.SYMTYPE, "/etc/passwd"), "is a link"),
    "hard.json": (special("hard.json", tarfile.LNKTYPE, "good0.json"), "is a link"),
    "device.json": (special("device.json", tarfile.CHRTYPE), "is a special file"),
    "pipe.json": (special("pipe.json", tarfile.FIFOTYPE), "is a special file"),
    "directory.json": (special("directory.json", tarfile.DIRTYPE), "is a directory"),
    "unknown.json": (special("unknown.json", b"Q"), "is a special file"),
}


@pytest.mark.parametrize("kind", [".tar", ".tar.zst"])
def test_what_is_no_plain_file_is_left_out_with_its_reason(tmp_path, kind):
    members = [(f"good{i}.json", document(i)) for i in range(3)]
    members += [(info, None) for info, _ in HOSTILE.values()]
    members += [("/absolute.json", document(1)), ("../above.json", document(1)), ("a/../../b.json", document(1))]
    members += [("twice.json", document(1)), ("./twice.json", document(1)), ("huge.json", bytes(MAXIMAL_BYTES + 1))]
    path = tmp_path / f"dump{kind}"
    path.write_bytes(packed(tar_of(members), kind))
    names = [
        "good0.json",
        "good1.json",
        *HOSTILE,
        "absolute.json",
        "../above.json",
        "b.json",
        "twice.json",
        "huge.json",
    ]
    files = {name: path / name for name in names}
    found = read_collection(files, cache=tmp_path / "cache")
    said = {entry.name: entry.reason for entry in found.left_out_files}
    assert found.table.ids == ("good0.json", "good1.json")
    for name, (_, reason) in HOSTILE.items():
        assert reason in said.pop(name)
    assert said.pop("../above.json") == "has a name that no member of an archive may have"
    assert said.pop("twice.json") == "occurs more than once in the archive"
    assert said.pop("huge.json") == "is larger than 64 MiB"
    assert said == dict.fromkeys(["absolute.json", "b.json"], "is not in the archive")
    # Nothing of it was decided anew, nothing unpacked.
    assert read_collection(files, cache=tmp_path / "cache").from_cache
    assert {p.name for p in tmp_path.iterdir()} == {path.name, *(f"cache{suffix}" for suffix in CACHE_FILES)}
    listing = list_archive(path)
    assert listing.leading_out == ("/absolute.json", "../above.json", "a/../../b.json")
    assert {m.name for m in listing.members if not m.fault} == {"good0.json", "good1.json", "good2.json"}


def sparse_archive():
    # As GNU tar writes a file with a hole.
    info = tarfile.TarInfo("sparse.json")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, 512
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[386:410] = b"%011o\0%011o\0" % (0, 512)
    header[483:495] = b"%011o\0" % 4096
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + document(1).ljust(512) + bytes(1024)


def test_sparse_files_are_left_out(tmp_path):
    path = tmp_path / "dump.tar"
    path.write_bytes(tar_of([("a.json", document(1))]).rstrip(b"\0").ljust(1024, b"\0") + sparse_archive())
    found = read_collection({"a": path / "a.json", "s": path / "sparse.json"})
    assert [(entry.name, "sparse" in entry.reason) for entry in found.left_out_files] == [("s", True)]


@pytest.mark.parametrize("kind", [".tar", ".tar.gz"])
@pytest.mark.parametrize("what", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_descriptions_of_members_are_bounded(tmp_path, kind, what):
    """A name of 20 MB would be read into memory before anything else is looked at."""
    info = special("././@LongLink", what)
    path = tmp_path / f"dump{kind}"
    path.write_bytes(packed(tar_of([(info, b"a" * 20_000_000), ("a.json", document(1))]), kind))
    tracemalloc.start()
    with pytest.raises(UserError, match="what describes one of its members is too large"):
        list_archive(path)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_global_headers_are_bounded(tmp_path):
    records = [b"70000 key%05d=" % i + b"v" * (70000 - 15 - 1) + b"\n" for i in range(3)]
    members = [(special("g", tarfile.XGLTYPE), record) for record in records]
    members = [pair for member in members for pair in (member, ("a.json", document(1)))]
    (tmp_path / "dump.tar").write_bytes(tar_of(members, tarfile.USTAR_FORMAT))
    with pytest.raises(UserError, match="global headers that are too large"):
        list_archive(tmp_path / "dump.tar")


def test_sizes_that_lead_backwards_are_damage(tmp_path):
    info = tarfile.TarInfo("a.json")
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" * 10 + (-1024).to_bytes(2, "big", signed=True)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "dump.tar").write_bytes(bytes(header) + bytes(2048))
    with pytest.raises(UserError, match=r"dump\.tar: is damaged: the size of"):
        list_archive(tmp_path / "dump.tar")


def test_a_chain_of_headers_is_bounded(tmp_path):
    chain = tar_of([(special("x", tarfile.XHDTYPE), b"")], tarfile.USTAR_FORMAT)[:512] * 5000
    (tmp_path / "dump.tar").write_bytes(chain + tar_of([("a.json", document(1))]))
    with pytest.raises(UserError, match=r"dump\.tar"):
        list_archive(tmp_path / "dump.tar")


def test_windows_of_zstd_are_bounded(tmp_path):
    """What a frame wants to be kept in memory is its own word."""
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=28, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    path = tmp_path / "dump.tar.zst"
    path.write_bytes(compressor.compress(tar_of([("a.json", document(1))])) + compressor.flush())
    with pytest.raises(UserError, match="damaged"):
        list_archive(path)


@pytest.mark.slow
def test_a_bomb_is_left_out_without_being_unpacked_into_memory(tmp_path):
    path = tmp_path / "dump.tar.zst"
    bomb = packed(b" " * 400_000_000, "gz")
    path.write_bytes(packed(tar_of([(f"{i}.json", document(i)) for i in range(2)] + [("b.json.gz", bomb)]), ".zst"))
    tracemalloc.start()
    found = read_collection({name: path / name for name in ("0.json", "1.json", "b.json.gz")})
    assert tracemalloc.get_traced_memory()[1] < 3 * MAXIMAL_BYTES
    tracemalloc.stop()
    assert [entry.reason for entry in found.left_out_files] == ["is larger than 64 MiB when unpacked"]


def test_an_archive_that_changes_meanwhile_is_an_error(tmp_path):
    path = tmp_path / "dump.tar.gz"
    path.write_bytes(packed(tar_of((f"{i}.json", document(i)) for i in range(3)), ".gz"))
    with Archive(path) as archive:
        files = archive.files()
        next(files)
        os.utime(path, ns=(1, 1))
        with pytest.raises(UserError, match="was changed while it was read"):
            list(files)


def test_zstandard_missing_is_named(tmp_path, monkeypatch):
    (tmp_path / "dump.tar.zst").write_bytes(packed(tar_of([("a.json", document(1))]), ".zst"))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression", None)
    with pytest.raises(UserError, match=r"pip install 'fastgrid\[zstd\]'"):
        read_document(tmp_path / "dump.tar.zst" / "a.json")


def test_the_zstd_of_the_standard_library_is_used_where_there_is_one(tmp_path, monkeypatch, contents):
    zstd = pytest.importorskip("backports.zstd")
    monkeypatch.setitem(sys.modules, "compression", type(sys)("compression"))
    monkeypatch.setitem(sys.modules, "compression.zstd", zstd)
    monkeypatch.setattr(sys.modules["compression"], "zstd", zstd, raising=False)
    monkeypatch.setattr(unpacking_module, "_zstandard", None)
    whole = packed(tar_of(contents.items()), ".zst")
    path = tmp_path / "dump.tar.zst"
    path.write_bytes(whole)
    assert len(list_archive(path).members) == len(contents)
    for cut in (8, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(UserError, match=r"dump\.tar\.zst"):
            list_archive(path)


names = st.text(st.sampled_from("ab./\\\u00e9\U0001f600 "), min_size=1, max_size=12)


@settings(max_examples=100, deadline=None)
@given(st.lists(names, min_size=1, max_size=6, unique=True), st.sampled_from([".tar", ".tar.gz"]))
def test_any_names(tmp_path_factory, written, kind):
    """Members are found by the name that they would have when unpacked; what would be put elsewhere never is."""
    path = tmp_path_factory.mktemp("names") / f"dump{kind}"
    path.write_bytes(packed(tar_of((name, document(i)) for i, name in enumerate(written)), kind))
    listing = list_archive(path)
    by_name = {}
    for i, name in enumerate(written):
        # tarfile takes slashes at the end away.
        by_name.setdefault(member_name(name.rstrip("/") or "/"), []).append(i)
    by_name.pop("", None)
    assert {member.name for member in listing.members} == set(by_name)
    for name, which in by_name.items():
        if len(which) == 1:
            assert read_document(path / name)["x"][0] == which[0]
        else:
            with pytest.raises(UserError, match="more than once"):
                read_document(path / name)


def test_paths_that_lead_through_what_is_no_archive_are_paths(tmp_path):
    (tmp_path / "folder.tar").mkdir()
    (tmp_path / "folder.tar" / "a.json").write_bytes(document(1))
    assert member_of(tmp_path / "folder.tar" / "a.json") is None
    assert read_document(tmp_path / "folder.tar" / "a.json")["k"] == "D"
    said = read_items({"m": tmp_path / "missing.tar" / "a.json"}, [])[1]
    assert said[0].reason == "does not exist"
    (tmp_path / "linked.TAR").write_bytes(tar_of([("a/b.json", document(2))]))
    (tmp_path / "link.tar").symlink_to("linked.TAR")
    assert read_document(tmp_path / "link.tar" / "a" / "b.json") == read_document(tmp_path / "linked.TAR" / "a/b.json")
    with pytest.raises(UserError, match=r"a/c\.json: is not in the archive"):
        read_document(tmp_path / "link.tar" / "a" / "c.json")


@pytest.mark.parametrize("kind", [".tar", ".tar.bz2"])
def test_an_unchanged_archive_is_not_read_and_a_changed_one_is(tmp_path, monkeypatch, kind):
    path, stem = tmp_path / f"dump{kind}", tmp_path / "sets" / "mood"
    members = [(f"{i}.json", document(i)) for i in range(5)]
    path.write_bytes(packed(tar_of(members), kind))
    files = {name: path / name for name, _ in members}
    first = read_collection(files, cache=stem)
    keep_listing(list_archive(path), tmp_path / "listing.json")

    def refuse(*_):
        raise AssertionError("read an archive")

    with monkeypatch.context() as patched:
        patched.setattr(archive_module, "unpacking", refuse)
        again = read_collection(files, cache=stem)
        assert again.from_cache
        same(again, first)
        # The same content at another time: looked at, not unpacked.
        os.utime(path, ns=(5, 5))
        assert read_collection(files, cache=stem).from_cache
        assert json.loads((stem.parent / "mood.layout.json").read_text())["files"]["0.json"][2] == 5
        assert len(list_archive(path, tmp_path / "listing.json").members) == 5
        # Another member of the same archive for an item is another content.
        with pytest.raises(AssertionError, match="read an archive"):
            read_collection(files | {"0.json": path / "1.json"}, cache=stem)
    members[0] = ("0.json", document(3))
    path.write_bytes(packed(tar_of(members), kind))
    found = read_collection(files, cache=stem)
    assert not found.from_cache and found.table.values[0, -1] != first.table.values[0, -1]
    same(found, read_collection(files))
    # The same files in a folder are other files.
    (tmp_path / "0.json").write_bytes(document(3))
    assert not read_collection(files | {"0.json": tmp_path / "0.json"}, cache=stem).from_cache


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema": "fastgrid archive 1", "archive": 3}'])
def test_a_damaged_listing_is_made_again(tmp_path, damage):
    path = tmp_path / "dump.tar"
    path.write_bytes(tar_of([("a.json", document(1))]))
    (tmp_path / "listing.json").write_text(damage)
    assert [member.name for member in list_archive(path, tmp_path / "listing.json").members] == ["a.json"]


def test_text_on_its_way_is_bounded(tmp_path, monkeypatch):
    """However slowly batches are taken, no more is read than the limits say."""
    size, count = 40_000, 400
    content = document(1, text=os.urandom(size // 2).hex())
    path = tmp_path / "dump.tar.zst"
    path.write_bytes(packed(tar_of((f"{i}.json", content) for i in range(count)), ".zst"))
    read = []
    content_of = Archive.content
    monkeypatch.setattr(Archive, "content", lambda self, file: read.append(file.size) or content_of(self, file))
    limits = ReadingLimits(jobs=1, memory=8 * 6 * 200_000)
    assert limits.batch == 200_000
    taken = most = 0
    with SourceBatches({str(i): path / f"{i}.json" for i in range(count)}, Batch(()), limits) as batches:
        for batch in batches:
            assert sum(len(place.data) for _, place in batch.files) <= limits.batch
            taken += sum(len(place.data) for _, place in batch.files)
            most = max(most, sum(read) - taken)
    # One in hand, one waiting, and the beginning of the next.
    assert taken == count * len(content)
    assert most <= 3 * limits.batch


def test_a_pool_takes_batches_when_there_is_room(tmp_path):
    """Of many batches only as many exist at a time as the workers may have before them."""
    jobs = 2
    made, done, most = [], [], 0

    def batches():
        nonlocal most
        for i in range(100):
            made.append(i)
            most = max(most, len(made) - len(done))
            yield Batch((("a", Packed("a.json", document(i))),))

    def read(batch):
        found = read_batch(batch)
        done.append(1)
        return found

    with Pool(jobs, "threads") as pool:
        assert len(list(pool.map_unordered(read, batches()))) == 100
    # Two for each worker are handed on, one for each is drawn. What they have become is numbers.
    assert most <= 3 * jobs


def test_files_too_large_to_be_handed_on_are_parsed_where_they_are_read(tmp_path):
    contents = {f"{i}.json": document(i, text="x" * (70_000 if i == 2 else 10)) for i in range(4)}
    path = tmp_path / "dump.tar.gz"
    path.write_bytes(packed(tar_of(contents.items()), ".gz"))
    files = {name: path / name for name in contents}
    with SourceBatches(files, Batch(()), ReadingLimits(memory=1)) as batches:
        found = list(batches)
    assert [batch.done is not None for batch in found] == [True, False]
    same(read_collection(files, memory_limit=1), read_collection(files))
    assert len(list(read_documents(files))) == 4


def test_items_and_documents_out_of_archives(tmp_path):
    path = tmp_path / "dump.tar.xz"
    path.write_bytes(packed(tar_of([(f"{i}.json", document(i)) for i in (2, 0, 1, 1)]), ".xz"))
    files = {str(i): path / f"{i}.json" for i in range(4)}
    table, left = read_items(files, [Descriptor(".m.v", Kind.REAL, 1)])
    assert table.ids == ("0", "2") and [entry.name for entry in left] == ["1", "3"]
    said = dict(read_documents(files))
    assert isinstance(said["1"], UserError) and isinstance(said["3"], UserError) and said["2"]["x"][0] == 2


def test_an_error_of_an_archive_ends_a_pool_of_processes(tmp_path):
    """The archive is read in a thread of joblib's; its error comes here, and nothing waits for ever."""
    whole = packed(tar_of((f"{i}.json", document(i, text=os.urandom(20_000).hex())) for i in range(300)), ".zst")
    path = tmp_path / "dump.tar.zst"
    path.write_bytes(whole[: len(whole) - 100_000])
    files = {str(i): path / f"{i}.json" for i in range(300)}
    with Pool(2) as pool:
        with pytest.raises(UserError, match="is truncated"):
            read_collection(files, map_batches=pool.map_unordered, jobs=2, memory_limit=20_000_000)
        assert sum(pool.map_unordered(abs, range(5))) == 10


def test_archives_are_read_side_by_side_without_a_thread_left_over(tmp_path):
    before = set(threading.enumerate())
    files = {}
    for k in range(3):
        path = tmp_path / f"{k}.tar.gz"
        path.write_bytes(packed(tar_of((f"{i}.json", document(i + k)) for i in range(50)), ".gz"))
        files |= {f"{k}/{i}": path / f"{i}.json" for i in range(50)}
    with SourceBatches(files, Batch(()), ReadingLimits(jobs=2)) as batches:
        next(iter(batches))
    assert set(threading.enumerate()) <= before  # others may have ended
    assert len(read_collection(files, jobs=2).table.ids) == 150
