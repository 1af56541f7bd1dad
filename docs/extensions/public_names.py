"""The reference of Python is complete: a name of ``fastgrid.__all__`` without a page is a warning."""

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

import fastgrid

LOGGER = logging.getLogger(__name__)


def missing_names(documented: set[str]) -> list[str]:
    """Return the public names of the package that are not among those `documented`."""
    public = {f"fastgrid.{name}" for name in fastgrid.__all__ if name != "__version__"}
    return sorted(public - documented)


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of each public name without an entry."""
    documented = {name for name, *_ in env.get_domain("py").get_objects()}
    for name in missing_names(documented):
        LOGGER.warning("%s is in fastgrid.__all__, but on no page; add it to docs/api.md", name)


def leave_plain(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.TextElement | None:
    """Show what stands between backticks in a docstring as it is where it has no page: arguments, arrays, values."""
    return content if (node.get("refdomain"), node.get("reftype")) == ("py", "obj") else None


def setup(app: Sphinx) -> dict[str, object]:
    """Connect both."""
    app.connect("env-check-consistency", check)
    app.connect("missing-reference", leave_plain)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
