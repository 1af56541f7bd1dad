"""`ConfusionDisplay`: who is taken for whom, as counts and percentages."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from fastgrid.displays.confusion_drawing import add_colorbar, draw_matrix, label_classes, matrix_axes, write_cells
from fastgrid.displays.cross_validated import cross_validated
from fastgrid.displays.figures import import_pyplot, settle
from fastgrid.evaluation import arrays_from_result, confusion

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.image import AxesImage

Normalize = Literal["true", "pred", "all"] | None


class ConfusionOptions(TypedDict, total=False):
    """Keyword arguments of `ConfusionDisplay.plot`."""

    ax: Axes | None
    cmap: str | Colormap
    include_values: bool
    values_format: str | None
    xticks_rotation: float | None
    colorbar: bool
    im_kw: Mapping[str, Any] | None
    text_kw: Mapping[str, Any] | None


class ConfusionDisplay:
    """A confusion matrix with counts and percentages.

    Make one by `from_predictions`, `from_estimator`, `from_cross_validation` or `from_result`.

    Parameters
    ----------
    confusion_matrix : array-like, shape (n_classes, n_classes)
        Counts, or sums of weights: rows are actual, columns predicted classes.
    display_labels : sequence, optional
        Names of the classes, their numbers by default.
    normalize : {"true", "pred", "all"} or None
        What percentages and colours are shares of: the actual class (the row), the predicted class (the column), or
        everything. None writes no percentages and colours by counts.

    Attributes
    ----------
    confusion_matrix : ndarray, shape (n_classes, n_classes)
    display_labels : list of str
    normalize
        As given.
    shares : ndarray of float64, shape (n_classes, n_classes), or None
        What is written as percentages; NaN where nothing is to be divided.
    ax_ : Axes
        After `plot`.
    figure_ : Figure
    im_ : AxesImage
    text_ : ndarray of Text or None, shape (n_classes, n_classes), or None
        None where nothing is written.

    Raises
    ------
    ValueError
        For what is no square matrix, another number of labels, or another `normalize`.

    Examples
    --------
    >>> display = ConfusionDisplay([[8, 2], [0, 5]], display_labels=["happy", "sad"])
    >>> display.shares
    array([[0.8, 0.2],
           [0. , 1. ]])
    """

    ax_: Axes
    figure_: Figure | SubFigure
    im_: AxesImage
    text_: npt.NDArray[np.object_] | None

    def __init__(
        self,
        confusion_matrix: npt.ArrayLike,
        *,
        display_labels: Sequence[Any] | npt.NDArray[Any] | None = None,
        normalize: Normalize = "true",
    ) -> None:
        self.confusion_matrix = np.asarray(confusion_matrix)
        shape = self.confusion_matrix.shape
        if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
            raise ValueError(f"confusion_matrix has the shape {shape}; it needs a row and a column for each class")
        labels = range(shape[0]) if display_labels is None else display_labels
        self.display_labels = [str(label) for label in labels]
        if len(self.display_labels) != shape[0]:
            raise ValueError(f"{len(self.display_labels)} display_labels for {shape[0]} classes; give one for each")
        self.normalize = normalize
        self.shares = _shares(self.confusion_matrix, normalize)

    @classmethod
    def from_predictions(
        cls,
        y_true: npt.ArrayLike,
        y_pred: npt.ArrayLike,
        *,
        labels: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
        normalize: Normalize = "true",
        display_labels: Sequence[Any] | None = None,
        **options: Unpack[ConfusionOptions],
    ) -> Self:
        """Draw the confusion matrix of predictions.

        Parameters
        ----------
        y_true, y_pred : array-like, shape (n_samples,)
            Actual and predicted labels.
        labels : array-like, optional
            Which labels to show, in which order; by default all, sorted.
        sample_weight : array-like, shape (n_samples,), optional
            What each sample counts for.
        normalize
            As of the class.
        display_labels : sequence, optional
            What to call the labels.
        **options
            As of `plot`.

        Returns
        -------
        ConfusionDisplay

        Raises
        ------
        ValueError
            When lengths differ, or the labels are none of `y_true`.
        ImportError
            Without Matplotlib.
        """
        from sklearn.metrics import confusion_matrix
        from sklearn.utils.multiclass import unique_labels

        known = unique_labels(y_true, y_pred) if labels is None else np.asarray(labels)
        counts = confusion_matrix(y_true, y_pred, labels=known, sample_weight=sample_weight)
        names = known.tolist() if display_labels is None else display_labels
        return cls(counts, display_labels=names, normalize=normalize).plot(**options)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: npt.ArrayLike,
        *,
        labels: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
        normalize: Normalize = "true",
        display_labels: Sequence[Any] | None = None,
        **options: Unpack[ConfusionOptions],
    ) -> Self:
        """Draw the confusion matrix of what a fitted classifier predicts for `X`, which it should not have seen.

        Parameters
        ----------
        estimator : classifier
            Fitted; a search predicts by its best estimator.
        X : array-like, shape (n_samples, n_features)
        y, labels, sample_weight, normalize, display_labels, **options
            As of `from_predictions`.

        Returns
        -------
        ConfusionDisplay
        """
        return cls.from_predictions(
            y,
            estimator.predict(X),
            labels=labels,
            sample_weight=sample_weight,
            normalize=normalize,
            display_labels=display_labels,
            **options,
        )

    @classmethod
    def from_cross_validation(
        cls,
        predictions: Any,
        y: npt.ArrayLike,
        *,
        index: int | None = None,
        sample_weight: npt.ArrayLike | None = None,
        normalize: Normalize = "true",
        display_labels: Sequence[Any] | None = None,
        **options: Unpack[ConfusionOptions],
    ) -> Self:
        """Draw the confusion matrix of one point of a grid, from the folds in which it had not seen the samples.

        Parameters
        ----------
        predictions : GridSearchSVC or GridPredictions
            A fitted search, or what `fastgrid.cross_val_predict_grid` returns.
        y : array-like, shape (n_samples,)
            The labels that it was fitted on.
        index : int, optional
            Which point; by default the best of the search, or the first of those with the most correct predictions.
        sample_weight, normalize, display_labels, **options
            As of `from_predictions`. Samples that no fold tests do not count.

        Returns
        -------
        ConfusionDisplay

        Raises
        ------
        TypeError
            For another search, which keeps no predictions.
        ValueError
            When `y` has other labels or another length, or the point predicts nothing.
        """
        found = cross_validated(predictions, y, index)
        return cls.from_predictions(
            found.actual,
            found.predicted,
            labels=found.classes,
            sample_weight=None if sample_weight is None else np.asarray(sample_weight)[found.tested],
            normalize=normalize,
            display_labels=display_labels,
            **options,
        )

    @classmethod
    def from_result(
        cls, result_file: str | os.PathLike[str], *, normalize: Normalize = "true", **options: Unpack[ConfusionOptions]
    ) -> Self:
        """Draw the confusion matrix of a ``.result`` file, fastgrid's or Gaia's.

        Parameters
        ----------
        result_file : path-like
        normalize, **options
            As of `from_predictions`.

        Returns
        -------
        ConfusionDisplay

        Raises
        ------
        UserError
            When it is no such file.
        """
        from fastgrid.project.result_files import read_result

        result = read_result(result_file)
        arrays = arrays_from_result(result.matrix, result.fold, os.fspath(result_file))
        counts = confusion(arrays.predicted, arrays.actual, len(arrays.classes))
        return cls(counts, display_labels=arrays.classes, normalize=normalize).plot(**options)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        cmap: str | Colormap = "Blues",
        include_values: bool = True,
        values_format: str | None = None,
        xticks_rotation: float | None = None,
        colorbar: bool = True,
        im_kw: Mapping[str, Any] | None = None,
        text_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the matrix.

        Parameters
        ----------
        ax : Axes, optional
            A new figure by default.
        cmap : str or Colormap
        include_values : bool
            Whether counts and percentages are written into the cells. Where cells are too small for both, the counts
            alone are, without zeros.
        values_format : str, optional
            Of the counts; "d", or ".4g" for sums of weights.
        xticks_rotation : float, optional
            Degrees; by default 0, or 45 where names would overlap.
        colorbar : bool
        im_kw, text_kw : mapping, optional
            Keyword arguments of ``Axes.imshow`` and ``Axes.text``.

        Returns
        -------
        ConfusionDisplay
            Itself.

        Raises
        ------
        ImportError
            Without Matplotlib.
        """
        pyplot = import_pyplot(type(self).__name__)
        self.ax_ = matrix_axes(pyplot, ax, len(self.display_labels))
        self.figure_ = self.ax_.figure
        values = self.confusion_matrix if self.shares is None else self.shares
        self.im_ = draw_matrix(self.ax_, values, cmap, is_share=self.shares is not None, options=im_kw or {})
        label_classes(self.ax_, self.display_labels, xticks_rotation)
        if colorbar:
            add_colorbar(self.ax_, self.im_, self.normalize)
        self.text_ = None
        if include_values:
            settle(self.figure_)
            self.text_ = write_cells(
                self.ax_, self.im_, self.confusion_matrix, self.shares, values_format, text_kw or {}
            )
        return self


def _shares(counts: npt.NDArray[Any], normalize: Normalize) -> npt.NDArray[np.float64] | None:
    if normalize not in ("true", "pred", "all", None):
        raise ValueError(f"normalize is {normalize!r}; it is one of 'true', 'pred', 'all', None")
    if normalize is None:
        return None
    axis = {"true": 1, "pred": 0, "all": None}[normalize]
    totals = counts.sum(axis=axis, keepdims=True, dtype=np.float64)
    shares: npt.NDArray[np.float64] = np.full(counts.shape, np.nan)
    np.divide(counts, totals, out=shares, where=totals != 0)
    return shares
