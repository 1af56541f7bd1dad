"""A small labelled table for the tests of the model, and the parameters of the models trained on it."""

import numpy as np
from transform_tables import make_table

STEPS = [
    {"transfo": "remove", "params": {"descriptorNames": ["metadata.*"]}},
    {"transfo": "enumerate", "params": {"descriptorNames": ["tonal.key"]}},
    {"transfo": "normalize"},
    {"transfo": "gaussianize", "params": {"descriptorNames": ["lowlevel.spread"]}},
]
PARAMETERS = {"kernel": "rbf", "C": 8.0, "gamma": 0.5, "balance_classes": True, "seed": 1}


def labelled_table(n_items=45, n_classes=3, seed=0):
    """Items of overlapping classes with vectors, a text, and descriptors that no model can use."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, n_classes, n_items)
    codes[:n_classes] = np.arange(n_classes)[::-1]
    table = make_table(
        {
            ".lowlevel.centroid": (codes[:, None] + random.normal(0, 0.7, (n_items, 3))).tolist(),
            ".lowlevel.spread": (codes % 2 + random.normal(0, 0.5, n_items)).tolist(),
            ".lowlevel.constant": [4.0] * n_items,
            ".lowlevel.partly": [[1.0, value] for value in random.normal(0, 1, n_items).tolist()],
            ".metadata.artist": [f"artist {i}" for i in range(n_items)],
            ".tonal.key": [["A", "C", "F#"][code % 3] for code in random.integers(0, 3, n_items)],
            ".tonal.scale": ["major", "minor", "minor"] * (n_items // 3),
        }
    )
    return table, [f"class {code}" for code in codes]
