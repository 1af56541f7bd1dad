"""What all Gram matrices of one feature set in one fold are made from: scaled rows and their inner products.

The inner products of all items, scaled as the whole data would be, are kept for the folds of a feature set: a fold
scales few features differently, features that are not scaled never change, and what has changed is corrected where that
is less work than a product of its own.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastgrid.kernels import changed_features, correct_products, correction_cost, fresh_cost, inner_products
from fastgrid.sweep.combinations import FeatureSet
from fastgrid.sweep.splits import Positions, Splits
from fastgrid.transforms.scaling import Scaling, fit_scaling

Float32Matrix = npt.NDArray[np.float32]
Float64Matrix = npt.NDArray[np.float64]

#: Products that cost less (seconds) are made anew in each fold: finding out what has changed would cost as much.
CHEAP_PRODUCT = 0.02


@dataclass(frozen=True, eq=False)
class FoldBase:
    """The items of one feature set in one fold.

    Attributes
    ----------
    values : ndarray of float32 or float64, shape (n_items, n_used)
        All items in their order, as the fold's training part scales them.
    products : ndarray of float64, shape (n_items, n_items), or None
        Their inner products; None where they are not wanted.
    training : ndarray of intp, shape (n_train,)
        Training items ordered by class.
    test : ndarray of intp, shape (n_test,)
    class_starts : ndarray of int64, shape (k + 1,)
        Where each class begins in `training`.
    classes : ndarray of int16, shape (k,)
        Codes of the classes that occur in the training part, in the order of `present_classes`.
    """

    values: Float32Matrix
    products: Float64Matrix | None
    training: npt.NDArray[np.intp]
    test: npt.NDArray[np.intp]
    class_starts: npt.NDArray[np.int64]
    classes: npt.NDArray[np.int16]


def present_classes(training_labels: npt.NDArray[np.int16], class_order: str = "appearance") -> npt.NDArray[np.int16]:
    """Return the class codes that occur, "sorted" or in order of first "appearance", which is LIBSVM's own."""
    codes, first = np.unique(training_labels, return_index=True)
    return codes if class_order == "sorted" else codes[np.argsort(first)]


def make_fold_base(
    features: FeatureSet,
    labels: npt.NDArray[np.int16],
    splits: Splits,
    fold: int,
    *,
    with_products: bool = True,
    keep: bool = True,
    class_order: str = "appearance",
) -> FoldBase:
    """Scale the items of `features` on the training part of `fold`.

    Parameters
    ----------
    features : FeatureSet
    labels : ndarray of int16, shape (n_items,)
    splits : Splits
    fold : int
    with_products : bool
        Whether the inner products are wanted.
    keep : bool
        Whether the inner products of the whole data may stay in memory, 8 n_items^2 bytes, for the other folds. The
        result does not depend on it.
    class_order : {"appearance", "sorted"}
        As of `present_classes`.

    Raises
    ------
    ValueError
        When there is nothing to train on, or no descriptor varies.

    Notes
    -----
    Memory: 4 n_items n_used bytes, with products 8 n_items^2 + 8 n_items n_used more; where the whole data's are
    corrected, 8 n_items^2 for these, and up to 24 n_items n_used instead of 8.
    """
    training = splits.training[fold]
    if len(training) < 2:
        raise ValueError(f"fold {fold} leaves {len(training)} items to train on; use fewer folds")
    values = values_of(features)
    classes = present_classes(labels[training], class_order)
    position_of_class = np.empty(int(classes.max()) + 1, dtype=np.int64)
    position_of_class[classes] = np.arange(len(classes))
    local = position_of_class[labels[training]]
    if features.kind == "scaled":
        scaling = _fit(features, values, training)
        if len(scaling.columns) == 0:
            raise ValueError(f"no descriptor varies in the training part of fold {fold}")
        scaled = scaling.apply(np.asarray(values))
        products = _products(features, values, splits, scaling, scaled, keep) if with_products else None
    else:
        scaled, products = values, _unscaled_products(features, values, keep) if with_products else None
    by_class = training[np.argsort(local, kind="stable")]
    starts = np.concatenate([[0], np.cumsum(np.bincount(local))]).astype(np.int64)
    return FoldBase(scaled, products, by_class, splits.test[fold], starts, classes)


