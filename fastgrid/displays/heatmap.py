"""`GridHeatmapDisplay`: the scores of a search over two parameters, as heat maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

import numpy as np

from fastgrid.common.errors import one_line
from fastgrid.displays.figures import import_pyplot, settle
from fastgrid.displays.heatmap_axes import axes_for, explain, image_options, label_panels
from fastgrid.displays.heatmap_drawing import BEST, EQUAL, draw_panel, frame, write_values
from fastgrid.displays.heatmap_layout import MOST_VALUES, lay_out
from fastgrid.displays.labels import LONGEST, literal, short_names
from fastgrid.displays.panels import Cell, HeatmapPanel, axis_names, best_cell, cell_of, equal_cells, make_panels
from fastgrid.displays.search_table import read_search_table

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.image import AxesImage
    from matplotlib.patches import Rectangle


class HeatmapOptions(TypedDict, total=False):
    """Keyword arguments of `GridHeatmapDisplay.plot`."""

    ax: Axes | Sequence[Axes] | None
    cmap: str | Colormap
    vmin: float | None
    vmax: float | None
    include_values: bool | None
    values_format: str | None
    colorbar: bool
    n_columns: int | None
    im_kw: Mapping[str, Any] | None
    text_kw: Mapping[str, Any] | None


class GridHeatmapDisplay:
    """Heat maps of a grid search: mean scores over two parameters, a panel for each combination of the others.

    All panels have one colour scale. The best cell has a solid frame, those with the same score a dashed one; cells
    whose fit failed are hatched, those that no candidate is for stay empty. Make one by `from_search` or
    `from_cv_results`.

    Parameters
    ----------
    panels : sequence of HeatmapPanel
        The arrays that are drawn.
    x, y : str, str or None
        Parameters along the axes, as the search calls them; without `y` each panel is one row.
    metric : str
        What the scores are.
    best : (int, int, int), optional
        Panel, row and column of the cell to be marked as the best.

    Attributes
    ----------
    panels, x, y, metric, best
        As given.
    equal : list of (int, int, int)
        The other cells with the score of `best`, but for rounding (1e-9).
    axes_ : list of Axes
        One for each panel, after `plot`.
    ax_ : Axes
        The first of them.
    figure_ : Figure
    im_ : list of AxesImage
        One for each panel.
    marks_ : list of Rectangle
        Frames of the best cell, if there is one, and of its equals.
    text_ : list of ndarray of Text or None, each of shape (n_y, n_x), or None
        Values in the cells, where they are written.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.svm import SVC
    >>> search = GridSearchCV(SVC(), {"C": [1, 10], "gamma": [0.1, 1], "kernel": ["rbf", "poly"]})
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> display = GridHeatmapDisplay.from_search(search.fit(*load_iris(return_X_y=True)))
    >>> [panel.parameters["kernel"] for panel in display.panels], display.panels[0].scores.shape
    (['rbf', 'poly'], (2, 2))
    >>> from matplotlib import pyplot
    >>> pyplot.close(display.figure_)
    """

    axes_: list[Axes]
    ax_: Axes
    figure_: Figure | SubFigure
    im_: list[AxesImage]
    marks_: list[Rectangle]
    text_: list[npt.NDArray[np.object_]] | None

    def __init__(
        self,
        panels: Sequence[HeatmapPanel],
        *,
        x: str,
        y: str | None = None,
        metric: str = "score",
        best: Cell | None = None,
    ) -> None:
        self.panels = list(panels)
        self.x = x
        self.y = y
        self.metric = metric
        self.best = best

    @property
    def equal(self) -> list[Cell]:
        """The other cells with the score of the best one."""
        return [] if self.best is None else equal_cells(self.panels, self.best)

    @classmethod
    def from_search(
        cls,
        search: Any,
        *,
        x: str | None = None,
        y: str | None = None,
        metric: str | None = None,
        **options: Unpack[HeatmapOptions],
    ) -> Self:
        """Draw the heat maps of a fitted search.

        Parameters
        ----------
        search : GridSearchSVC, GridSearchCV or another one with ``cv_results_``
            Of any estimator. Marked as the best is the candidate that the search has chosen.
        x, y : str, optional
            Parameters along the axes, with or without the steps of a pipeline before them (``gamma`` for
            ``svc__gamma``). gamma and C by default, else the first that there are.
        metric : str, optional
            Which score, where there are several; by default the one that the search has refitted by.
        **options
            As of `plot`.

        Returns
        -------
        GridHeatmapDisplay

        Raises
        ------
        ValueError
            When the search is not fitted, or has no such parameter or metric.
        ImportError
            Without Matplotlib.
        """
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(search, "cv_results_")
        refit, multimetric = getattr(search, "refit", None), getattr(search, "multimetric_", False)
        if metric is None and multimetric and isinstance(refit, str):
            metric = refit
        by_metric = not multimetric or callable(refit) or metric == refit
        chosen = getattr(search, "best_index_", None) if by_metric else None
        return cls._of(search.cv_results_, x, y, metric, chosen).plot(**options)

    @classmethod
    def from_cv_results(
        cls,
        cv_results: Any,
        *,
        x: str | None = None,
        y: str | None = None,
        metric: str | None = None,
        **options: Unpack[HeatmapOptions],
    ) -> Self:
        """Draw the heat maps of ``cv_results_``, or of some of its rows.

        Parameters
        ----------
        cv_results : dict or pandas.DataFrame
            Of data frames, only the columns ``mean_test_METRIC`` and ``params``, or ``param_NAME``, are looked at.
            Marked as the best is the largest score.
        x, y, metric, **options
            As of `from_search`; `metric` is needed where there are several.

        Returns
        -------
        GridHeatmapDisplay

        Raises
        ------
        TypeError, ValueError
            For what is no such table, or has no such parameter or metric.
        ImportError
            Without Matplotlib.
        """
        return cls._of(cv_results, x, y, metric).plot(**options)

    @classmethod
    def _of(cls, cv_results: Any, x: str | None, y: str | None, metric: str | None, chosen: int | None = None) -> Self:
        table = read_search_table(cv_results, metric)
        across, along = axis_names(table.parameters, x, y)
        panels = make_panels(table, across, along)
        best = best_cell(panels) if chosen is None else cell_of(panels, table, chosen)
        return cls(panels, x=across, y=along, metric=table.metric, best=best)

    def plot(
        self,
        ax: Axes | Sequence[Axes] | None = None,
        *,
        cmap: str | Colormap = "viridis",
        vmin: float | None = None,
        vmax: float | None = None,
        include_values: bool | None = None,
        values_format: str | None = None,
        colorbar: bool = True,
        n_columns: int | None = None,
        im_kw: Mapping[str, Any] | None = None,
        text_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the heat maps.

        Parameters
        ----------
        ax : Axes or sequence of Axes, optional
            One for each panel, or one that is divided among them. By default a new figure, with a legend.
        cmap : str or Colormap
        vmin, vmax : float, optional
            Ends of the colour scale; by default the least and the largest score. A `vmin` not far below the best tells
            the good ones apart.
        include_values : bool, optional
            Whether scores are written into the cells; by default in a single panel of 150 cells or fewer.
        values_format : str, optional
            Of these scores; ".3f", or ".4g" where they are large.
        colorbar : bool
        n_columns : int, optional
            Panels side by side, in a new figure or in an `ax` that is divided.
        im_kw, text_kw : mapping, optional
            Keyword arguments of ``Axes.imshow`` and ``Axes.text``. A ``norm`` is one for all panels.

        Returns
        -------
        GridHeatmapDisplay
            Itself.

        Raises
        ------
        ImportError
            Without Matplotlib.
        ValueError
            For another number of axes than panels.
        """
        pyplot = import_pyplot(type(self).__name__)
        if include_values is None:
            include_values = len(self.panels) == 1 and self.panels[0].scores.size <= MOST_VALUES
        called = short_names([*filter(None, (self.x, self.y)), *self.panels[0].parameters])
        layout = lay_out(self.panels, called, n_columns, include_values)
        self.axes_ = axes_for(pyplot, ax, len(self.panels), layout)
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        options = image_options([panel.scores for panel in self.panels], cmap, vmin, vmax, im_kw or {})
        self.im_ = [draw_panel(axes, panel, options) for axes, panel in zip(self.axes_, self.panels, strict=True)]
        label_panels(self.axes_, self.panels, layout, called[self.x], called.get(self.y or "", ""), self.best)
        framed = [] if self.best is None else [(self.best, BEST), *((cell, EQUAL) for cell in self.equal)]
        self.marks_ = [frame(self.axes_[panel], row, column, style) for (panel, row, column), style in framed]
        if colorbar and any(np.isfinite(panel.scores).any() for panel in self.panels):
            label = literal(f"mean {one_line(self.metric, LONGEST)}")
            self.figure_.colorbar(self.im_[0], ax=self.axes_, label=label, aspect=20 * layout.n_rows)
        if ax is None:
            explain(self.figure_, self.panels, layout.heading, self.best, len(self.equal))
        self.text_ = None
        if include_values:
            settle(self.figure_)
            drawn = zip(self.axes_, self.im_, self.panels, strict=True)
            self.text_ = [write_values(*each, values_format, text_kw or {}) for each in drawn]
        return self
