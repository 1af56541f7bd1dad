"""A connection to the scheduler of a Dask cluster, and its mistakes on one line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fastgrid.common.errors import FastgridError, UserError, one_line

#: Seconds to wait for a scheduler, where Dask's configuration does not say.
CONNECT_SECONDS = 10.0

#: Kinds of addresses that say host and port.
_WITH_PORT = ("tcp", "tls", "ws", "wss")
#: Seconds after which it is said what is waited for.
_SILENT_SECONDS = 1.0
_CONNECT = "distributed.comm.timeouts.connect"
#: What Dask writes of its own accord, several lines at a time; what matters of it is said on one line.
_LOGGERS = (
    "distributed",
    "distributed.client",
    "distributed.core",
    "distributed.comm",
    "tornado.application",
    "asyncio",
)
_REMEDY = "start one with `dask scheduler`, or correct the address"


class ClusterLostError(FastgridError):
    """The scheduler of a cluster, or all of its workers, went away while it was at work; nothing finished is lost."""


def scheduler_address(address: str | None, file: Path | None, say: Callable[[str], None]) -> str:
    """Return the address of a scheduler: `address`, or the one in the scheduler file, which is waited for.

    Parameters
    ----------
    address : str or None
    file : Path or None
    say : callable
        Called with a line where the file has to be waited for.

    Raises
    ------
    UserError
        When the address is none, the file does not appear, or names no address.
    """
    if address is not None:
        return _checked(address)
    assert file is not None
    if file.is_dir():
        raise UserError(f"--scheduler-file {file}: is a directory; give the file that a scheduler writes")
    began, said = time.monotonic(), False
    end = began + connect_seconds()
    while True:
        try:
            found = json.loads(file.read_text(encoding="utf-8"))["address"]
            if isinstance(found, str):
                return found
            complaint = "its address is no text"
        except OSError as error:
            complaint = error.strerror or type(error).__name__
        except (ValueError, KeyError, TypeError, RecursionError):
            complaint = "it is not a scheduler file"
        # `dask scheduler --scheduler-file` may be about to write it.
        if time.monotonic() > end:
            raise UserError(
                f"{file}: {complaint}; it is written by `dask scheduler --scheduler-file {file}`, on a file system "
                "that this machine sees"
            )
        if not said and time.monotonic() > began + _SILENT_SECONDS:
            said = True
            say(f"waiting for the scheduler file {file}")
        time.sleep(0.05)


def _checked(address: str) -> str:
    # Only where a port is wanted for sure: Dask may know other kinds of addresses.
    scheme, separator, rest = address.rpartition("://")
    host, _, port = rest.partition("/")[0].rpartition(":")
    known = import_distributed().comm.registry.backends
    if separator and scheme not in known:
        raise UserError(f"--scheduler {one_line(address)}: Dask knows no address of that kind; write tcp://host:8786")
    if (not separator or scheme in _WITH_PORT) and not (host and port.isdecimal() and 0 < int(port) < 2**16):
        raise UserError(f"--scheduler {one_line(address)}: is no address of a scheduler; write it as tcp://host:8786")
    return address


def import_distributed() -> Any:
    """Return the package distributed.

    Raises
    ------
    UserError
        When it is missing.
    """
    try:
        import distributed
    except ImportError as error:
        raise UserError(
            f"a scheduler takes Dask distributed ({one_line(error)}); install it: pip install 'fastgrid[dask]'"
        ) from error
    return distributed


def connect_seconds() -> float:
    """Return for how long a scheduler is waited for: what Dask's configuration says, unless that is Dask's default."""
    import_distributed()
    import dask

    configured = dask.config.get(_CONNECT)
    defaults = [dask.config.get(_CONNECT, None, config=dict(each)) for each in dask.config.defaults]
    return CONNECT_SECONDS if configured in defaults else _seconds(configured, _CONNECT)


def configured_seconds(key: str, otherwise: float) -> float:
    """Return the seconds that stand under `key` in Dask's configuration (``10 min``), or `otherwise`."""
    import dask

    return _seconds(dask.config.get(key, otherwise), key)


def _seconds(configured: Any, key: str) -> float:
    from dask.utils import parse_timedelta

    try:
        seconds = float(parse_timedelta(configured, "s"))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise UserError(f"{key} in Dask's configuration is {configured!r}, which is no time; write 30 s") from error
    if not 0.0 <= seconds < float("inf"):
        raise UserError(f"{key} in Dask's configuration is {configured!r}, which is no time to wait; write 30 s")
    return seconds


def connect(address: str) -> Any:
    """Return a ``distributed.Client`` of the scheduler at `address`.

    Raises
    ------
    UserError
        When there is none, or it does not answer.
    """
    distributed, seconds = import_distributed(), connect_seconds()
    try:
        _probe(distributed, address, seconds)
        with warnings.catch_warnings():
            # Versions are compared by `fastgrid.common.cluster`, which names what matters.
            warnings.simplefilter("ignore")
            return distributed.Client(address, timeout=seconds, set_as_default=False, name="fastgrid")
    except Exception as error:
        cause = "" if isinstance(error, TimeoutError) else f" ({one_line(error, 120) or type(error).__name__})"
        raise UserError(
            f"no Dask scheduler answers at {one_line(address)} within {seconds:g} seconds{cause}; {_REMEDY}"
        ) from error


def _probe(distributed: Any, address: str, seconds: float) -> None:
    # A Client that does not come to its end cannot be given up: it waits for ever for whoever answers otherwise than a
    # scheduler would, and complains when the process ends.
    async def kind() -> str:
        arguments = distributed.security.Security().get_connection_args("client")
        async with distributed.core.rpc(address, connection_args=arguments) as there:
            return str((await there.identity()).get("type"))

    async def in_time() -> str:
        return await asyncio.wait_for(kind(), seconds)

    found = asyncio.run(in_time())
    if found != "Scheduler":
        raise ConnectionError(f"it is a {found}")


@contextlib.contextmanager
def quiet_dask() -> Iterator[None]:
    """Keep Dask's log out of the way inside the block."""
    import_distributed()
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    try:
        for name in _LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