def _unscaled_products(features: FeatureSet, values: Float32Matrix, keep: bool) -> Float64Matrix:
    if features.kind == "gram":
        return np.asarray(values, dtype=np.float64)
    return _KEPT.products(features, (), values, keep)


def _fit(features: FeatureSet, values: Float32Matrix, chosen: Positions) -> Scaling:
    return fit_scaling(np.asarray(values[chosen]), features.descriptor_of_dimension, features.enumerated)


def _products(
    features: FeatureSet,
    values: Float32Matrix,
    splits: Splits,
    scaling: Scaling,
    scaled: Float32Matrix,
    keep: bool,
) -> Float64Matrix:
    whole = _whole(features, values, splits)
    if whole is None:
        return inner_products(scaled, scaled)
    out, put_in = changed_features(_triple(whole), _triple(scaling))
    if correction_cost(len(values), len(out) + len(put_in)) > fresh_cost(len(values), len(scaling.columns)):
        return inner_products(scaled, scaled)
    whole_scaled = whole.apply(np.asarray(values))
    products = _KEPT.products(features, _triple(whole), whole_scaled, keep)
    if len(out) + len(put_in) == 0:
        return products
    corrected = np.empty_like(products)
    correct_products(products, whole_scaled[:, out], scaled[:, put_in], corrected)
    return corrected


def _triple(scaling: Scaling) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    return scaling.columns, scaling.scale, scaling.offset


def _whole(features: FeatureSet, values: Float32Matrix, splits: Splits) -> Scaling | None:
    # The scaling of the whole data where its products and their corrections cost less than a product for each fold.
    # A function of the sweep's input only, so that results do not depend on how it is run.
    n_items, n_dimensions = values.shape
    fresh = fresh_cost(n_items, n_dimensions)
    if fresh < CHEAP_PRODUCT and not features.enumerated.all():
        return None
    whole = _fit(features, values, np.arange(n_items))
    saved = -fresh
    for training, test in zip(splits.training, splits.test, strict=True):
        if len(test) == 0:
            continue
        out, put_in = changed_features(_triple(whole), _triple(_fit(features, values, training)))
        saved += max(0.0, fresh - correction_cost(n_items, len(out) + len(put_in)))
    return whole if saved > 0 else None


class _Kept:
    # The whole data's inner products of the feature set that was worked on last. Threads wait for each other here.

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: object = None
        self._scaling: tuple[bytes, ...] = ()
        self._products: Float64Matrix | None = None

    def products(
        self, features: FeatureSet, whole: tuple[npt.NDArray[Any], ...], scaled: Float32Matrix, keep: bool
    ) -> Float64Matrix:
        owner = features.values if features.path is None else (features.path, *_version(features.path))
        # Feature sets may share a matrix and differ in which dimensions of it are scaled.
        scaling = tuple(each.tobytes() for each in whole)
        with self._lock:
            same = self._owner is owner if features.path is None else self._owner == owner
            if self._products is not None and same and self._scaling == scaling:
                return self._products
            self._owner = self._products = None
            products = inner_products(scaled, scaled)
            if keep:
                self._owner, self._scaling, self._products = owner, scaling, products
            return products

    def forget(self) -> None:
        with self._lock:
            self._owner = self._products = None
            self._scaling = ()


_KEPT = _Kept()


def forget_products() -> None:
    """Release the inner products that this process keeps for the other folds of a feature set."""
    _KEPT.forget()


def values_of(features: FeatureSet) -> Float32Matrix:
    """Return the values of `features`, mapped from its path where it has one."""
    if features.path is None:
        return features.values
    return _mapped(features.path, *_version(features.path))


def _version(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


@functools.lru_cache(maxsize=16)
def _mapped(path: Path, *_version: int) -> Float32Matrix:
    # The file's inode, time and size are part of the key: a replaced file is mapped anew.
    mapped: Float32Matrix = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped
