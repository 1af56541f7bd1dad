"""Prints the lowest versions that pyproject.toml allows of what it names, as constraints for pip."""

import re
import tomllib
from pathlib import Path

path = Path(__file__).resolve().parent.parent / "pyproject.toml"
project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
asked = [*project["dependencies"], *project["optional-dependencies"]["test"]]
for extra in ("plot", "dask", "zstd", "table", "onnx"):
    asked += project["optional-dependencies"][extra]
for requirement in asked:
    found = re.match(r"([\w.-]+)>=([\w.]+)[^;]*(;.*)?$", requirement)
    if found:
        name, version, marker = found.groups()
        print(f"{name}=={version}{marker or ''}")
