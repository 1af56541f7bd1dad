"""Whether an sdist and a wheel hold what git does: the sdist all of it, the wheel all of fastgrid/, and neither more.

python .ci/contents.py SDIST WHEEL (in any order)
"""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

#: What building adds to an sdist.
MADE = ("PKG-INFO", "setup.cfg", "fastgrid.egg-info/")
#: What is of use in a repository only.
LEFT_OUT = (".github/", ".gitignore", ".pre-commit-config.yaml")


def names(archive: Path) -> set[str]:
    """Return the files of an archive, those of an sdist without the directory that all of them lie in."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {name for name in wheel.namelist() if ".dist-info/" not in name}
    with tarfile.open(archive) as sdist:
        return {str(PurePosixPath(*PurePosixPath(one.name).parts[1:])) for one in sdist if one.isfile()}


def main() -> int:
    """Compare both archives with git's list; print what is missing or too much."""
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.splitlines()
    tracked = {name for name in listed if not name.startswith(LEFT_OUT)}
    status = 0
    for archive in map(Path, sys.argv[1:]):
        wanted = {name for name in tracked if name.startswith("fastgrid/")} if archive.suffix == ".whl" else tracked
        found = {name for name in names(archive) if not name.startswith(MADE)}
        for what, which in (("lacks", wanted - found), ("holds beside what git does", found - wanted)):
            if which:
                print(f"{archive.name} {what}: {', '.join(sorted(which))}")
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
