"""The directive ``command-reference``: every command of ``fastgrid``, from the parsers that read the command line."""

import argparse
import importlib
import pkgutil
import re
from collections.abc import Iterator
from unittest import mock

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import fastgrid.cli
from fastgrid.cli import dispatch, running

LOGGER = logging.getLogger(__name__)

#: A page of this documentation, as help texts name it.
PAGE = re.compile(r"docs/([a-z-]+)\.md")


def parsers_of(command: str) -> list[argparse.ArgumentParser]:
    """Return the parsers of a command; two where it reads other arguments for tables.

    A command builds its parser and hands it to `running.run`, which is told to give it back.
    """
    with mock.patch.object(running, "run", lambda parser, argv, work: parser):
        made = [dispatch.command(command)(arguments) for arguments in ([], ["--table", "FILE"])]
    if not all(isinstance(parser, argparse.ArgumentParser) for parser in made):
        raise TypeError(f"fastgrid {command} does not hand its parser to running.run")
    return list({parser.format_help(): parser for parser in made}.values())


def commands_without_entry() -> list[str]:
    """Return the modules of the command line that are a command, and not listed as one."""
    names = [module.name for module in pkgutil.iter_modules(fastgrid.cli.__path__)]
    commands = [name for name in names if hasattr(importlib.import_module(f"fastgrid.cli.{name}"), "main")]
    return sorted(set(commands) - {"dispatch"} - set(dispatch.COMMANDS))


class CommandReference(SphinxDirective):
    """A section for each command: what it does, how it is called, its arguments and its options."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        for module in ("dispatch", "running", "argument_types", *dispatch.COMMANDS):
            self.env.note_dependency(importlib.import_module(f"fastgrid.cli.{module}").__file__)
        for name in commands_without_entry():
            LOGGER.warning(
                "fastgrid.cli.%s is a command that dispatch.COMMANDS lacks", name, location=self.get_location()
            )
        return [self._section(name) for name in dispatch.COMMANDS]

    def _section(self, name: str) -> nodes.section:
        section = nodes.section("", nodes.title("", name), names=[name], ids=[nodes.make_id(f"command-{name}")])
        self.state.document.note_explicit_target(section)
        others = [other for other, command in dispatch.ALIASES.items() if command == name]
        for number, parser in enumerate(parsers_of(name)):
            if number:
                section += nodes.paragraph("", "With a feature table:")
            section += nodes.paragraph("", "", *self._text(parser.description or ""))
            usage = parser.format_usage()
            section += nodes.literal_block(usage, usage, language="text")
            section += self._arguments(parser)
        if others:
            section += nodes.paragraph("", "", *self._text(f"Also called {', '.join(others)}."))
        return section

    def _arguments(self, parser: argparse.ArgumentParser) -> nodes.definition_list:
        entries = nodes.definition_list()
        for action in parser._actions:
            if action.help == argparse.SUPPRESS:
                continue
            entry = nodes.definition_list_item()
            entry += nodes.term("", "", *self._spelling(action))
            text = (action.help or "") % {**vars(action), "prog": parser.prog}
            entry += nodes.definition("", nodes.paragraph("", "", *self._text(text)))
            entries += entry
        return entries

    def _spelling(self, action: argparse.Action) -> Iterator[nodes.Node]:
        value = action.metavar or (f"{{{','.join(map(str, action.choices))}}}" if action.choices else action.dest)
        for number, option in enumerate(action.option_strings or [str(value)]):
            if number:
                yield nodes.Text(", ")
            takes_value = action.option_strings and action.nargs != 0
            yield nodes.literal("", f"{option} {value}" if takes_value else option)

    def _text(self, text: str) -> Iterator[nodes.Node]:
        # Where a help text names a page, it is a link; a page that is not there is a warning, which ends the build.
        at = 0
        for found in PAGE.finditer(text):
            yield nodes.Text(text[at : found.start()])
            page = found[1]
            yield pending_xref(
                "", nodes.inline("", page), refdomain="std", reftype="doc", reftarget=f"/{page}", refexplicit=False,
                refwarn=True, refdoc=self.env.docname,
            )  # fmt: skip
            at = found.end()
        yield nodes.Text(text[at:])


def setup(app: Sphinx) -> dict[str, object]:
    """Register the directive."""
    app.add_directive("command-reference", CommandReference)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
