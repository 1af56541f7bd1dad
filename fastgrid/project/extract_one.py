"""One audio file through Essentia's MusicExtractor: ``python -m fastgrid.project.extract_one AUDIO JSON [PROFILE]``.

With ``--profile PROFILE`` instead, whether Essentia takes that profile. A process of its own for each file: Essentia
ends its process on some damaged ones.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from fastgrid.common.processes import end_with_parent

#: Samples of a frame; what is shorter has nothing that could be described.
FRAME = 2048


def part_of(target: Path, pid: int) -> Path:
    """Return the file that a process writes before it is renamed to `target`."""
    return target.with_name(f".{target.name[:50]}.{pid}.part")


def main(arguments: list[str]) -> int:
    """Extract the descriptors of a file; return 0, or 1 with the reason as the last line on standard error."""
    end_with_parent()
    try:
        import essentia
        from essentia import standard
    except ImportError as error:
        print(f"the package essentia cannot be imported ({error})", file=sys.stderr)
        return 1
    essentia.log.infoActive = False
    essentia.log.warningActive = False
    try:
        if arguments[0] == "--profile":
            standard.MusicExtractor(profile=arguments[1])
            return 0
        audio, target, *profile = arguments
        found, _ = standard.MusicExtractor(**({"profile": profile[0]} if profile else {}))(audio)
        analysed = "metadata.audio_properties.analysis."
        samples = round(found[analysed + "length"] * found[analysed + "sample_rate"])
        if samples < FRAME:
            raise RuntimeError(f"holds {samples} samples, less than a frame of {FRAME}; nothing can be said of it")
        part = part_of(Path(target), os.getpid())
        standard.YamlOutput(filename=str(part), format="json")(found)
        part.replace(target)
    except (RuntimeError, OSError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
