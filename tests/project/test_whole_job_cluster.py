"""The whole job on a Dask cluster of separate processes: the bytes of a local run, whatever dies on the way."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dask_processes import DaskProcesses, wait_until
from whole_job import contents, small_project

from fastgrid.cli import main

pytest.importorskip("distributed")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="sends signals")]

#: For commands in processes of their own: what a user waits for is waited for shortly.
CONFIGURATION = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s"}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[DaskProcesses]:
    """A scheduler without workers."""
    with DaskProcesses(tmp_path / "dask") as processes:
        yield processes


def start(arguments: list[str], *options: str, **configuration: str) -> subprocess.Popen[str]:
    """Start train_model in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "fastgrid", "train_model", *arguments, "-q", *options],
        env={**os.environ, **CONFIGURATION, **configuration},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def journal(directory: Path) -> dict[str, int]:
    """Return the finished tasks with the time when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in directory.glob("results/journal/*.npz")}


def wait_for_journal(process: subprocess.Popen[str], directory: Path, cluster: DaskProcesses) -> None:
    def some() -> bool:
        assert process.poll() is None, "\n".join([process.communicate()[1], cluster.log()])
        return len(journal(directory)) >= 3

    wait_until(some, "three tasks are finished")


def ended_well(process: subprocess.Popen[str], cluster: DaskProcesses) -> list[str]:
    """Return the warnings of a command that succeeds."""
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 0, (errors, cluster.log())
    return [line for line in errors.splitlines() if "share metadata.tags" not in line]


def test_two_workers_and_one_killed_midway(trained: Path, inputs: Path, tmp_path: Path, cluster: DaskProcesses) -> None:
    for _ in range(2):
        cluster.start_worker()
    arguments = small_project(inputs, tmp_path / "killed")
    process = start(arguments, "--scheduler", cluster.address)
    wait_for_journal(process, tmp_path / "killed", cluster)
    finished = journal(tmp_path / "killed")
    cluster.workers[0].kill()
    cluster.let_go()
    assert ended_well(process, cluster) == []
    assert contents(tmp_path / "killed") == contents(trained)
    assert {name: time for name, time in journal(tmp_path / "killed").items() if name in finished} == finished
    # The bytes are the same when nobody dies. One worker is left, another joins.
    cluster.start_worker(threads=2)
    assert main(["train_model", *small_project(inputs, tmp_path / "out"), "-q", "--scheduler", cluster.address]) == 0
    assert contents(tmp_path / "out") == contents(trained)


def test_the_only_worker_is_killed_and_another_one_comes(
    trained: Path, inputs: Path, tmp_path: Path, cluster: DaskProcesses
) -> None:
    cluster.start_worker()
    process = start(small_project(inputs, tmp_path / "out"), "--scheduler-file", str(cluster.file))
    wait_for_journal(process, tmp_path / "out", cluster)
    cluster.workers[0].kill()
    cluster.workers[0].wait()
    cluster.let_go()
    assert process.stderr is not None
    assert "no worker is connected" in process.stderr.readline()
    cluster.start_worker()
    assert ended_well(process, cluster) == []
    assert contents(tmp_path / "out") == contents(trained)


def solved_batches(cluster: DaskProcesses) -> list[int]:
    """Return how many batches each worker has begun."""
    import distributed

    def begun() -> int:
        from fastgrid.common import parcel

        return int(parcel.COUNTS["batches"])

    with distributed.Client(cluster.address, set_as_default=False) as client:
        return list(client.run(begun).values())


def test_workers_that_join_are_used(trained: Path, inputs: Path, tmp_path: Path, cluster: DaskProcesses) -> None:
    cluster.start_worker()
    process = start(small_project(inputs, tmp_path / "out"), "--scheduler", cluster.address)
    wait_for_journal(process, tmp_path / "out", cluster)
    # One that waits from its first batch on.
    cluster.start_worker('parcel.COUNTS["batches"] = 3\n', threads=3)
    wait_until(lambda: max(begun := solved_batches(cluster)) == 6 and len(begun) == 2, "its three threads have begun")
    cluster.let_go()
    assert ended_well(process, cluster) == []
    assert contents(tmp_path / "out") == contents(trained)
    # What waited was cut again, for four threads: two features and four folds were eight batches for one.
    assert sum(solved_batches(cluster)) - 3 > 8


def test_the_scheduler_is_killed_and_the_run_goes_on_here(
    trained: Path, inputs: Path, tmp_path: Path, cluster: DaskProcesses
) -> None:
    cluster.start_worker()
    arguments, address = small_project(inputs, tmp_path / "out"), cluster.address
    process = start(arguments, "--scheduler", address)
    wait_for_journal(process, tmp_path / "out", cluster)
    cluster.scheduler.kill()
    errors = process.communicate(timeout=60)[1]
    (line,) = [line for line in errors.splitlines() if "share metadata.tags" not in line]
    assert line.startswith(f"fastgrid train_model: error: the connection to the scheduler {address} was lost")
    assert "finished work is kept: the same command goes on" in line
    assert process.returncode == 1
    finished = journal(tmp_path / "out")
    assert main(["train_model", *arguments, "-q", "-j", "1"]) == 0
    assert contents(tmp_path / "out") == contents(trained)
    assert {name: time for name, time in journal(tmp_path / "out").items() if name in finished} == finished


def tasks_of(cluster: DaskProcesses) -> int:
    """Return how many tasks and values the scheduler knows."""
    import distributed

    with distributed.Client(cluster.address, set_as_default=False) as client:
        return int(client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)))


def test_ctrl_c_takes_back_what_is_under_way(
    trained: Path, inputs: Path, tmp_path: Path, cluster: DaskProcesses
) -> None:
    cluster.start_worker()
    arguments = small_project(inputs, tmp_path / "out")
    process = start(arguments, "--scheduler", cluster.address)
    wait_for_journal(process, tmp_path / "out", cluster)
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert errors.splitlines()[-1].endswith("interrupted; what is finished is kept: the same command goes on")
    assert "Traceback" not in errors
    wait_until(lambda: tasks_of(cluster) == 0, "the scheduler has forgotten the tasks")
    cluster.let_go()
    assert main(["train_model", *arguments, "-q", "--scheduler", cluster.address]) == 0
    assert contents(tmp_path / "out") == contents(trained)


DIE = """
import os, signal
def deadly(batch, solve=remote.solve_batch):
    if batch.features.key == "game-basic" and batch.fold == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return solve(batch)
