"""Tar archives for tests, of every kind."""

import bz2
import gzip
import io
import lzma
import tarfile

import zstandard

KINDS = (".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")


def packed(data: bytes, kind: str) -> bytes:
    """Compress the bytes of a tar archive."""
    if kind.endswith("gz"):
        return gzip.compress(data, mtime=0)
    if kind.endswith("bz2"):
        return bz2.compress(data)
    if kind.endswith("xz"):
        return lzma.compress(data)
    if kind.endswith("zst"):
        return zstandard.ZstdCompressor(write_checksum=True).compress(data)
    return data


def tar_of(members, format=tarfile.PAX_FORMAT) -> bytes:
    """Return a tar archive of names and contents, or of `tarfile.TarInfo` as they are."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for name, content in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if content is None:
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def special(name, kind, target=""):
    """Return a member that is no file."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info
