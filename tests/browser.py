"""Chromium and axe-core for tests of pages: where they are, and why a test that needs them is skipped.

Chromium is a system package, axe-core comes from npm (`.ci/run` installs both). Where the variable
``FASTGRID_BROWSER_TESTS`` is ``required``, what is missing is an error and no reason to skip.
"""

import os
import shutil
from pathlib import Path

AXE_VERSION = "4.14.1"
AXE = Path(__file__).resolve().parent.parent / "build" / f"axe-core-{AXE_VERSION}" / "axe.min.js"
# Nothing but the page: no accounts, updates, telemetry or first-run pages, and no GPU, which containers lack.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# What the accessibility check looks for: WCAG 2.2, levels A and AA, and axe-core's best practices.
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def is_required():
    return os.environ.get("FASTGRID_BROWSER_TESTS") == "required"


def chromium():
    """Return the path of Chromium, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def what_is_missing():
    """Return what keeps the tests from running, with its remedy; empty where nothing does."""
    try:
        import playwright.sync_api  # noqa: F401
    except ModuleNotFoundError:
        return "playwright is not installed; install the extra 'browser'"
    if chromium() is None:
        return "there is no chromium; install the system's package (apt-get install chromium)"
    if not AXE.exists():
        return f"{AXE} does not exist; .ci/run shows how to get it from npm"
    return ""


def violations(page):
    """Return what axe-core finds on a page: one line for each rule that is broken."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", list(RULES))
    assert len(found["passes"]) > 10, "axe-core looked at nothing"
    return [
        f"{broken['id']}: {broken['help']}: {node['html'][:200]} {node['failureSummary']}"
        for broken in found["violations"]
        for node in broken["nodes"][:3]
    ]
