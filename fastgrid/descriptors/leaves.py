"""The descriptors of one file, flat: what a document becomes before files are compared with each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from fastgrid.descriptors.document import Document
from fastgrid.descriptors.scalars import text_of
from fastgrid.descriptors.texts import value_at
from fastgrid.descriptors.yaml_tree import Tree

IGNORED_KEYS = ("configuration", "segments")
# What Gaia's converter leaves out of a JSON file; a .sig made elsewhere keeps them.
IGNORED_PATHS_OF_JSON = (
    ("metadata", "tags"),
    ("metadata", "audio_properties", "sample_rate"),
    ("metadata", "audio_properties", "lossless"),
)
VERSION_PATH = ("metadata", "version", "essentia")


@dataclass(frozen=True)
class Structure:
    """Which descriptors a file has, in the order of the file.

    Attributes
    ----------
    names : tuple of str
        Full names with their leading dot.
    textual : tuple of bool
        For each one, whether it holds text.
    """

    names: tuple[str, ...]
    textual: tuple[bool, ...]

    @cached_property
    def kinds(self) -> dict[str, bool]:
        """Whether each descriptor holds text, by its name."""
        return dict(zip(self.names, self.textual, strict=True))

    @cached_property
    def text_mask(self) -> npt.NDArray[np.bool_]:
        """`textual` as an array of bool, shape (n_descriptors,)."""
        return np.array(self.textual, dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Leaves:
    """The content of one file.

    Attributes
    ----------
    structure : Structure
    lengths : ndarray of int32, shape (n_descriptors,)
        Number of values of each descriptor.
    values : ndarray of float32, shape (n_numbers,)
        The values of all descriptors that hold numbers, one after the other.
    texts : tuple of str
        The values of all descriptors that hold text, one after the other.
    notes : tuple of str
        What was read otherwise than it is written.
    """

    structure: Structure
    lengths: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]
    texts: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def starts(self) -> npt.NDArray[np.intp]:
        """Where each descriptor begins in `values` or `texts`, shape (n_descriptors,)."""
        textual = self.structure.text_mask
        numbers, texts = np.where(textual, 0, self.lengths), np.where(textual, self.lengths, 0)
        starts = np.where(textual, np.cumsum(texts) - texts, np.cumsum(numbers) - numbers)
        return starts.astype(np.intp)

    def without(self, names: frozenset[str], remaining: Structure) -> Leaves:
        """Return the leaves without the descriptors in `names`; `remaining` is the structure that is left."""
        kept = np.array([name not in names for name in self.structure.names], dtype=np.bool_)
        textual = self.structure.text_mask
        kept_values = np.repeat(kept[~textual], self.lengths[~textual])
        kept_texts = np.repeat(kept[textual], self.lengths[textual])
        texts = tuple(text for text, keep in zip(self.texts, kept_texts, strict=True) if keep)
        return Leaves(remaining, self.lengths[kept], self.values[kept_values], texts, self.notes)


def descriptor_tree(document: Document) -> Tree:
    """Remove from a document, in place, what is never a descriptor, and return its tree.

    Parameters
    ----------
    document : Document

    Returns
    -------
    dict
        Without ``configuration`` and ``segments`` (Gaia's own keys); for JSON also without the tags and the
        two audio properties that Gaia's converter leaves out, and without mappings emptied by that.
    """
    tree = document.tree
    for key in IGNORED_KEYS:
        tree.pop(key, None)
    if document.is_json:
        for path in IGNORED_PATHS_OF_JSON:
            _remove(tree, path)
    return tree


def version_of(tree: Mapping[str, object]) -> str | None:
    """Return the text of ``metadata.version.essentia`` as it is written, None where there is none."""
    value = value_at(tree, VERSION_PATH)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return None if value is None or isinstance(value, (list, dict)) else text_of(value)


def _remove(tree: Tree, path: tuple[str, ...]) -> None:
    key, *below = path
    if not below:
        tree.pop(key, None)
        return
    child = tree.get(key)
    if isinstance(child, dict) and child:
        _remove(child, tuple(below))
        if not child:
            del tree[key]
