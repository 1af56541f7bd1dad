"""``fastgrid COMMAND ...``: finds the command and hands the arguments on."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import cast

from fastgrid import __version__
from fastgrid.cli.running import OneLineParser

#: Command -> what it does, in the order of a training.
COMMANDS = {
    "extract": "audio files -> descriptor files, by Essentia",
    "train_model_from_sigs": "class folders -> ground truth + file list -> train_model",
    "train_model_from_table": "feature table (CSV, TSV, Parquet, .npz, LIBSVM) -> project -> train_model",
    "train_model": "project -> sweep -> best model, ranking and confusion matrix",
    "generate_classification_project": "write the project file from a template",
    "run_tests": "the sweep: every combination, n-fold cross-validation",
    "status": "how far a run is, or was when it ended",
    "merge": "take over what runs on copies of the directory have finished",
    "generate_params_report": "the ranking of all combinations as .tsv, and the report page",
    "select_best_model": "best combination -> HTML + final model trained on all data",
    "retrain_model": "final model for a chosen .param file",
    "get_classification_results": "print the ten best combinations",
    "errors": "list the items that the best combinations misclassify",
    "visualize_confusion_matrix": ".result -> HTML confusion matrix",
    "json_to_sig": "JSON descriptor files -> YAML .sig files",
    "convert": "a model in another format: .model, .history of Gaia, .onnx",
    "inspect": "what a model holds, ours or a .history of Gaia",
    "predict": "class and probabilities of descriptor files, or of the rows of a table",
}

#: Other spellings of commands that are accepted.
ALIASES = {"visualize_confusion_matrice": "visualize_confusion_matrix", "inspect_model": "inspect"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``fastgrid`` with the arguments `argv` (those of the process by default).

    Returns
    -------
    int
        Exit code: 0 done, 2 a mistake in what was given, 3 some tasks failed, 130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    if not arguments or arguments[0].startswith("-"):
        options = parser.parse_args(arguments)
        if options.command is None:
            parser.print_help()
            return 2
    name = arguments[0].replace("-", "_")
    name = ALIASES.get(name, name)
    if name not in COMMANDS:
        parser.error(f"no command called {arguments[0]!r}")
    return command(name)(arguments[1:])


def command(name: str) -> Callable[[Sequence[str] | None], int]:
    """Return the ``main`` of the command called `name`; only its module is imported."""
    module = importlib.import_module(f"fastgrid.cli.{name}")
    return cast("Callable[[Sequence[str] | None], int]", module.main)


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    lines = "\n".join(f"  {name:<{width}}  {purpose}" for name, purpose in COMMANDS.items())
    parser = OneLineParser(
        prog="fastgrid",
        usage="fastgrid COMMAND [ARGUMENT ...]",
        description="Train, rank and use SVM classifiers on descriptor files, as Gaia does.",
        epilog=f"commands (hyphens are accepted for underscores):\n{lines}\n\nfastgrid COMMAND --help says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"fastgrid {__version__}")
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    return parser
