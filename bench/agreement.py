"""How fastgrid's solvers agree with SVC: pair problem by pair problem, prediction by prediction.

    python bench/agreement.py --output FILE [--set NAME]... [--solver NAME]... [--kernel NAME]
                              [--sample FRACTION] [--threads N] [--cap N]
    python bench/agreement.py --output FILE --table

All combinations and folds of digits, gtzan, segment, satimage and a synthetic set, on the grid of bench_peers.py:
RBF and polynomial kernel of degree 3, C 2^-5..2^11, gamma 2^-11..2^3, both class weights, 5 stratified folds. Every
solver gets the same float32 Gram matrix. What is compared, and what the figures mean: docs/agreement.md.

FILE gets a line of JSON for each Gram matrix and solver as soon as it is there; a run that was interrupted goes on
where it stopped, and --sample 0.1 is a part of --sample 0.2. --table prints what FILE holds as Markdown. The exit code
is 1 where a solver does not agree as it has to, or a set's files are not there. The whole of it takes about three
quarters of an hour on two cores, nearly all of it the polynomial part of satimage. FASTGRID_DATA names the directory
that holds tables/.
"""

import argparse
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from agreement_parts.measurement import Measurement
from agreement_parts.problems import SETS, GramProblem, gram_problems, make_set, sample
from agreement_parts.records import Record, Records, key_of
from agreement_parts.report import OTHERS, failures, table
from peers.sets import FULL, NoDataError
from sklearn.exceptions import ConvergenceWarning

from fastgrid.common.threads import single_threaded_blas
from fastgrid.solvers import get_solver
from fastgrid.solvers.interface import MAXIMUM_ITERATIONS

SOLVERS = ("smo", *OTHERS)


def known_solvers(names: list[str]) -> list[str]:
    """Return those that this fastgrid has; a word on the others."""
    known = []
    for name in names:
        try:
            get_solver(name)
        except ValueError as error:
            print(f"{name} skipped: {error}", file=sys.stderr)
            continue
        known.append(name)
    return known


def chosen(name: str, kernel: str | None, fraction: float) -> list[GramProblem]:
    """Return the Gram matrices of a set that are asked for."""
    return sample([problem for problem in gram_problems(make_set(name)) if kernel in (None, problem.kernel)], fraction)


def measure(
    problem: GramProblem, solvers: list[str], maximum_iterations: int, stopped: threading.Event
) -> list[Record]:
    """Return a Gram matrix's records; none where the run has been stopped."""
    if stopped.is_set():
        return []
    measurement = Measurement(problem, maximum_iterations)
    return [measurement.record(solver) for solver in solvers]


def run_set(problems: list[GramProblem], solvers: list[str], records: Records, cap: int, threads: int) -> None:
    """Append the records of `problems` that are missing."""
    wanted = []
    for problem in problems:
        digest = problem.digest()
        missing = [solver for solver in solvers if not records.has((*problem.key, solver), digest, cap)]
        if missing:
            wanted.append((problem, missing))
    stopped = threading.Event()
    with ThreadPoolExecutor(threads) as pool:
        pending = [pool.submit(measure, *each, cap, stopped) for each in wanted]
        try:
            for number, done in enumerate(as_completed(pending), 1):
                for record in done.result():
                    records.add(record)
                    key = ", ".join(str(part) for part in key_of(record))
                    print(f"{number}/{len(wanted)}: {key}: {record['seconds']}", file=sys.stderr, flush=True)
        except BaseException:
            stopped.set()
            raise


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, metavar="FILE", required=True)
    parser.add_argument("--set", action="append", dest="sets", choices=list(SETS), metavar="NAME", help=", ".join(SETS))
    parser.add_argument(
        "--solver", action="append", dest="solvers", choices=SOLVERS, metavar="NAME", help=", ".join(SOLVERS)
    )
    parser.add_argument("--kernel", choices=FULL.kernels, help="only the Gram matrices of this kernel")
    parser.add_argument("--sample", type=float, default=1.0, metavar="FRACTION", help="of the Gram matrices of a set")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cap", type=int, default=MAXIMUM_ITERATIONS, help="iterations of a pair problem at most")
    parser.add_argument("--table", action="store_true", help="run nothing, print what FILE holds")
    options = parser.parse_args(arguments)
    if not 0.0 < options.sample <= 1.0:
        parser.error("--sample is a fraction above 0, 1 at most")
    if min(options.threads, options.cap) < 1:
        parser.error("--threads and --cap are numbers above 0")
    if not options.output.resolve().parent.is_dir():
        parser.error(f"--output {options.output}: there is no such directory")
    return options


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    # Said once, in the table: how many problems hit the cap.
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    records, skipped = Records(options.output), False
    if not options.table:
        solvers = known_solvers(options.solvers or list(SOLVERS))
        for name in options.sets or [name for name in SETS if name != "tiny"]:
            try:
                problems = chosen(name, options.kernel, options.sample)
            except NoDataError as error:
                print(f"{name} skipped: {error}", file=sys.stderr)
                skipped = True
                continue
            with single_threaded_blas():
                run_set(problems, solvers, records, options.cap, options.threads)
    order = {name: position for position, name in enumerate(SETS)}
    found = sorted(records.by_key.values(), key=lambda record: order.get(record["set"], len(order)))
    print(table(found))
    wrong = failures(found)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong or skipped else 0


if __name__ == "__main__":
    sys.exit(main())
