"""The audio files of a directory, and what their descriptor files are called."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fastgrid.common.errors import UserError
from fastgrid.project.paths import is_unicode

#: Endings of the audio files that are looked for.
_ENDINGS = ".mp3 .flac .ogg .oga .opus .wav .aif .aiff .aifc .m4a .mp4 .aac .wma .wv .ape .mpc .mka .webm .ac3"
ENDINGS = frozenset(_ENDINGS.split())


@dataclass(frozen=True)
class AudioFiles:
    """What was found in a directory.

    Attributes
    ----------
    targets : dict of Path to Path
        Descriptor file of each audio file, in order.
    unnamable : tuple of Path
        Audio files that cannot have one, since their names are not valid Unicode.
    """

    targets: dict[Path, Path]
    unnamable: tuple[Path, ...]


def audio_files(source: Path, target: Path) -> AudioFiles:
    """Look for audio files in `source` and below, and name their descriptor files in `target`.

    Files that differ in their ending only keep it: ``a.mp3.json`` and ``a.wav.json``, else ``a.json``.

    Raises
    ------
    UserError
        When there is none, or `target` lies in `source`.
    """
    if not source.is_dir():
        what = "is not a directory" if source.exists() else "there is no such directory"
        raise UserError(f"{source}: {what}; give the directory of the audio files")
    if target.resolve() == source.resolve() or target.resolve().is_relative_to(source.resolve()):
        raise UserError(f"{target}: lies in the directory of the audio files, which is never written to")
    found = sorted(_found(source))
    if not found:
        raise UserError(f"{source}: holds no audio files ({', '.join(sorted(ENDINGS))})")
    stems = Counter(audio.with_suffix("") for audio in found)
    targets = {
        audio: target
        / audio.relative_to(source).parent
        / f"{audio.stem if stems[audio.with_suffix('')] == 1 else audio.name}.json"
        for audio in found
        if is_unicode(audio)
    }
    return AudioFiles(targets, tuple(audio for audio in found if audio not in targets))


def _found(directory: Path) -> Iterator[Path]:
    for above, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(above) / name
            if not name.startswith(".") and path.suffix.lower() in ENDINGS:
                yield path
