"""One audio file through Essentia's MusicExtractor: ``python -m fastgrid.project.extract_one AUDIO JSON [PROFILE]``.

A process of its own for each file: Essentia ends its process on some damaged ones.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Extract the descriptors of a file; return 0, or 1 with the reason as the last line on standard error."""
    audio, target, *profile = arguments
    try:
        import essentia
        from essentia import standard
    except ImportError as error:
        print(f"the package essentia cannot be imported ({error})", file=sys.stderr)
        return 1
    essentia.log.infoActive = False
    try:
        options = {"profile": profile[0]} if profile else {}
        found, _ = standard.MusicExtractor(**options)(audio)
        part = f"{target}.{os.getpid()}.part"
        standard.YamlOutput(filename=part, format="json")(found)
        Path(part).replace(target)
    except (RuntimeError, OSError) as error:
        print(str(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
