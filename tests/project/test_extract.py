"""Descriptor files out of audio: by a stand-in for Essentia, and by Essentia itself where it is installed."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pytest

import fastgrid
from fastgrid.cli import main
from fastgrid.common.errors import UserError

STAND_IN = {
    "__init__.py": "class log: infoActive = True\n",
    "standard.py": """
import json, os, pathlib, signal, time

class MusicExtractor:
    def __init__(self, **options):
        self.options = options
        if "profile" in options and pathlib.Path(options["profile"]).read_text() == "wrong":
            raise RuntimeError(f"Error while configuring MusicExtractor: {options['profile']}: no profile")

    def __call__(self, path):
        text = pathlib.Path(path).read_text()
        if text == "bad":
            raise RuntimeError("In MusicExtractor.compute: no stream\\nis in here")
        if text == "deadly":
            os.kill(os.getpid(), signal.SIGSEGV)
        if text == "slow":
            time.sleep(60)
        seconds = 0.001 if text == "short" else 1
        audio = {"metadata.audio_properties.analysis." + k: v for k, v in (("length", seconds), ("sample_rate", 44100))}
        return {"sound": text, **self.options, **audio}, None

class YamlOutput:
    def __init__(self, filename, format):
        self.filename = filename

    def __call__(self, pool):
        kept = {k: v for k, v in pool.items() if not k.startswith("metadata")}
        pathlib.Path(self.filename).write_text(json.dumps({"metadata": {"audio_properties": {}}, **kept}))
