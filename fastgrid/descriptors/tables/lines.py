"""The lines of a text file of any size, unpacked where it is gzip, with bounds against hostile ones."""

from __future__ import annotations

import gzip
import io
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from fastgrid.common.errors import UserError, one_line
from fastgrid.common.yaml_nodes import located_error
from fastgrid.descriptors.source import GZIP_MAGIC

#: Characters of one row, and of the text that is in memory at once.
LONGEST_ROW = 16 * 1024 * 1024
#: Bytes of a text file, unpacked.
MAXIMAL_TEXT = 64 * 1024**3


class Lines:
    """The lines of a UTF-8 file, with their ends.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    number : int
        How many lines were read.
    size : int
        How many bytes they had.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        self.size = 0
        self._total = check_file(path)
        self._raw: BinaryIO | None = None

    def __iter__(self) -> Iterator[str]:
        self.number = self.size = 0
        try:
            with self.path.open("rb") as raw:
                self._raw = raw
                packed = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
                raw.seek(0)
                stream = cast(BinaryIO, io.BufferedReader(gzip.GzipFile(fileobj=raw))) if packed else raw
                yield from self._decoded(stream)
        except EOFError as error:
            raise UserError(f"{self.path}: is truncated: its gzip data ends too early; copy it again") from error
        except (OSError, zlib.error) as error:
            raise unreadable(self.path, error) from error

    def share(self) -> float:
        """Return how much of the file has been read."""
        if self._raw is None or self._raw.closed:
            return 0.0 if self._raw is None else 1.0
        return min(1.0, self._raw.tell() / max(1, self._total))

    def _decoded(self, stream: BinaryIO) -> Iterator[str]:
        while line := stream.readline(LONGEST_ROW + 1):
            self.number += 1
            self.size += len(line)
            if len(line) > LONGEST_ROW:
                raise self.error(f"is longer than {LONGEST_ROW >> 20} MiB; is it the right file?")
            if self.size > MAXIMAL_TEXT:
                raise self.error(f"the file holds more than {MAXIMAL_TEXT >> 30} GiB of text; is it the right file?")
            try:
                yield line.decode("utf-8-sig" if self.number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise self.error("is not UTF-8 text; save the file as UTF-8") from error

    def error(self, message: str) -> UserError:
        """Return the error for the line read last."""
        return located_error(str(self.path), self.number, message)


def check_file(path: Path) -> int:
    """Return the size of a file that can be opened without waiting for anything.

    Raises
    ------
    UserError
    """
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise UserError(f"{one_line(path)}: there is no such file; check the path") from error
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        kind = "a directory" if stat.S_ISDIR(status.st_mode) else "a special file"
        raise UserError(f"{one_line(path)}: is {kind} where a table is needed; check the path")
    return status.st_size


def unreadable(path: Path, error: Exception) -> UserError:
    """Return the error for a file that cannot be read."""
    reason = getattr(error, "strerror", None) or error
    return UserError(f"{one_line(path)}: cannot be read ({one_line(reason, 120)})")
