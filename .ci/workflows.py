"""Checks the workflows of .github: python .ci/workflows.py FILE...

Actions are pinned by the hash of a commit, permissions are no more than reading, and each job runs .ci/run with gates
that it has.
"""

import re
import sys
from pathlib import Path
from typing import Any

import yaml

RUN = Path(__file__).resolve().parent / "run"


def faults(workflow: Any) -> list[str]:
    """Return what is wrong with a workflow."""
    if not isinstance(workflow, dict) or not isinstance(workflow.get("jobs"), dict):
        return ["has no jobs"]
    found = [] if workflow.get("permissions") == {"contents": "read"} else ["may do more than read (permissions)"]
    gates = set(re.findall(r"^gate_(\w+)\(\)", RUN.read_text(encoding="utf-8"), re.MULTILINE))
    for name, job in workflow["jobs"].items():
        for key in ("runs-on", "timeout-minutes", "steps"):
            found += [] if key in job else [f"job {name} has no {key}"]
        steps = job.get("steps", [])
        used = [step["uses"] for step in steps if "uses" in step]
        found += [f"job {name}: {one} is no commit" for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one)]
        runs = [step["run"].split() for step in steps if "run" in step]
        found += [f"job {name} does not run .ci/run"] * (not any(words[0] == ".ci/run" for words in runs))
        asked = {gate for words in runs if words[0] == ".ci/run" for gate in words[1:]}
        found += [f"job {name}: .ci/run has no gate {gate}" for gate in sorted(asked - gates)]
    return found


def main(names: list[str]) -> int:
    """Print what is wrong with which workflow."""
    status = 0
    for name in names:
        for fault in faults(yaml.safe_load(Path(name).read_text(encoding="utf-8"))):
            print(f"{name}: {fault}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
