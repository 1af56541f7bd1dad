"""The table of a project file: what stands there instead of ground truth and file list."""

from __future__ import annotations

from pathlib import Path

from fastgrid.common.yaml_nodes import Entries, YamlFile
from fastgrid.descriptors.tables import FORMATS, TableSource
from fastgrid.project.paths import absolute
from fastgrid.project.schema_fields import is_null, path_text, word

#: The keys that say something of the table.
TABLE_KEYS = ("labelColumn", "idColumn", "tableFormat")


def parse_table(file: YamlFile, root: Entries, project: Path) -> TableSource | None:
    """Return the table of a project, None where it has ground truth and file list.

    Parameters
    ----------
    file : YamlFile
    root : Entries
        The project.
    project : Path
        The project file, from whose directory a relative path starts.

    Raises
    ------
    UserError
        When there are both, or the format is none.
    """
    given = {key: node for key, node in root.children.items() if not is_null(node)}
    if "table" not in given:
        for key in TABLE_KEYS:
            if key in given:
                raise file.error(given[key], f"{key} is there without a table; add the key 'table' or remove this one")
        return None
    for key in ("groundtruth", "filelist"):
        if key in given:
            raise file.error(given[key], f"{key} and table exclude each other; leave one of them empty")
    texts = {key: word(file, given[key], key) for key in TABLE_KEYS if key in given}
    form = texts.get("tableFormat")
    if form is not None and form not in FORMATS:
        raise file.error(given["tableFormat"], f"tableFormat is '{form}'; it must be one of {', '.join(FORMATS)}")
    path = absolute(project.parent / path_text(file, given["table"], "table"))
    return TableSource(path, texts.get("labelColumn"), texts.get("idColumn"), form)
