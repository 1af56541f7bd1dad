"""Checks files before they are committed: python .ci/files.py FILE...

No file is larger than half a megabyte, no text has spaces at the ends of lines, a missing or a second newline at its
end, carriage returns or the marks of a merge conflict, and YAML, TOML and JSON can be read.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

import yaml

LARGEST = 500_000
#: Data as they came, which may end as they like.
AS_IT_CAME = re.compile(r"^(examples|tests/.*/golden)/")
READERS = {".json": json.loads, ".toml": tomllib.loads, ".yaml": yaml.safe_load, ".yml": yaml.safe_load}


def faults(path: Path) -> list[str]:
    """Return what is wrong with a file."""
    data = path.read_bytes()
    found = [f"is larger than {LARGEST} bytes"] if len(data) > LARGEST else []
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return found
    if path.suffix in READERS:
        try:
            READERS[path.suffix](text)
        except (ValueError, yaml.YAMLError) as error:
            found.append(f"cannot be read: {' '.join(str(error).split())}")
    if "\0" in text or AS_IT_CAME.match(path.as_posix()):
        return found
    lines = text.split("\n")
    found += [f"line {number} ends in spaces" for number, line in enumerate(lines, 1) if line != line.rstrip()]
    marks = [number for number, line in enumerate(lines, 1) if re.match(r"(<{7}|>{7}) ", line)]
    found += [f"line {number} is a mark of a merge conflict" for number in marks]
    if text and (not text.endswith("\n") or text.endswith("\n\n")):
        found.append("does not end in one newline")
    return found


def main(names: list[str]) -> int:
    """Print what is wrong with which file."""
    found = [f"{name}: {fault}" for name in names for fault in faults(Path(name))]
    print(*found, sep="\n", end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
