"""The table of README.md: fastgrid beside its peers, measured here and now, or out of what was measured before.

    python -m bench.compare [--rounds N] [--set NAME]... [--from FILE] [--check]

Runs `bench_peers.py` over the sets (those named, by default all; a quarter of an hour a round), keeps what it found in
bench/comparison.json and writes the table between the two marks of README.md. `--from FILE` makes the table of such a
file without measuring; `--check` writes nothing, and ends with 1 where README.md has another table than
bench/comparison.json makes. Peers that are not installed have no figures: `pip install '.[peers,liquidsvm]'`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

BENCH = Path(__file__).resolve().parent
# The other programs of this directory are scripts, which find each other beside them.
sys.path.insert(0, str(BENCH))

import bench_peers  # noqa: E402
from peers.report import NEXT  # noqa: E402
from peers.sets import SETS  # noqa: E402

RECORD = BENCH / "comparison.json"
README = BENCH.parent / "README.md"
BEGIN, END = "<!-- comparison: written by python -m bench.compare -->", "<!-- end of the comparison -->"
#: What a column is called, by peer.
COLUMNS = {
    "gridsearch": "GridSearchCV(SVC)",
    "precomputed": "SVC precomputed, Gram reused",
    "opencv": "OpenCV trainAuto",
    "intelex": "scikit-learn-intelex",
    "liquidsvm": "liquidSVM",
    "smo": "`smo`",
    "smo-fast": "`smo-fast`",
}
NAMES = {
    "digits": "digits",
    "synthetic": "synthetic",
    "gtzan": "gtzan",
    "digits-rbf": "digits, RBF",
    "synthetic-rbf": "synthetic, RBF",
    "gtzan-rbf": "gtzan, RBF",
    "4000x150": "overlapping",
    "10000x50": "binary, overlapping",
    "tiny": "tiny",
}


def table(found: dict[str, Any]) -> str:
    """Return what stands between the marks: machine and versions, the table, and what it does not compare."""
    sets = [one for one in found["sets"] if "skipped" not in one]
    peers = [peer for peer in COLUMNS if any("seconds" in one["peers"].get(peer, {}) for one in sets)]
    rows = [_row(one, peers) for one in sets]
    heading = ["work", *(COLUMNS[peer] for peer in peers), "`smo-fast` is faster than"]
    lines = [f"| {' | '.join(cells)} |" for cells in (heading, ["---"] * len(heading), *rows)]
    return "\n".join([_about(found), "", *lines, "", _bias(found["sets"], peers)])


def _row(one: dict[str, Any], peers: list[str]) -> list[str]:
    what = f"{NAMES[one['name']]}: {one['rows']} x {one['dimensions']}, {one['classes']} classes, {one['cells']} cells"
    seconds = [one["peers"].get(peer, {}).get("seconds") for peer in peers]
    return [what, *("" if not taken else f"{statistics.median(taken):.3g}" for taken in seconds), _faster(one)]


def _faster(one: dict[str, Any]) -> str:
    ratios = {row["over"]: row["ratio"] for row in one["ratios"] if row["solver"] == "smo-fast"}
    named = {"gridsearch": "GridSearchCV", "next": "the next best", "liquidsvm": "liquidSVM"}
    return ", ".join(f"{called} {ratios[peer]:.3g}x" for peer, called in named.items() if peer in ratios)


def _about(found: dict[str, Any]) -> str:
    about = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    rounds = f"{found['rounds']} round{'s' if found['rounds'] > 1 else ''}"
    quick = ", a small part of each work (`--quick`)" if found["quick"] else ""
    return (
        f"Seconds (medians of {rounds} in which all took turns{quick}) for the same cross-validated grid on the same "
        f"folds, {found['workers']} workers or threads each; start of processes and compilation are not counted. "
        f"{about['processor']}, {about['cores']} cores, Python {about['python']}, {versions}."
    )


def _bias(sets: list[dict[str, Any]], peers: list[str]) -> str:
    lines = [
        "We wrote this comparison, chose its works and know our own program best; the grid (many C for each gamma) is "
        "what fastgrid is made for, and a search of one point gains little. `smo` gives the predictions of "
        "GridSearchCV without exception, `smo-fast` to LIBSVM's tolerance.",
        f'"The next best" is the fastest of {", ".join(COLUMNS[peer] for peer in NEXT if peer in peers)}.',
    ]
    if "opencv" in peers:
        lines.append("OpenCV's trainAuto balances class weights over all rows.")
    if "liquidsvm" in peers:
        lines.append(
            "liquidSVM has no bias term, so it solves an easier problem, and gives errors of pairs of classes only."
        )
    skipped = [f"{NAMES[one['name']]} ({one['skipped']})" for one in sets if "skipped" in one]
    if skipped:
        lines.append(f"Not run: {'; '.join(skipped)}.")
    lines.append("`python -m bench.compare` measures it anew ([docs/benchmarks.md](docs/benchmarks.md)).")
    return " ".join(lines)


def with_table(text: str, written: str) -> str:
    """Return the text of README.md with `written` between its marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"README.md lacks the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{written}\n{END}{after}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--set", action="append", dest="sets", choices=list(SETS), metavar="NAME", help=", ".join(SETS))
    parser.add_argument("--from", type=Path, dest="source", metavar="FILE")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    source = RECORD if options.source is None else options.source
    if options.source is None and not options.check:
        chosen = [word for name in options.sets or [] for word in ("--set", name)]
        bench_peers.main([*chosen, "--rounds", str(options.rounds), "--output", str(source)])
    text = README.read_text(encoding="utf-8")
    written = with_table(text, table(json.loads(source.read_text(encoding="utf-8"))))
    if options.check:
        if written != text:
            print(f"README.md has another table than {source.name} makes: python -m bench.compare --from {source}")
        return int(written != text)
    README.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
