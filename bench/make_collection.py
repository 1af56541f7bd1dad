"""Make a large collection of descriptor files: those of game_music, again and again, with noise on their numbers.

    python bench/make_collection.py [DIRECTORY] [--archive FILE] [--files N] [--seed N] [--source DIRECTORY]

DIRECTORY gets one folder per class, FILE the same files as a tar archive (.tar, .tar.gz, .tar.bz2, .tar.xz, .tar.zst);
at least one of them is wanted. By default 20,000 files (1.6 GB) of game_music in FASTGRID_DATA, or in shared/data
beside the checkout. Every number with a decimal point is multiplied by 1 + 0.02 x a normal random number; text, whole
numbers and zeros stay. Same seed, same bytes, whatever the number of processes.
"""

import argparse
import contextlib
import functools
import gzip
import io
import multiprocessing
import os
import re
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
NOISE = 0.02

# Text in quotes is matched to be passed over.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d+\.\d+(?:[eE][-+]?\d+)?|-?\d+[eE][-+]?\d+')


@functools.cache
def parts_of(path: Path) -> tuple[list[str], "np.ndarray[tuple[int], np.dtype[np.float64]]"]:
    """Return the text of a file without its numbers, in pieces, and the numbers between them."""
    text, pieces, numbers, end = path.read_text(encoding="utf-8"), [], [], 0
    for match in _TOKEN.finditer(text):
        if match[0][0] != '"':
            pieces.append(text[end : match.start()])
            numbers.append(float(match[0]))
            end = match.end()
    pieces.append(text[end:])
    return pieces, np.array(numbers)


def noisy(path: Path, seed: int, number: int) -> bytes:
    """Return the text of a file with noise on its numbers."""
    pieces, numbers = parts_of(path)
    values = numbers * (1 + NOISE * np.random.default_rng([seed, number]).standard_normal(len(numbers)))
    written = [f"{value:.12g}" for value in values.tolist()]
    # A number that comes out whole stays one with a decimal point.
    written = [text if "." in text or "e" in text else f"{text}.0" for text in written]
    return "".join([part for pair in zip(pieces, written, strict=False) for part in pair] + pieces[-1:]).encode()


def made(number: int, sources: list[Path], seed: int) -> tuple[str, bytes]:
    """Return the name (class/file) and the content of a file of the collection."""
    source = sources[number % len(sources)]
    return f"{source.parent.name}/{source.stem}_{number // len(sources):05}.json", noisy(source, seed, number)


def collection(sources: list[Path], files: int, seed: int, jobs: int) -> Iterator[tuple[str, bytes]]:
    make = functools.partial(made, sources=sources, seed=seed)
    if jobs == 1:
        yield from map(make, range(files))
        return
    with multiprocessing.Pool(jobs) as pool:
        yield from pool.imap(make, range(files), chunksize=16)


@contextlib.contextmanager
def archive_to(path: Path) -> Iterator[tarfile.TarFile]:
    """Open an archive for writing; files carry no times, so that the same files are the same bytes."""
    with contextlib.ExitStack() as stack:
        if path.name.endswith(".zst"):
            import zstandard

            raw = stack.enter_context(path.open("wb"))
            handle: BinaryIO = stack.enter_context(zstandard.ZstdCompressor().stream_writer(raw))
        elif path.name.endswith("gz"):
            raw = stack.enter_context(path.open("wb"))
            gzipped = gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0, compresslevel=6)
            handle = cast(BinaryIO, stack.enter_context(gzipped))
        else:
            kind = "bz2" if path.name.endswith("bz2") else "xz" if path.name.endswith("xz") else ""
            yield stack.enter_context(tarfile.open(path, f"w:{kind}" if kind else "w"))
            return
        yield stack.enter_context(tarfile.open(fileobj=handle, mode="w|"))


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def parse(arguments: list[str] | None) -> argparse.Namespace:
    data = Path(os.environ.get("FASTGRID_DATA", REPOSITORY.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="?", type=Path)
    parser.add_argument("--archive", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--files", type=int, default=20_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--source", type=Path, default=data / "game_music", metavar="DIRECTORY")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    options = parser.parse_args(arguments)
    if options.directory is None and not options.archive:
        parser.error("give a DIRECTORY, --archive FILE, or both")
    options.sources = sorted(options.source.glob("*/*.json"))
    if not options.sources:
        parser.error(f"{options.source}: has no folders with *.json")
    return options


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    with contextlib.ExitStack() as stack:
        archives = [stack.enter_context(archive_to(path)) for path in options.archive]
        for name, content in collection(options.sources, options.files, options.seed, options.jobs):
            for archive in archives:
                add(archive, name, content)
            if options.directory is not None:
                path = options.directory / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
