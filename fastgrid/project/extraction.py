"""Descriptor files out of audio files, by Essentia's MusicExtractor: ``fastgrid extract``."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError, one_line
from fastgrid.common.fanout import available_cores
from fastgrid.common.files import make_directory
from fastgrid.common.processes import RunningProcesses
from fastgrid.project.paths import absolute, is_unicode, printable

PathLike = str | os.PathLike[str]

#: Endings of the audio files that are looked for.
ENDINGS = frozenset(
    [
        ".mp3",
        ".flac",
        ".ogg",
        ".oga",
        ".opus",
        ".wav",
        ".aif",
        ".aiff",
        ".aifc",
        ".m4a",
        ".mp4",
        ".aac",
        ".wma",
        ".wv",
        ".ape",
        ".mpc",
        ".mka",
        ".webm",
        ".ac3",
    ]
)
_REMEDY = "install it: pip install 'fastgrid[audio]' (there are wheels for Linux and macOS)"


@dataclass(frozen=True)
class Extraction:
    """What became of the audio files of a directory.

    Attributes
    ----------
    written : int
        Descriptor files that were made.
    known : int
        Those that were there already and are not older than their audio.
    failed : dict of Path to str
        Audio files that have none, with the reason, in order.
    """

    written: int
    known: int
    failed: dict[Path, str]


def extract(
    audio_dir: PathLike,
    descriptor_dir: PathLike,
    *,
    jobs: int | None = None,
    profile: PathLike | None = None,
    force: bool = False,
    console: Console | None = None,
) -> Extraction:
    """Run Essentia's MusicExtractor over all audio files of a directory.

    Parameters
    ----------
    audio_dir : path-like
        Looked through with its sub-directories, hidden ones left out. Never written to.
    descriptor_dir : path-like
        Gets a JSON file for each audio file, in sub-directories as those of `audio_dir`: what
        `fastgrid.train_model_from_sigs` takes where these are classes.
    jobs : int, optional
        Files at a time; as many as there are cores by default.
    profile : path-like, optional
        A profile of MusicExtractor.
    force : bool
        Extract anew what is there already.
    console : Console, optional

    Returns
    -------
    Extraction

    Raises
    ------
    UserError
        When there is no audio, a directory cannot be used, or essentia is not installed.
    """
    console, source, target = console or Console(), absolute(audio_dir), absolute(descriptor_dir)
    settings = None if profile is None else absolute(profile)
    if settings is not None and not settings.is_file():
        raise UserError(f"{settings}: there is no such profile; check the path")
    wanted = _targets(source, target)
    if importlib.util.find_spec("essentia") is None:
        raise UserError(f"extract takes the package essentia; {_REMEDY}")
    for directory in sorted({path.parent for path in wanted.values()}):
        make_directory(directory)
    missing = {audio: path for audio, path in wanted.items() if force or not _is_done(audio, path)}
    if len(missing) < len(wanted):
        console.note(f"{len(wanted) - len(missing)} of {len(wanted)} files were extracted before")
    failed = _run(missing, jobs or available_cores(), settings, console)
    in_order = {audio: failed[audio] for audio in wanted if audio in failed}
    for audio, reason in in_order.items():
        console.warn(f"{printable(audio)}: {reason}")
    return Extraction(len(missing) - len(failed), len(wanted) - len(missing), in_order)


def _run(missing: dict[Path, Path], jobs: int, profile: Path | None, console: Console) -> dict[Path, str]:
    running = RunningProcesses()
    failed: dict[Path, str] = {}
    with console.progress(), ThreadPoolExecutor(jobs) as threads:
        console.expect("extracting", len(missing))
        pending = {
            threads.submit(_extract_one, running, audio, path, profile): audio for audio, path in missing.items()
        }
        try:
            for number, done in enumerate(as_completed(pending), 1):
                reason = done.result()
                if reason:
                    failed[pending[done]] = reason
                console.advance("extracting", number)
        except BaseException:
            # What is under way is given up, what is finished stays.
            running.end()
            threads.shutdown(cancel_futures=True)
            raise
    return failed


def _extract_one(running: RunningProcesses, audio: Path, target: Path, profile: Path | None) -> str:
    # Returns why there are no descriptors of a file; nothing where there are.
    command = [sys.executable, "-m", "fastgrid.project.extract_one", str(audio), str(target)]
    pid, code, complaint = running.run(command if profile is None else [*command, str(profile)])
    target.with_name(f"{target.name}.{pid}.part").unlink(missing_ok=True)
    if code == 0:
        return "" if _is_done(audio, target) else "Essentia has written no descriptors"
    said = one_line(complaint.strip().rpartition("\n")[2], 200)
    if code > 0 and said:
        return said
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return f"Essentia ended with {how}" + (f" ({said})" if said else "")


def _targets(source: Path, target: Path) -> dict[Path, Path]:
    # Audio file -> descriptor file. Files that differ in their ending only keep it in their names.
    if not source.is_dir():
        what = "is not a directory" if source.exists() else "there is no such directory"
        raise UserError(f"{source}: {what}; give the directory of the audio files")
    if target.resolve() == source.resolve() or target.resolve().is_relative_to(source.resolve()):
        raise UserError(f"{target}: lies in the directory of the audio files, which is never written to")
    found = sorted(_audio_files(source))
    if not found:
        raise UserError(f"{source}: holds no audio files ({', '.join(sorted(ENDINGS))})")
    stems = Counter(audio.with_suffix("") for audio in found)
    return {
        audio: target / audio.relative_to(source).parent / (_stem(audio, stems[audio.with_suffix("")]) + ".json")
        for audio in found
    }


def _stem(audio: Path, count: int) -> str:
    return audio.stem if count == 1 else audio.name


def _audio_files(directory: Path) -> Iterator[Path]:
    for above, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(above) / name
            if not name.startswith(".") and path.suffix.lower() in ENDINGS and is_unicode(str(path)):
                yield path


def _is_done(audio: Path, target: Path) -> bool:
    try:
        if target.stat().st_mtime_ns < audio.stat().st_mtime_ns:
            return False
        return isinstance(json.loads(target.read_text(encoding="utf-8", errors="replace")), dict)
    except (OSError, ValueError):
        return False
