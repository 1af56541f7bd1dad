"""fastgrid beside its peers: the same cross-validated grid search, interleaved, on identical features and folds.

    python bench/bench_peers.py [--set NAME]... [--peer NAME]... [--rounds N] [--workers N] [--quick] [--output FILE]

Every peer gets 2 workers or threads, and no more cores than that. A round runs each in turn, in a process of its own;
the start of that process, imports and a warm-up on a tiny problem are not timed, the start of worker processes is.
Without --set all sets run but `tiny`, without --peer those that a target names or that make up "the next" best:

    smo, smo-fast  fastgrid, in threads
    gridsearch     GridSearchCV(SVC, n_jobs=2)
    precomputed    SVC(kernel="precomputed"), one Gram matrix for all C and class weights; 2 processes
    opencv         OpenCV's SVM::trainAuto
    liquidsvm      liquidSVM: RBF without class weights, no bias term, errors of pairs only
    intelex        GridSearchCV over the SVC of scikit-learn-intelex; only where --peer names it

Printed are seconds (median and best), CPU seconds, peak memory (processes added up), best accuracy, predictions that
differ from GridSearchCV's, and how many times faster fastgrid was, against the ratios to reach. Peers that are not
installed are skipped with a word: `pip install fastgrid[peers]`, `fastgrid[liquidsvm]`. All of it takes a quarter of an
hour a round; FASTGRID_DATA names the directory that holds tables/gtzan_30s.csv.gz. --quick is for trying it out.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from peers.report import TARGETS, Record, print_summary, summary
from peers.sets import SETS, NoDataError, make_work
from peers.work import Work

BENCH = Path(__file__).resolve().parent
PEERS = ("smo", "smo-fast", "gridsearch", "precomputed", "opencv", "liquidsvm", "intelex")
#: Peers of a set where none are asked for.
ALL = ("smo-fast", "smo", "gridsearch", "precomputed", "opencv")
RBF_PART = ("smo-fast", "smo", "liquidsvm")
USUAL_PEERS = {
    "digits": ALL,
    "synthetic": ALL,
    "gtzan": ALL,
    "digits-rbf": RBF_PART,
    "synthetic-rbf": RBF_PART,
    "gtzan-rbf": RBF_PART,
    "4000x150": (*ALL, "liquidsvm"),
    "10000x50": ("smo-fast", "smo", "precomputed", "opencv", "liquidsvm"),
    "tiny": ALL,
}
PACKAGES = ("fastgrid", "numpy", "numba", "scikit-learn", "opencv-python-headless", "liquidSVM", "scikit-learn-intelex")


def machine() -> dict[str, Any]:
    """Return what the figures hold for."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = models[0] if models else platform.processor()
    cores = os.cpu_count()
    return {"processor": processor, "cores": cores, "python": platform.python_version(), "versions": versions}


def run_child(peer: str, folder: Path, workers: int) -> tuple[dict[str, Any], npt.NDArray[np.int16] | None]:
    """Run a peer in a new process on the work in `folder`; return its answer and predictions."""
    predictions = folder / "predicted.npy"
    predictions.unlink(missing_ok=True)
    path = os.pathsep.join(filter(None, [str(BENCH), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "peers.child", peer, str(folder), str(workers)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        return {"skipped": f"failed: {lines[-1]}"}, None
    predicted = np.load(predictions) if predictions.is_file() else None
    return json.loads((folder / "answer.json").read_text()), predicted


def measure(work: Work, peers: list[str], rounds: int, workers: int) -> dict[str, Record]:
    records = {peer: Record() for peer in peers}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        work.save(folder)
        for number in range(rounds):
            for peer, record in records.items():
                if record.skipped:
                    continue
                record.add(*run_child(peer, folder, workers))
                word = record.skipped or f"{record.seconds[-1]:.2f} s"
                print(f"{work.name}, round {number + 1}, {peer}: {word}", file=sys.stderr, flush=True)
    return records


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", action="append", dest="sets", choices=list(SETS), metavar="NAME", help=", ".join(SETS))
    parser.add_argument("--peer", action="append", dest="peers", choices=PEERS, metavar="NAME", help=", ".join(PEERS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="4 cells of a kernel and weighting, at most 1000 rows")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write everything there as JSON")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    found: dict[str, Any] = {"machine": machine(), "rounds": options.rounds, "workers": options.workers}
    found |= {"quick": options.quick, "sets": []}
    about = found["machine"]
    print(f"{about['processor']}, {about['cores']} cores, Python {about['python']}", end="")
    print("".join(f", {name} {version}" for name, version in about["versions"].items()))
    print(f"{options.workers} workers or threads each, {options.rounds} rounds{', --quick' if options.quick else ''}")
    for name in options.sets or [name for name in SETS if name != "tiny"]:
        try:
            work = make_work(name, options.quick)
        except NoDataError as error:
            print(f"\n{name} skipped: {error}")
            found["sets"].append({"name": name, "skipped": str(error)})
            continue
        records = measure(work, options.peers or list(USUAL_PEERS[name]), options.rounds, options.workers)
        # The targets hold for the whole grid.
        targets = {} if options.quick else TARGETS.get(name, {})
        found["sets"].append(summary(work, records, targets))
        print_summary(found["sets"][-1])
        # After each set, so that an interrupt loses the running one only.
        if options.output is not None:
            options.output.write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
