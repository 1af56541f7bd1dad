"""Small tables for the tests of the transforms, and Gaia's own matrices as tables."""

import numpy as np

from fastgrid.descriptors.table import Descriptor, DescriptorTable, Kind


def make_table(columns):
    """A table from {name: one list per item, or one value per item}; text makes a text descriptor."""
    blocks = {}
    for name, rows in columns.items():
        block = np.array(rows)
        blocks[name] = block.reshape(len(rows), -1)
    n_items = len(next(iter(blocks.values())))
    kinds = {name: Kind.TEXT if block.dtype.kind == "U" else Kind.REAL for name, block in blocks.items()}
    names = sorted(blocks)
    real = [np.empty((n_items, 0), np.float32)] + [blocks[n].astype(np.float32) for n in names if kinds[n] is Kind.REAL]
    text = [np.empty((n_items, 0), "U1")] + [blocks[n] for n in names if kinds[n] is Kind.TEXT]
    return DescriptorTable(
        tuple(f"item{i:05d}" for i in range(n_items)),
        tuple(Descriptor(n, kinds[n], blocks[n].shape[1]) for n in names),
        np.concatenate(real, axis=1),
        np.concatenate(text, axis=1),
    )


def gaia_table(matrices, name):
    """The table under `name` in Gaia's matrices.npz."""
    lengths = {}
    for group, kind in (("columns", Kind.REAL), ("text_columns", Kind.TEXT)):
        for column in matrices[f"{name}/{group}"].tolist():
            descriptor = column.rpartition("[")[0]
            lengths[descriptor] = (kind, lengths.get(descriptor, (kind, 0))[1] + 1)
    return DescriptorTable(
        tuple(matrices[f"{name}/ids"].tolist()),
        tuple(Descriptor(n, kind, length) for n, (kind, length) in sorted(lengths.items())),
        matrices[f"{name}/values"],
        matrices[f"{name}/text_values"],
    )


def same_bits(left, right):
    """Whether two float arrays hold the same bits."""
    return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()


def assert_same_table(left, right):
    assert left.ids == right.ids
    assert left.descriptors == right.descriptors
    assert same_bits(left.values, right.values)
    assert np.array_equal(left.text, right.text)
