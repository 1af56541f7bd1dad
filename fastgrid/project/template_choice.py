"""Which template suits the descriptor files, and its text."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from fastgrid.common.errors import UserError, one_line
from fastgrid.common.safe_yaml import read_bounded

FALLBACK = "2.1-beta2"
#: For tables, whose columns have any names.
TABLE = "table"
# Version of the extractor -> template; beta6 writes what beta5 wrote.
_TEMPLATE_OF_VERSION = {"2.1-beta2": "2.1-beta2", "2.1-beta5": "2.1-beta5", "2.1-beta6": "2.1-beta5"}
_MAX_TEMPLATE_BYTES = 2**20


def choose_template(versions: Iterable[str | None]) -> tuple[str, str | None]:
    """Choose a template by the extractor versions in the descriptor files.

    Parameters
    ----------
    versions : iterable of str or None
        ``metadata.version.essentia`` of each file, None where it has none.

    Returns
    -------
    name : str
        Of a bundled template. Of a version the part before the first dash counts, and the next part if it begins with
        ``beta`` (Gaia 2.4.6 behaviour); unknown, missing and differing versions get `FALLBACK`.
    note : str or None
        Why the fallback was taken, on one line.
    """
    found = {None if version is None else _release(version) for version in versions}
    names = sorted(one_line(version or "(none)", 40) for version in found)
    if len(found) > 1:
        shown = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
        return FALLBACK, f"the files come from several extractor versions ({shown}); template {FALLBACK} is used"
    release = next(iter(found), None)
    if release is None:
        return FALLBACK, f"the files name no extractor version; template {FALLBACK} is used"
    if release not in _TEMPLATE_OF_VERSION:
        return FALLBACK, f"no template for extractor version {names[0]}; template {FALLBACK} is used"
    return _TEMPLATE_OF_VERSION[release], None


def template_text(template: str | Path) -> tuple[str, str]:
    """Return what messages call a template, and its text.

    Parameters
    ----------
    template : str or Path
        Name of a bundled template (or of an extractor version that has one), or the path of a file.

    Raises
    ------
    UserError
        When there is neither.
    """
    bundled = {**_TEMPLATE_OF_VERSION, TABLE: TABLE}.get(str(template))
    if bundled is not None:
        resource = files("fastgrid.project") / "templates" / f"{bundled}.yaml"
        return f"template {bundled}", resource.read_text(encoding="utf-8")
    if not Path(template).exists():
        names = ", ".join(sorted({*_TEMPLATE_OF_VERSION.values(), TABLE}))
        raise UserError(f"{template}: there is no such template; give one of {names} or the path of a file")
    try:
        return str(template), read_bounded(template, _MAX_TEMPLATE_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{template}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from error


def _release(version: str) -> str:
    first, _, rest = version.partition("-")
    second = rest.partition("-")[0]
    return f"{first}-{second}" if second.startswith("beta") else first
