"""What is left to train on after a preprocessing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastgrid.descriptors.patterns import expand
from fastgrid.descriptors.table import DescriptorTable

#: Steps that look at names only, or rescale: what a rescaling before them changed stays a rescaling.
_KEEP_RESCALING = frozenset({"remove", "select", "enumerate", "normalize", "fixlength", "removevl"})


def trainable(
    prepared: DescriptorTable, descriptor_names: Sequence[str] = ("*",), exclude: Sequence[str] = ()
) -> tuple[DescriptorTable, tuple[str, ...], tuple[str, ...]]:
    """Choose the descriptors that an SVM is trained on.

    Parameters
    ----------
    prepared : DescriptorTable
        What a preprocessing made of the merged table.
    descriptor_names, exclude : sequence of str
        Patterns of the descriptors to use and to leave out.

    Returns
    -------
    table : DescriptorTable
        The chosen numeric descriptors.
    texts : tuple of str
        Chosen descriptors that hold text which no step enumerated; they cannot be used.
    unmatched : tuple of str
        Patterns without a match.
    """
    expansion = expand(descriptor_names, prepared.names, exclude)
    chosen = set(expansion.names)
    texts = tuple(d.name for d in prepared.textual if d.name in chosen)
    return prepared.keep(chosen.difference(texts)), texts, tuple(expansion.unmatched)


def without_rescaling(steps: Sequence[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """Return the steps without those that the scaling to [0, 1] in each training part undoes.

    A ``normalize`` step maps each dimension by y = a x + b with a > 0. As long as only names and further rescaling
    follow, scaling each dimension to its range gives the same features with and without it (up to rounding).

    Parameters
    ----------
    steps : sequence of mappings
        Preprocessing as in a project: ``{"transfo": ..., "params": ...}``.
    """
    kept: list[Mapping[str, object]] = []
    rescaling_stays = True
    for step in reversed(steps):
        name = str(step.get("transfo", "")).lower()
        rescaling_stays = rescaling_stays and name in _KEEP_RESCALING
        if not (rescaling_stays and name == "normalize"):
            kept.append(step)
    return kept[::-1]
