"""Descriptor files out of audio files, by Essentia's MusicExtractor: ``fastgrid extract``."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError, one_line
from fastgrid.common.fanout import available_cores
from fastgrid.common.files import make_directory
from fastgrid.common.processes import RunningProcesses
from fastgrid.project.audio_files import audio_files
from fastgrid.project.extract_one import part_of
from fastgrid.project.extraction_log import ExtractionLog, Made, profile_digest
from fastgrid.project.paths import absolute, printable

PathLike = str | os.PathLike[str]

_ONE = (sys.executable, "-m", "fastgrid.project.extract_one")
_REMEDY = "install it: pip install 'fastgrid[audio]' (there are wheels for Linux and macOS)"


@dataclass(frozen=True)
class Extraction:
    """What became of the audio files of a directory.

    Attributes
    ----------
    written : int
        Descriptor files that were made.
    known : int
        Those that were there already, made of the same audio with the same profile, or, where it is not known how
        they were made, not older than the audio.
    failed : dict of Path to str
        Audio files that have none, with the reason, in order.
    orphans : tuple of Path
        Descriptor files that belong to no audio file (any more) and were left where they are.
    pruned : tuple of Path
        Such files that were removed.
    """

    written: int
    known: int
    failed: dict[Path, str]
    orphans: tuple[Path, ...]
    pruned: tuple[Path, ...]


def extract(
    audio_dir: PathLike,
    descriptor_dir: PathLike,
    *,
    jobs: int | None = None,
    profile: PathLike | None = None,
    force: bool = False,
    prune: bool = False,
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
        A profile of MusicExtractor. What was made with another one is made anew.
    force : bool
        Extract anew what is there already.
    prune : bool
        Remove descriptor files that were made of audio files which are not there any more; else they are named.
    console : Console, optional

    Returns
    -------
    Extraction

    Raises
    ------
    UserError
        When there is no audio, a directory or the profile cannot be used, or essentia is not installed.
    """
    console, source, target = console or Console(), absolute(audio_dir), absolute(descriptor_dir)
    settings = None if profile is None else absolute(profile)
    digest = profile_digest(settings)
    found = audio_files(source, target)
    if importlib.util.find_spec("essentia") is None:
        raise UserError(f"extract takes the package essentia; {_REMEDY}")
    if settings is not None:
        _check_profile(settings)
    for directory in sorted({target, *(path.parent for path in found.targets.values())}):
        make_directory(directory)
    log = ExtractionLog(target)
    _rename(found.targets, log)
    missing = {
        audio: path
        for audio, path in found.targets.items()
        if force or not _is_done(audio, path, log.made(path), digest)
    }
    known = len(found.targets) - len(missing)
    if known:
        console.note(f"{known} of {len(found.targets)} files were extracted before")
    for path in missing.values():
        log.doubt(path)
    failed = dict.fromkeys(found.unnamable, "its name is not valid Unicode; rename it")
    failed |= _run(missing, jobs or available_cores(), settings, digest, log, console)
    in_order = {audio: failed[audio] for audio in sorted(failed)}
    for audio, reason in in_order.items():
        console.warn(f"{printable(audio)}: {reason}")
    orphans, pruned = _orphans(target, set(found.targets.values()), log, prune)
    if orphans:
        console.warn(_of_orphans(orphans, log))
    return Extraction(len(missing) - len(failed) + len(found.unnamable), known, in_order, orphans, pruned)


def _check_profile(profile: Path) -> None:
    # By Essentia, once, rather than for each file.
    _, code, complaint = RunningProcesses().run([*_ONE, "--profile", str(profile)])
    if code:
        raise UserError(f"{profile}: Essentia takes no such profile ({_reason(complaint, profile)}); correct it")


