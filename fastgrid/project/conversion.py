"""JSON descriptor files -> YAML ``.sig`` files, for tools that read only those."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from fastgrid.common.console import Console
from fastgrid.common.errors import UserError
from fastgrid.common.files import make_directory
from fastgrid.descriptors.members import member_of
from fastgrid.descriptors.sources import read_documents
from fastgrid.project.filelist import read_filelist, write_filelist
from fastgrid.project.names import file_name_part
from fastgrid.project.paths import absolute
from fastgrid.project.sig_files import write_sig

PathLike = str | os.PathLike[str]

_JSON_ENDINGS = (".json.gz", ".json")


def json_to_sig(
    filelist: PathLike,
    result_filelist: PathLike,
    *,
    output_dir: PathLike | None = None,
    strict: bool = False,
    console: Console | None = None,
) -> dict[str, Path]:
    """Write every JSON file of a file list as ``.sig`` beside it, and the file list of those.

    Parameters
    ----------
    filelist : path-like
        Ids and JSON descriptor files; entries that are ``.sig`` already are taken over as they are.
    result_filelist : path-like
        Written last.
    output_dir : path-like, optional
        Directory for the ``.sig`` files, named by id, instead of beside the JSON files.
    strict : bool
        A file that cannot be converted is an error; else it is named and left out.
    console : Console, optional

    Returns
    -------
    dict of str to Path
        The files of the new list.

    Raises
    ------
    UserError
        When nothing could be converted or something cannot be written.
    """
    console = console or Console()
    files = read_filelist(filelist)
    directory = None if output_dir is None else make_directory(absolute(output_dir))
    targets = {item: _target(item, source, directory) for item, source in files.items()}
    _check_distinct(files, targets)
    converted = {item: source for item, source in files.items() if targets[item] == source}
    given = {item: source for item, source in files.items() if item not in converted}
    with console.progress():
        console.expect("converting", len(files))
        done = len(files) - len(given)
        for item, document in read_documents(given):
            if isinstance(document, UserError):
                if strict:
                    raise UserError(f"{document}; correct or remove it, or do without --strict")
                console.warn(f"left out {document}")
                converted.pop(item, None)
            else:
                converted[item] = targets[item]
                write_sig(document, targets[item])
            done += 1
            console.advance("converting", done)
    if not converted:
        raise UserError(f"{filelist}: none of its files could be converted; see the warnings above")
    write_filelist(result_filelist, converted)
    return converted


def _target(item: str, source: Path, directory: Path | None) -> Path:
    # A file that is a .sig already stays where it is.
    ending = next((ending for ending in _JSON_ENDINGS if source.name.endswith(ending)), "")
    if not ending and source.suffix == ".sig":
        return source
    if directory is None and member_of(source) is not None:
        raise UserError(f"{source}: lies in an archive, which is not written to; give --output-dir")
    if directory is not None:
        return directory / f"{file_name_part(item)}.sig"
    return source.parent / f"{source.name.removesuffix(ending)}.sig"


def _check_distinct(files: Mapping[str, Path], targets: Mapping[str, Path]) -> None:
    sources: dict[Path, Path] = {}
    for item, target in targets.items():
        source = sources.setdefault(target, files[item])
        if source != files[item]:
            raise UserError(f"{source} and {files[item]} would both become {target}; give --output-dir")
