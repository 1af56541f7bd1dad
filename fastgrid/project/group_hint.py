"""The line that tells of files of one artist or piece in training and test at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from fastgrid.project.grouping import Values, connected_groups

#: Tags by which files are found to belong together; of several that do so equally well the first is named.
TAGS = (
    "metadata.tags.artist",
    "metadata.tags.musicbrainz_artistid",
    "metadata.tags.album",
    "metadata.tags.title",
    "metadata.tags.musicbrainz_recordingid",
    "metadata.tags.musicbrainz_trackid",
    "metadata.tags.file_name",
)


def shared_tag_hint(labels: Mapping[str, str], texts: Mapping[str, Values], n_folds: int, project: str) -> str | None:
    """Return a line on the tag that most files share with others, None where no tag repeats.

    Parameters
    ----------
    labels : mapping of str to str
        Class of each item that is trained on.
    texts : mapping of str to mapping of str to tuple of str
        Path -> id -> what the file holds there. Of a table there are no `TAGS`.
    n_folds : int
        So many folds at most.
    project : str
        How the line calls the project file.

    Returns
    -------
    str or None
        A tag of which no folds can be made, since it keeps all of a class together or has too few values, is named only
        where there is no other.
    """
    tags = [path for path in TAGS if path in texts]
    shared = {path: _sharing({item: texts[path].get(item, ()) for item in labels}) for path in tags}
    repeated = [path for path in tags if shared[path]]
    if not repeated:
        return None
    usable = [path for path in repeated if _can_be_split(labels, texts[path], n_folds)]
    path = max(usable or repeated, key=shared.__getitem__)
    line = (
        f"{shared[path]} of {len(labels)} files share {path} with another file; in training and test at once they may "
        "make the accuracy too high"
    )
    if not usable:
        return f"{line}, and no folds can keep them together: there are too few different ones"
    return f"{line}; --groups {path} for a new project, or 'groups: {path}' in {project}, keeps them together"


def _sharing(values: Values) -> int:
    # How many items share a value with another one.
    counts = Counter(value for found in values.values() for value in found)
    return sum(any(counts[value] > 1 for value in found) for found in values.values())


def _can_be_split(labels: Mapping[str, str], texts: Values, n_folds: int) -> bool:
    groups = connected_groups({item: texts.get(item, ()) for item in labels})
    pairs = {(label, groups[item]) for item, label in labels.items()}
    return len(set(groups.values())) >= n_folds and min(Counter(label for label, _ in pairs).values()) > 1
