"""What `extract` has made in a directory, of what and how: a line of JSON for each file, written when it is there.

A kill may lose the last line. Files of which none is known are taken as they are; of those that are made anew the line
before says so, and they are made once more.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from fastgrid.common.errors import UserError, one_line

#: Hidden: no descriptor file.
NAME = ".extraction.jsonl"


@dataclass(frozen=True)
class Made:
    """How a descriptor file was made.

    Attributes
    ----------
    audio : str
        Name of the audio file, without its directory.
    size : int
        Its bytes.
    modified : int
        When it was changed last, in nanoseconds.
    profile : str
        Digest of the profile's content, empty without one.
    """

    audio: str
    size: int
    modified: int
    profile: str

    @classmethod
    def of(cls, audio: Path, profile: str) -> Made:
        """Return how a file is made of `audio` as it is now.

        Raises
        ------
        OSError
            When there is no such file.
        """
        status = audio.stat()
        return cls(audio.name, status.st_size, status.st_mtime_ns, profile)


#: No audio file has this name.
_DOUBTFUL = Made("", 0, 0, "")


class ExtractionLog:
    """The log of a directory of descriptor files; of each file the last line counts.

    Parameters
    ----------
    directory : Path
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._path = directory / NAME
        self._made: dict[str, Made] = {}
        with contextlib.suppress(OSError):
            for line in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
                self._read(line)

    def made(self, target: Path) -> Made | None:
        """Return how a file was made, None where that is not known."""
        return self._made.get(self._name(target))

    def add(self, target: Path, made: Made) -> None:
        """Keep how a file was made.

        Raises
        ------
        UserError
            When it cannot be written.
        """
        line = json.dumps({"file": self._name(target), **asdict(made)})
        try:
            with self._path.open("a", encoding="utf-8") as file:
                # A line that a kill has cut off must not take this one along.
                file.write(f"\n{line}\n" if file.tell() else f"{line}\n")
        except OSError as error:
            raise UserError(f"{self._path}: cannot be written ({one_line(error.strerror or error)})") from error
        self._made[self._name(target)] = made

    def doubt(self, target: Path) -> None:
        """Have what is said of a file count no more, since it is about to be made anew.

        Raises
        ------
        UserError
            When it cannot be written.
        """
        if target in self:
            self.add(target, _DOUBTFUL)

    def __contains__(self, target: Path) -> bool:
        return self.made(target) is not None

    def _read(self, line: str) -> None:
        with contextlib.suppress(ValueError, RecursionError):
            match json.loads(line):
                case {
                    "file": str(name),
                    "audio": str(audio),
                    "size": int(size),
                    "modified": int(modified),
                    "profile": str(profile),
                }:
                    self._made[name] = Made(audio, size, modified, profile)

    def _name(self, target: Path) -> str:
        return target.relative_to(self.directory).as_posix()


def profile_digest(profile: str | os.PathLike[str] | None) -> str:
    """Return what tells a profile from others: a digest of its content, empty without one.

    Raises
    ------
    UserError
        When it cannot be read.
    """
    if profile is None:
        return ""
    path = Path(profile)
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such profile; check the path") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({one_line(error.strerror or error)}); give a profile") from error
