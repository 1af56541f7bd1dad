"""The references name everything there is, without a build: commands, names of the package, pages."""

import argparse
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from document_examples import PAGES, REPOSITORY

import fastgrid
from fastgrid.cli import dispatch

DOCS = REPOSITORY / "docs"
FOR_TABLES_TOO = {"generate_classification_project"}


def extension(name: str) -> ModuleType:
    """Import a Sphinx extension of the documentation."""
    pytest.importorskip("sphinx")
    spec = importlib.util.spec_from_file_location(name, DOCS / "extensions" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_public_name_is_in_the_reference() -> None:
    text = (DOCS / "api.md").read_text("utf-8")
    documented = re.findall(r"^\.\. auto(?:function|class|exception):: (\S+)$", text, re.MULTILINE)
    assert len(documented) == len(set(documented))
    missing = {f"fastgrid.{name}" for name in fastgrid.__all__} - {"fastgrid.__version__"} - set(documented)
    assert not missing
    for name in documented:
        module, _, attribute = name.rpartition(".")
        assert getattr(importlib.import_module(module), attribute).__doc__, name


def test_every_command_gives_its_parser_to_the_reference() -> None:
    reference = extension("command_reference")
    assert "```{command-reference}" in (DOCS / "commands.md").read_text("utf-8")
    for command in dispatch.COMMANDS:
        parsers = reference.parsers_of(command)
        assert len(parsers) == 1 + (command in FOR_TABLES_TOO)
        for parser in parsers:
            assert isinstance(parser, argparse.ArgumentParser) and parser.prog == f"fastgrid {command}"
    assert reference.commands_without_entry() == []


def test_a_command_that_is_not_listed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    reference = extension("command_reference")
    monkeypatch.delitem(dispatch.COMMANDS, "merge")
    assert reference.commands_without_entry() == ["merge"]


def test_a_command_that_hands_no_parser_over_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    reference = extension("command_reference")
    monkeypatch.setattr(sys.modules["fastgrid.cli.dispatch"], "command", lambda name: lambda arguments: 0)
    with pytest.raises(TypeError, match="does not hand its parser"):
        reference.parsers_of("merge")


def test_a_public_name_without_a_page_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    names = extension("public_names")
    documented = {f"fastgrid.{name}" for name in fastgrid.__all__}
    assert names.missing_names(documented) == []
    assert names.missing_names(documented - {"fastgrid.merge"}) == ["fastgrid.merge"]


def test_every_option_and_its_help_stand_in_the_reference() -> None:
    reference = extension("command_reference")
    text = (DOCS / "commands.md").read_text("utf-8")
    assert text.count("{command-reference}") == 1
    for command in dispatch.COMMANDS:
        for parser in reference.parsers_of(command):
            for action in parser._actions:
                assert action.help, f"{command}: {action.dest} has no help"
                for page in reference.PAGE.findall(action.help):
                    assert (DOCS / f"{page}.md").is_file(), f"{command}: {action.dest} names docs/{page}.md"


def test_pages_that_readme_and_pages_name_are_there() -> None:
    for page in PAGES:
        for name in re.findall(r"\bdocs/([\w-]+\.md)", page.read_text("utf-8")):
            assert (DOCS / name).is_file(), f"{page.relative_to(REPOSITORY)} names docs/{name}"


def test_every_page_is_in_the_contents() -> None:
    listed = re.findall(r"^[a-z-]+$", (DOCS / "index.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(path.stem for path in DOCS.glob("*.md") if path.stem != "index")


def test_paths_in_docs_exist() -> None:
    missing = [
        f"{page.relative_to(REPOSITORY)}: {name}"
        for page in PAGES
        for name in re.findall(
            r"`((?:fastgrid|tests|bench|scripts|examples)/[\w/.-]+\.(?:py|yaml))`", Path(page).read_text("utf-8")
        )
        if not (REPOSITORY / name).exists()
    ]
    assert missing == []
