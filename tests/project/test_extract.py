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

    def __call__(self, path):
        text = pathlib.Path(path).read_text()
        if text == "bad":
            raise RuntimeError("In MusicExtractor.compute: no stream\\nis in here")
        if text == "deadly":
            os.kill(os.getpid(), signal.SIGSEGV)
        if text == "slow":
            time.sleep(60)
        return {"sound": text, **self.options}, None

class YamlOutput:
    def __init__(self, filename, format):
        self.filename = filename

    def __call__(self, pool):
        pathlib.Path(self.filename).write_text(json.dumps(pool))
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
    return {p.relative_to(directory).as_posix(): json.loads(p.read_text()) for p in sorted(directory.rglob("*.json"))}


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
        f"warning: {music}/sad/c.ogg: is in here",
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
    assert main(["extract", str(music), str(out), "-q"]) == 3
    said = capsys.readouterr()
    assert said.out == "2 files extracted, 2 known before, 1 failed\n"
    assert "e.mp3: Essentia has written no descriptors" in said.err
    os.utime(music / "sad/e.mp3", (0, 0))
    assert main(["extract", str(music), str(out), "-q"]) == 0
    assert capsys.readouterr().out == "0 files extracted, 5 known before\n"
    assert main(["extract", str(music), str(out), "-q", "--force"]) == 0
    assert capsys.readouterr().out == "5 files extracted, 0 known before\n"


def test_a_profile_is_handed_on(stand_in: Path) -> None:
    music = audio(stand_in / "music", a_mp3="A")
    (stand_in / "p.yaml").write_text("x: 1\n")
    done = fastgrid.extract(music, stand_in / "out", profile=stand_in / "p.yaml")
    assert (done.written, done.known, done.failed) == (1, 0, {})
    assert found_in(stand_in / "out") == {"a.json": {"sound": "A", "profile": str(stand_in / "p.yaml")}}


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
