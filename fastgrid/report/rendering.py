"""From a template and its values to the text of a page."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fastgrid.report import wording

if TYPE_CHECKING:
    import jinja2

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def render(name: str, values: Mapping[str, object], *, script: str = "") -> str:
    """Fill a template.

    Names come from files: the template engine escapes them, everywhere.

    Parameters
    ----------
    name : str
        The template's file.
    values : mapping of str to object
        What the template calls by name; all that it calls must be there.
    script : str
        File of the page's script; the page's policy allows that script and no other.

    Returns
    -------
    str
        A complete HTML document. Characters that HTML cannot carry are shown as U+FFFD.
    """
    # Imported here because a program that trains without reports need not load it.
    import markupsafe

    templates = _environment()
    source = templates.get_template(script).render() if script else ""
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode() if script else ""
    # Text of the package itself, not of a file that somebody gave.
    page = templates.get_template(name).render(values, script=markupsafe.Markup(source), script_digest=digest)  # noqa: S704
    return _printable(page)


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("fastgrid.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        isolated=wording.isolated,
        percent=wording.percent,
        interval=wording.interval_text,
        exponent=wording.exponent,
        grouped=wording.grouped,
        duration=wording.duration,
        counted=wording.plural,
    )
    return environment


def _printable(text: str) -> str:
    """Replace what no HTML file can carry: lone surrogates (file names in no encoding) and control characters."""
    return _UNPRINTABLE.sub("\ufffd", text)
