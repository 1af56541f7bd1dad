"""What is around the panels of a heat map: axes and their labels, the colour scale, the legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastgrid.displays.figures import POINTS, cell_points, inches
from fastgrid.displays.heatmap_drawing import BEST, EQUAL, FAILED
from fastgrid.displays.heatmap_layout import LABEL_SIZE, Layout
from fastgrid.displays.labels import literal, tick_texts, width_of
from fastgrid.displays.panels import Cell, HeatmapPanel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure, SubFigure

#: Labels along an axis at most; more of them are thinned out.
_MOST_TICKS = 30
_FRAME = {"fill": False, "edgecolor": "black"}


def axes_for(pyplot: Any, ax: Axes | Sequence[Axes] | None, count: int, layout: Layout) -> list[Axes]:
    """Return axes for `count` panels: those that are given, parts of the one that is given, or a new figure's.

    Raises
    ------
    ValueError
        For another number of axes, or one that cannot be divided.
    """
    if ax is None:
        _, grid = pyplot.subplots(
            layout.n_rows, layout.n_columns, figsize=layout.size, layout="constrained", squeeze=False
        )
        for surplus in grid.ravel()[count:]:
            surplus.remove()
        return list(grid.ravel()[:count])
    given = list(np.ravel(np.asarray(ax, dtype=object)))
    if len(given) == 1 and count > 1:
        return _divided(given[0], count, layout)
    if len(given) != count:
        raise ValueError(f"there are {count} panels and {len(given)} axes; give one for each panel, or a single one")
    return given


def _divided(ax: Axes, count: int, layout: Layout) -> list[Axes]:
    spec = ax.get_subplotspec()
    if spec is None:
        raise ValueError(
            f"there are {count} panels, and axes that belong to no grid cannot be divided; make them with subplots, or "
            "give one for each panel"
        )
    ax.set_axis_off()
    grid = spec.subgridspec(layout.n_rows, layout.n_columns)
    return [ax.figure.add_subplot(grid[divmod(number, layout.n_columns)]) for number in range(count)]


def image_options(
    scores: Sequence[npt.NDArray[np.float64]],
    cmap: str | Colormap,
    vmin: float | None,
    vmax: float | None,
    im_kw: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the options of ``imshow``, the same for all panels, with one colour scale for all `scores`."""
    from matplotlib.colors import Normalize

    norm = im_kw.get("norm") or Normalize(vmin, vmax)
    together = np.concatenate([one.ravel() for one in scores])
    norm.autoscale_None(together[np.isfinite(together)])
    return {"cmap": cmap, **im_kw, "norm": norm}


def label_panels(
    axes: Sequence[Axes], panels: Sequence[HeatmapPanel], layout: Layout, x: str, y: str, best: Cell | None
) -> None:
    """Write titles, and along the axes what is needed: at the outer panels only, where all have the same values."""
    size = layout.label_size
    for number, (one, panel) in enumerate(zip(axes, panels, strict=True)):
        lowest = number + layout.n_columns >= len(panels)
        leftmost = number % layout.n_columns == 0
        weight = "bold" if best is not None and len(panels) > 1 and best[0] == number else "normal"
        one.set_title(literal(layout.titles[number]), fontsize=size, fontweight=weight)
        _label_x(one, panel.x_values, x if lowest or not layout.shared_x else "", size)
        _label_y(one, panel.y_values if y else [], y if leftmost or not layout.shared_y else "", size)
        one.tick_params(length=2, labelsize=size)
    if len(panels) == 1:
        axes[0].set_title(literal(layout.heading), fontsize=size)


def _label_x(axes: Axes, values: Sequence[Any], name: str, size: float) -> None:
    places, texts = _ticks(values, name)
    crowded = POINTS * inches(max(map(width_of, texts)), size) > 0.9 * cell_points(axes, len(places), 1)[0]
    axes.set_xticks(places, texts, rotation=90 if crowded else 0)
    axes.set_xlabel(literal(name), fontsize=size)


def _label_y(axes: Axes, values: Sequence[Any], name: str, size: float) -> None:
    axes.set_yticks(*_ticks(values, name))
    axes.set_ylabel(literal(name), fontsize=size)


def _ticks(values: Sequence[Any], name: str) -> tuple[list[int], list[str]]:
    # An axis without a name has no labels either.
    places = list(range(0, len(values), -(-len(values) // _MOST_TICKS) or 1))
    labels = tick_texts(values)
    return places, [labels[place] if name else "" for place in places]


def explain(
    figure: Figure | SubFigure, panels: Sequence[HeatmapPanel], heading: str, best: Cell | None, n_equal: int
) -> None:
    """Write above the panels what they have in common, and below them what frames and hatches are."""
    from matplotlib.patches import Rectangle

    if heading and len(panels) > 1:
        figure.suptitle(literal(heading), fontsize=LABEL_SIZE)

    entries: list[tuple[Mapping[str, Any], str]] = []
    if best is not None:
        score = float(panels[best[0]].scores[best[1:]])
        is_largest = all(not (panel.scores > score).any() for panel in panels)
        entries.append(({**_FRAME, **BEST}, f"{'best' if is_largest else 'chosen'}: {score:.4g}"))
    if n_equal:
        entries.append(({**_FRAME, **EQUAL}, f"the same score: {n_equal}"))
    n_failed = sum(int(panel.failed.sum()) for panel in panels)
    if n_failed:
        entries.append((FAILED, f"failed: {n_failed}"))
    if entries:
        handles = [Rectangle((0, 0), 1, 1, label=label, **style) for style, label in entries]
        figure.legend(
            handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=LABEL_SIZE
        )