def _run(
    missing: dict[Path, Path],
    jobs: int,
    profile: Path | None,
    digest: str,
    log: ExtractionLog,
    console: Console,
) -> dict[Path, str]:
    running = RunningProcesses()
    failed: dict[Path, str] = {}
    with console.progress(), ThreadPoolExecutor(jobs) as threads:
        console.expect("extracting", len(missing))
        pending = {
            threads.submit(_extract_one, running, audio, path, profile, digest): audio
            for audio, path in missing.items()
        }
        try:
            for number, ended in enumerate(as_completed(pending), 1):
                audio, outcome = pending[ended], ended.result()
                if isinstance(outcome, Made):
                    log.add(missing[audio], outcome)
                else:
                    failed[audio] = outcome + _of_earlier(missing[audio])
                console.advance("extracting", number)
        except BaseException:
            # What is under way is given up, what is finished stays.
            running.end()
            threads.shutdown(cancel_futures=True)
            raise
    return failed


def _of_earlier(target: Path) -> str:
    if not target.exists():
        return ""
    return f"; what an earlier version had stays in {printable(target)}, and a training takes it"


def _extract_one(running: RunningProcesses, audio: Path, target: Path, profile: Path | None, digest: str) -> Made | str:
    # Returns how the descriptors of a file were made, or why there are none.
    try:
        made = Made.of(audio, digest)
    except OSError:
        return "is a link to nothing, or cannot be looked at"
    command = [*_ONE, str(audio), str(target)]
    pid, code, complaint = running.run(command if profile is None else [*command, str(profile)])
    part_of(target, pid).unlink(missing_ok=True)
    if code == 0:
        return made if is_whole(target) else "Essentia has written no descriptors"
    said = _reason(complaint, audio)
    if code > 0 and said:
        return said
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return f"Essentia ended with {how}" + (f" ({said})" if said else "")


def _reason(complaint: str, file: Path) -> str:
    # The last line says it, after where in Essentia it was met; the path stands before the reason already.
    last = complaint.strip().rpartition("\n")[2].replace(str(file), file.name)
    return one_line(re.sub(r"^(In MusicExtractor\.compute|Error while configuring MusicExtractor): ", "", last))


def _is_done(audio: Path, target: Path, made: Made | None, digest: str) -> bool:
    # What was put there by others is taken as it is, if it is not older than the audio.
    try:
        if made is None:
            fresh = target.stat().st_mtime_ns >= audio.stat().st_mtime_ns
        else:
            fresh = made == Made.of(audio, digest)
    except OSError:
        return False
    return fresh and is_whole(target)


def is_whole(target: Path) -> bool:
    """Tell whether a file holds what MusicExtractor writes, from the beginning to the end."""
    try:
        found = json.loads(target.read_text(encoding="utf-8", errors="replace"))
        return "audio_properties" in found["metadata"] and len(found) > 1
    except (OSError, ValueError, RecursionError, TypeError, KeyError):
        return False


def _rename(targets: dict[Path, Path], log: ExtractionLog) -> None:
    # A file gets its ending into its name, or loses it, when another one of its stem comes or goes.
    for audio, target in targets.items():
        for other in {target.with_name(f"{name}.json") for name in (audio.stem, audio.name)} - {target}:
            made = log.made(other)
            if made is not None and made.audio == audio.name and other.is_file() and not target.exists():
                other.replace(target)
                log.add(target, made)


def _orphans(
    directory: Path, wanted: set[Path], log: ExtractionLog, prune: bool
) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    # Descriptor files that are not among `wanted`: those that stay, and those that were made here and are removed.
    orphans, pruned = [], []
    for above, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(above) / name for name in sorted(names)):
            if path.suffix != ".json" or path.name.startswith(".") or path in wanted:
                continue
            if prune and path in log:
                path.unlink(missing_ok=True)
                pruned.append(path)
            else:
                orphans.append(path)
    return tuple(orphans), tuple(pruned)


def _of_orphans(orphans: tuple[Path, ...], log: ExtractionLog) -> str:
    ours = any(path in log for path in orphans)
    remedy = "remove them by --prune" if ours else "remove them, or give another directory"
    return (
        f"{printable(orphans[0])}{f' and {len(orphans) - 1} more' if len(orphans) > 1 else ''}: no audio file belongs "
        f"to it, and a training would take it; {remedy}"
    )
