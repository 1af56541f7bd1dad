"""Where nothing can be written beside the package: all works, its machine code is kept elsewhere or not at all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fastgrid

pytestmark = [
    pytest.mark.slow,
    pytest.mark.compiled,
    pytest.mark.skipif(sys.platform != "linux", reason="mounts the package read-only, or takes its modes away"),
]
#: Mounts $1 read-only in a namespace that ends with the process, then runs the rest: root may write whatever the modes.
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99; shift; exec "$@"'
#: Nobody can make a directory there.
NOWHERE = "/proc/none"
SEARCH = """
import pathlib, sys
import fastgrid
place = pathlib.Path(sys.argv[1])
assert pathlib.Path(fastgrid.__file__).parent.parent == place, fastgrid.__file__
try:
    (place / "written").touch()
except OSError:
    pass
else:
    sys.exit("the package can be written to")
from sklearn.datasets import load_iris
search = fastgrid.GridSearchSVC({"C": [1, 10], "gamma": ["scale"]}, cv=3, n_jobs=1).fit(*load_iris(return_X_y=True))
print(search.best_score_)
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A copy of the package without anything compiled, in a directory of its own."""
    place = tmp_path / "site"
    shutil.copytree(Path(fastgrid.__file__).parent, place / "fastgrid", ignore=shutil.ignore_patterns("__pycache__"))
    return place


def run_read_only(place: Path, program: list[str], **more: str) -> subprocess.CompletedProcess[str]:
    elsewhere = ("NUMBA_CACHE_DIR", "PYTHONPYCACHEPREFIX")
    environment = {key: value for key, value in os.environ.items() if key not in elsewhere}
    environment |= {"HOME": NOWHERE, "XDG_CACHE_HOME": NOWHERE, "PYTHONPATH": str(place), **more}
    command = [sys.executable, *program]
    if os.geteuid() == 0:
        if shutil.which("unshare") is None:
            pytest.skip("root may write everywhere, and there is no unshare")
        command = ["unshare", "-m", "sh", "-c", READ_ONLY, "sh", str(place), *command]
    else:
        for path in [place, *place.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
    done = subprocess.run(command, cwd=place.parent, env=environment, capture_output=True, text=True, check=False)
    for path in [place, *place.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    if done.returncode == 99:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    return done


def test_a_search_where_machine_code_can_be_kept_nowhere(installed: Path) -> None:
    done = run_read_only(installed, ["-c", SEARCH, str(installed)])
    assert (done.returncode, done.stderr) == (0, "")
    assert 0.9 < float(done.stdout) <= 1
    assert not list(installed.rglob("__pycache__"))


def test_a_training_with_machine_code_elsewhere(installed: Path, tmp_path: Path) -> None:
    examples = Path(fastgrid.__file__).parent.parent / "examples" / "game_music"
    command = ["-m", "fastgrid", "train_model_from_sigs", str(examples), "out", "game", "-j", "2", "-q"]
    done = run_read_only(installed, command, NUMBA_CACHE_DIR=str(tmp_path / "machine code"))
    # That items of one album may be kept together is said of these examples anywhere.
    said = [line for line in done.stderr.splitlines() if "together" not in line]
    assert (done.returncode, said) == (0, [])
    assert (tmp_path / "out" / "game.model").is_file()
    assert list((tmp_path / "machine code").rglob("*.nbi"))
    assert not list(installed.rglob("__pycache__"))
