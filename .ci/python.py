"""Prints the path of the oldest or the newest Python here that the project runs on.

python .ci/python.py oldest|newest

The oldest is the first version that pyproject.toml names as supported, and no other will do; the newest is the newest
of them that is here. Looked for on PATH, and among those that pyenv keeps.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def candidates(version: str) -> list[str]:
    """Return the paths at which a Python may be, whether or not it is there."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    kept = sorted(pyenv.glob(f"{version}.*/bin/python"))
    found = [shutil.which(name) for name in (f"python{version}", "python3", "python")]
    return [sys.executable, *(path for path in found if path), *map(str, kept)]


def version_of(path: str) -> tuple[str, str]:
    """Return the version and the path of the program that `path` starts; empty texts where it starts none."""
    program = "import sys; print('%d.%d' % sys.version_info[:2], sys._base_executable)"
    done = subprocess.run([path, "-c", program], capture_output=True, text=True, check=False)
    version, _, executable = done.stdout.strip().partition(" ")
    return (version, executable) if done.returncode == 0 else ("", "")


def main(which: str) -> int:
    """Print the path, or say that there is none."""
    named = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', PROJECT.read_text(encoding="utf-8"))
    versions = sorted(named, key=lambda version: int(version.split(".")[1]), reverse=which == "newest")
    for version in versions if which == "newest" else versions[:1]:
        for path in candidates(version):
            found, executable = version_of(path)
            if found == version:
                print(executable)
                return 0
    print(f".ci/python.py: none of Python {', '.join(versions)} will do or is here", file=sys.stderr)
    return 1


if __name__ == "__main__":
    if sys.argv[1:] not in (["oldest"], ["newest"]):
        sys.exit("usage: python .ci/python.py oldest|newest")
    sys.exit(main(sys.argv[1]))