remote.solve_batch = deadly
"""


def test_a_batch_that_kills_workers_is_solved_here(trained: Path, inputs: Path, tmp_path: Path) -> None:
    configuration = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
    with DaskProcesses(tmp_path / "dask", **configuration) as cluster:
        for _ in range(2):
            cluster.start_worker(DIE)
        cluster.let_go()
        wait_until(lambda: cluster.log().count("Registered to:") == 2, "both workers are there")
        process = start(small_project(inputs, tmp_path / "out"), "--scheduler", cluster.address)
        wait_until(lambda: any(worker.poll() is not None for worker in cluster.workers), "a worker has died")
        cluster.start_worker("")
        # Both may be dead before the third one is there.
        assert [line for line in ended_well(process, cluster) if not line.endswith(": waiting for one")] == []
        assert [worker.poll() for worker in cluster.workers] in ([-9, -9, None], [-9, None, None], [None, -9, None])
    assert contents(tmp_path / "out") == contents(trained)


def test_a_worker_that_joins_with_other_arithmetic_is_named(
    inputs: Path, tmp_path: Path, cluster: DaskProcesses
) -> None:
    cluster.start_worker()
    process = start(small_project(inputs, tmp_path / "out"), "--scheduler", cluster.address)
    wait_for_journal(process, tmp_path / "out", cluster)
    cluster.start_worker("from fastgrid.sweep import versions\nversions.NUMERIC_VERSION = 999\n")
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 2
    (line,) = [line for line in errors.splitlines() if "share metadata.tags" not in line]
    assert "whose results may differ" in line and "install the same version" in line


WITHOUT_FASTGRID = """
import sys
sys.modules["fastgrid"] = None
"""


def test_mistakes_are_one_line(
    inputs: Path, tmp_path: Path, cluster: DaskProcesses, capsys: pytest.CaptureFixture[str]
) -> None:
    import dask

    project = small_project(inputs, tmp_path / "out")[2]
    wrong = tmp_path / "wrong.json"
    wrong.write_text("[]")
    # Accepts whoever comes and never says a word.
    silent = socket.create_server(("127.0.0.1", 0))
    cases = [
        (["--scheduler", "tcp://127.0.0.1:1"], 2, "no Dask scheduler answers at tcp://127.0.0.1:1"),
        (["--scheduler", "host"], 2, "--scheduler host: is no address of a scheduler; write it as tcp://host:8786"),
        (["--scheduler", "tcp://host:"], 2, "--scheduler tcp://host:: is no address"),
        (["--scheduler", "pigeon://post"], 2, "Dask knows no address of that kind; write tcp://host:8786"),
        (["--scheduler", f"tcp://127.0.0.1:{silent.getsockname()[1]}"], 2, "no Dask scheduler answers at tcp://127.0"),
        (["--scheduler-file", str(tmp_path)], 2, "is a directory; give the file that a scheduler writes"),
        (["--scheduler-file", str(tmp_path / "no.json")], 2, "No such file"),
        (["--scheduler-file", str(wrong)], 2, "not a scheduler file"),
        (["--scheduler", cluster.address], 1, "no worker came to the scheduler"),
    ]
    with dask.config.set({"distributed.comm.timeouts.connect": "0.5s", "fastgrid.wait-for-workers": "0.5s"}):
        for options, code, words in cases:
            assert main(["run_tests", project, "-q", *options]) == code
            *_, line = capsys.readouterr().err.splitlines()
            assert line.startswith("fastgrid run_tests: error: ") and words in line
    silent.close()
    for key, value in (("fastgrid.wait-for-workers", "soon"), ("distributed.comm.timeouts.connect", "-1")):
        with dask.config.set({key: value}):
            assert main(["run_tests", project, "-q", "--scheduler", cluster.address]) == 2
        assert f"{key} in Dask's configuration is '{value}', which is no time" in capsys.readouterr().err
    cluster.start_worker(WITHOUT_FASTGRID, preload_first="")
    wait_until(lambda: "Registered to:" in cluster.log(), "the worker is there")
    assert main(["run_tests", project, "-q", "--scheduler", cluster.address]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot run fastgrid" in line and "worker tcp://127.0.0.1:" in line


def test_one_of_both_says_where_the_scheduler_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run_tests", "p", "--scheduler", "tcp://host:8786", "--scheduler-file", "file"])
    assert ended.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


def test_without_dask_its_extra_is_named(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["run_tests", str(trained / "game.project"), "-q", "--scheduler", "tcp://127.0.0.1:1"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "pip install 'fastgrid[dask]'" in line
