"""The command line: one module per command, each with ``main(argv=None) -> int``."""

from fastgrid.cli.dispatch import main

__all__ = ["main"]
