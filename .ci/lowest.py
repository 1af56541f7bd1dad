"""Prints the lowest versions that pyproject.toml allows of what it names, as constraints for pip."""

import re
import tomllib
from pathlib import Path

path = Path(__file__).resolve().parent.parent / "pyproject.toml"
project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
asked = [*project["dependencies"], *project["optional-dependencies"]["test"]]
for requirement in asked:
    extras = re.match(r"fastgrid\[(.*)\]$", requirement)
    if extras:  # what they take goes on the end of the list
        for extra in extras[1].split(","):
            asked += project["optional-dependencies"][extra]
    found = re.match(r"([\w.-]+)>=([\w.]+)[^;]*(;.*)?$", requirement)
    if found:
        name, version, marker = found.groups()
        print(f"{name}=={version}{marker or ''}")