""",
}

pytestmark = pytest.mark.skipif(os.name != "posix", reason="ends processes by signals")


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "lib/essentia"
    package.mkdir(parents=True)
    for name, text in STAND_IN.items():
        (package / name).write_text(text)
    root = str(Path(fastgrid.__file__).parent.parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(package.parent), root, os.environ.get("PYTHONPATH", "")]))
    monkeypatch.syspath_prepend(str(package.parent))
    return tmp_path


def audio(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        path = directory / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


def found_in(directory: Path) -> dict[str, object]:
    found = {p.relative_to(directory).as_posix(): json.loads(p.read_text()) for p in sorted(directory.rglob("*.json"))}
    for descriptors in found.values():
        assert descriptors.pop("metadata") == {"audio_properties": {}}
    return found


def test_each_file_gets_its_descriptors_and_bad_ones_are_named(
    stand_in: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    music = audio(
        stand_in / "music", happy__a_mp3="A", happy__b_FLAC="B", sad__c_ogg="bad", sad__d_wav="deadly",
        sad__e_mp3="E1", sad__e_wav="E2", sad__notes_txt="no", _hidden_mp3="no",
    )  # fmt: skip
    out = stand_in / "out"
    command = ["extract", str(music), str(out), "-j", "2", "-q"]
    assert main(command) == 3
    said = capsys.readouterr()
    assert said.out == "4 files extracted, 0 known before, 2 failed\n"
    assert said.err.splitlines() == [
        f"warning: {music}/sad/c.ogg: no stream is in here",
        f"warning: {music}/sad/d.wav: Essentia ended with signal SIGSEGV",
    ]
    assert found_in(out) == {
        "happy/a.json": {"sound": "A"},
        "happy/b.json": {"sound": "B"},
        "sad/e.mp3.json": {"sound": "E1"},
        "sad/e.wav.json": {"sound": "E2"},
    }
    assert not list(out.rglob("*.part"))
    # What is there is taken as it is; what has changed, or was cut off, is not.
    (music / "sad/c.ogg").write_text("C")
    (music / "sad/d.wav").unlink()
    (out / "happy/b.json").write_text('{"sound": ')
    later = time.time() + 5
    os.utime(music / "sad/e.mp3", (later, later))
    os.utime(out / "sad/e.wav.json", (later, later))
    assert main(["extract", str(music), str(out), "-q"]) == 0
    assert capsys.readouterr().out == "3 files extracted, 2 known before\n"
    assert main(["extract", str(music), str(out), "-q"]) == 0
    said = capsys.readouterr()
    assert said.out == "0 files extracted, 5 known before\n" and not said.err
    assert main(["extract", str(music), str(out), "-q", "--force"]) == 0
    assert capsys.readouterr().out == "5 files extracted, 0 known before\n"


def test_a_profile_is_handed_on_and_another_one_makes_all_files_anew(stand_in: Path) -> None:
    music, out, profile = audio(stand_in / "music", a_mp3="A"), stand_in / "out", stand_in / "p.yaml"
    profile.write_text("x: 1\n")

    def written(**options: Path) -> int:
        done = fastgrid.extract(music, out, **options)
        assert done.written + done.known == 1 and not done.failed
        return done.written

    assert written(profile=profile) == 1
    assert found_in(out) == {"a.json": {"sound": "A", "profile": str(profile)}}
    assert written(profile=profile) == 0
    profile.write_text("x: 2\n")
    assert written(profile=profile) == 1
    assert written() == 1
    assert found_in(out) == {"a.json": {"sound": "A"}}
    # What a kill has left of a line does not hide the next one; without its line a file is taken as it is.
    log = out / ".extraction.jsonl"
    log.write_text(log.read_text()[:-20])
    assert written(profile=profile) == 1 and written(profile=profile) == 0 and written() == 1
    log.unlink()
    assert written(profile=profile) == 0


def test_other_audio_of_the_same_name_is_extracted_and_stale_descriptors_are_told(
    stand_in: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, out = audio(stand_in / "A", s_mp3="A"), audio(stand_in / "B", s_mp3="B"), stand_in / "out"
    later = time.time() + 100
    os.utime(first / "s.mp3", (later, later))
    assert main(["extract", str(first), str(out), "-q"]) == main(["extract", str(second), str(out), "-q"]) == 0
    assert found_in(out) == {"s.json": {"sound": "B"}}
    (second / "s.mp3").write_text("bad")
    capsys.readouterr()
    assert main(["extract", str(second), str(out), "-q"]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"is in here; what an earlier version had stays in {out}/s.json, and a training takes it")


def test_a_bad_profile_is_said_once(stand_in: Path, capsys: pytest.CaptureFixture[str]) -> None:
    music, profile = audio(stand_in / "music", a_mp3="A", b_mp3="B"), stand_in / "p.yaml"
    profile.write_text("wrong")
    assert main(["extract", str(music), str(stand_in / "out"), "--profile", str(profile), "-q"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert (
        line == f"fastgrid extract: error: {profile}: Essentia takes no such profile (p.yaml: no profile); correct it"
    )
    assert not (stand_in / "out").exists()


def test_a_second_file_of_the_same_stem_and_its_end(stand_in: Path) -> None:
    music, out = audio(stand_in / "music", e_wav="E1"), stand_in / "out"
    fastgrid.extract(music, out)
    audio(music, e_mp3="E2")
    both = fastgrid.extract(music, out)
    assert (both.written, both.known, both.orphans) == (1, 1, ())
    assert found_in(out) == {"e.mp3.json": {"sound": "E2"}, "e.wav.json": {"sound": "E1"}}
    (music / "e.mp3").unlink()
    one = fastgrid.extract(music, out)
    assert (one.written, one.known, one.orphans) == (0, 1, (out / "e.mp3.json",))
    assert list(found_in(out)) == ["e.json", "e.mp3.json"]


def test_descriptors_without_audio_are_named_and_pruned(stand_in: Path, capsys: pytest.CaptureFixture[str]) -> None:
    music, out = audio(stand_in / "music", x__a_mp3="A", x__b_mp3="B", x__c_mp3="C"), stand_in / "out"
    command = ["extract", str(music), str(out), "-q"]
    assert main(command) == 0
    (out / "x/mine.json").write_text("{}")
    for name in "bc":
        (music / f"x/{name}.mp3").unlink()
    capsys.readouterr()
    assert main(command) == 0
    said = capsys.readouterr()
    assert said.out == "0 files extracted, 1 known before\n"
    assert said.err == (
        f"warning: {out}/x/b.json and 2 more: no audio file belongs to it, and a training would take it; "
        "remove them by --prune\n"
    )
    # Only what was made of audio is removed.
    assert main([*command, "--prune"]) == 0
    said = capsys.readouterr()
    assert said.out == "0 files extracted, 1 known before, 2 removed\n"
    assert said.err == (
        f"warning: {out}/x/mine.json: no audio file belongs to it, and a training would take it; "
        "remove them, or give another directory\n"
    )
    assert sorted(p.name for p in (out / "x").iterdir()) == ["a.json", "mine.json"]


def test_too_short_audio_and_names_that_are_no_unicode_are_named(
    stand_in: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    music, out = audio(stand_in / "music", a_mp3="A", b_mp3="short"), stand_in / "out"
    try:
        Path(os.fsdecode(os.fsencode(music) + b"/\xff.mp3")).write_text("C")
    except OSError:
        pytest.skip("the file system wants names to be Unicode")
    (music / "c.mp3").symlink_to("nowhere.mp3")
    assert main(["extract", str(music), str(out), "-q"]) == 3
    said = capsys.readouterr()
    assert said.out == "1 file extracted, 0 known before, 3 failed\n"
    assert said.err.splitlines() == [
        f"warning: {music}/b.mp3: holds 44 samples, less than a frame of 2048; nothing can be said of it",
        f"warning: {music}/c.mp3: is a link to nothing, or cannot be looked at",
        f"warning: '{music}/\\udcff.mp3': its name is not valid Unicode; rename it",
    ]
    # A file that says nothing is no descriptor file.
    (out / "a.json").write_text("{}")
    assert fastgrid.extract(music, out).written == 1


def test_children_end_with_a_killed_parent(stand_in: Path) -> None:
    music = audio(stand_in / "music", a_mp3="slow")
    command = [sys.executable, "-m", "fastgrid", "extract", str(music), str(stand_in / "out"), "-q"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 30

    def children() -> str:
        return subprocess.run(["pgrep", "-f", str(music / "a.mp3")], capture_output=True, text=True, check=False).stdout

    while not children() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.5)
    process.kill()
    process.wait()
    while children() and time.monotonic() < end:
        time.sleep(0.05)
    assert not children()


def test_an_interrupted_extraction_goes_on(stand_in: Path) -> None:
    music = audio(stand_in / "music", a_mp3="A", b_mp3="slow", c_mp3="slow")
    command = [sys.executable, "-m", "fastgrid", "extract", str(music), str(stand_in / "out"), "-j", "2", "-q"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 30
    while not (stand_in / "out/a.json").exists() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130 and "Traceback" not in errors
    assert list(found_in(stand_in / "out")) == ["a.json"]
    for name in "bc":
        (music / f"{name}.mp3").write_text(name)
    assert fastgrid.extract(music, stand_in / "out").known == 1
    assert list(found_in(stand_in / "out")) == ["a.json", "b.json", "c.json"]


def test_mistakes(stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    music = audio(stand_in / "music", a_mp3="A")

    def said(*arguments: Path, **options: Path) -> str:
        with pytest.raises(UserError) as caught:
            fastgrid.extract(*arguments, **options)
        (line,) = str(caught.value).splitlines()
        return line

    assert "there is no such directory" in said(stand_in / "no", stand_in / "out")
    assert "is not a directory" in said(music / "a.mp3", stand_in / "out")
    assert "is never written to" in said(music, music / "out")
    assert "there is no such profile" in said(music, stand_in / "out", profile=stand_in / "no.yaml")
    empty = stand_in / "empty"
    empty.mkdir()
    assert "holds no audio files" in said(empty, stand_in / "out")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "pip install 'fastgrid[audio]'" in said(music, stand_in / "out")
    assert not (stand_in / "out").exists()


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("essentia") is None, reason="essentia is not installed")
def test_essentia_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    seconds = np.arange(3 * 44100) / 44100
    for label, pitch in (("high", 880.0), ("low", 110.0)):
        (tmp_path / "audio" / label).mkdir(parents=True)
        for number in range(5):
            sound = 0.3 * np.sin(2 * np.pi * (pitch + 20 * number) * seconds) + 0.02 * rng.normal(size=seconds.size)
            with wave.open(str(tmp_path / "audio" / label / f"{label}{number}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(44100)
                file.writeframes((sound * 32767).astype("<i2").tobytes())
    (tmp_path / "audio/low/broken.mp3").write_bytes(b"not audio")
    assert main(["extract", str(tmp_path / "audio"), str(tmp_path / "out"), "-q"]) == 3
    said = capsys.readouterr()
    assert said.out == "10 files extracted, 0 known before, 1 failed\n"
    (line,) = said.err.splitlines()
    assert "broken.mp3: " in line
    # What comes out is what a training takes.
    command = [
        "train_model_from_sigs",
        str(tmp_path / "out"),
        str(tmp_path / "trained"),
        "pitch",
        "-j",
        "1",
        "--dry-run",
    ]
    assert main([*command, "-q"]) == 0
    assert "items: 10 in 2 classes" in capsys.readouterr().out
