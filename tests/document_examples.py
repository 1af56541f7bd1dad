"""The examples of Markdown pages, and what they need around them.

A page is run from its top to its end, in one namespace and one directory:

* ```` ```python ```` is executed; what stands after ``>>>`` is compared as by doctest;
* ```` ```bash ```` is executed; a command that fails ends the page;
* ```` ```console ````: what stands after ``$`` is executed, and what it prints compared with the lines below, in which
  ``...`` stands for anything;
* ```` ```{code-block} LANGUAGE ```` with ``:caption: PATH`` is written to that path;
* ``<!-- invisible-code-block: bash`` (or python) up to ``-->`` is executed, and not shown;
* ``<!-- skip: next "REASON" -->`` leaves the next example out.
"""

import doctest
import json
import os
import re
import shutil
import subprocess
import sys
import unittest
from dataclasses import dataclass, field
from pathlib import Path

from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = (REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md")))
#: Fences that are run, and those that only show something or that Sphinx acts on.
RUN = ("python", "bash", "console")
SHOWN = ("text", "yaml", "csv", "{toctree}", "{include}", "{eval-rst}", "{command-reference}")
FENCE = re.compile(r"^(?P<fence>`{3,})(?P<language>[^\n`]*)\n(?P<body>.*?)^(?P=fence)$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"^```\{code-block\} \w+\n:caption: (?P<path>\S+)\n\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
SKIPPED = re.compile(r'^<!-- skip: next "(?P<reason>[^"\n]+)" -->$', re.MULTILINE)
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
#: Seconds that a block may take at most, so that a page that waits for ever is an error.
_LONGEST = 300


@dataclass
class Outcome:
    """What running a page did."""

    examples: int = 0
    skipped: list[str] = field(default_factory=list)


def run_page(page: Path) -> Outcome:
    """Run the examples of a page in the current directory; an example that fails raises."""
    outcome = Outcome()
    with_examples = Sybil(
        parsers=[
            PythonCodeBlockParser(doctest_optionflags=_FLAGS),
            CodeBlockParser("bash", _run_bash),
            CodeBlockParser("console", _run_console),
            _files,
            SkipParser(),
        ],
        pattern=page.name,
        path=str(page.parent),
    )
    for example in with_examples.parse(page).examples():
        try:
            example.evaluate()
        except unittest.SkipTest as reason:
            outcome.skipped.append(str(reason))
        else:
            outcome.examples += not isinstance(example.parsed, tuple)
    return outcome


def make_workspace(directory: Path) -> None:
    """Put into `directory` what the pages take for granted: a clone's examples, and somebody's own music."""
    shutil.copytree(REPOSITORY / "examples", directory / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    # README.md calls the programs of the virtual environment by their path.
    (directory / ".venv").mkdir()
    (directory / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    classes, files = {}, {}
    for label, game in (("happy", "hedgewars"), ("sad", "0ad")):
        target = directory / "music" / label
        target.mkdir(parents=True)
        sources = sorted((directory / "examples" / "game_music" / game).glob("*.json"))
        for number, source in enumerate(sources[:-1], start=1):
            path = target / f"{label}_{number}.json"
            _copy(source, path, artist=f"{label} artist {(number + 1) // 2}")
            classes[path.stem], files[path.stem] = label, path.relative_to(directory)
        (directory / "new").mkdir(exist_ok=True)
        shutil.copyfile(sources[-1], directory / "new" / f"{'a' if label == 'happy' else 'b'}.json")
    truth = "".join(f"  {name}: {label}\n" for name, label in classes.items())
    (directory / "groundtruth.yaml").write_text(f"className: mood\ngroundTruth:\n{truth}")
    (directory / "filelist.yaml").write_text("".join(f"{name}: {path}\n" for name, path in files.items()))


def _copy(source: Path, target: Path, *, artist: str) -> None:
    # The bundled files do not name artists.
    document = json.loads(source.read_text("utf-8"))
    document["metadata"]["tags"]["artist"] = [artist]
    target.write_text(json.dumps(document), encoding="utf-8")


def _shell(command: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "COLUMNS": "120", "NO_COLOR": "1"}
    environment["FASTGRID_REPOSITORY"] = str(REPOSITORY)
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        env=environment,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_LONGEST,
    )


def _run_bash(example: Example) -> str | None:
    ended = _shell(str(example.parsed))
    return f"exit code {ended.returncode}\n{ended.stdout}" if ended.returncode else None


def _run_console(example: Example) -> str | None:
    checker, failures = doctest.OutputChecker(), []
    for block in re.split(r"^\$ ", str(example.parsed), flags=re.MULTILINE)[1:]:
        command, _, expected = block.partition("\n")
        ended = _shell(command)
        if not checker.check_output(expected, ended.stdout, _FLAGS):
            failures.append(f"$ {command}\nexpected:\n{expected}\ngot (exit code {ended.returncode}):\n{ended.stdout}")
    return "\n".join(failures) or None


def _files(document: Document) -> list[Region]:
    return [
        Region(found.start(), found.end(), found.groupdict(), _write_file) for found in FILE.finditer(document.text)
    ]


def _write_file(example: Example) -> None:
    path = Path(example.parsed["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(example.parsed["body"], encoding="utf-8")
