"""Drawing the panels of a heat map; what is drawn is decided elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastgrid.displays.figures import CHARACTER_WIDTH, LINE_HEIGHT, cell_points, text_colour
from fastgrid.displays.panels import HeatmapPanel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage
    from matplotlib.patches import Rectangle

#: Sizes of the text in a cell, in points: the largest and the least.
_LARGEST, _LEAST = 10.0, 4.0
#: How the best cell and its equals are framed.
BEST: dict[str, Any] = {"linestyle": "-", "linewidth": 2.0}
EQUAL: dict[str, Any] = {"linestyle": (0, (2, 1)), "linewidth": 1.2}
#: How cells without a score are filled.
FAILED: dict[str, Any] = {"facecolor": "0.92", "edgecolor": "0.45", "hatch": "////", "linewidth": 0.0}


def draw_panel(axes: Axes, panel: HeatmapPanel, options: Mapping[str, Any]) -> AxesImage:
    """Draw the scores as an image, and failed cells hatched; `options` are those of ``imshow``."""
    from matplotlib.patches import Rectangle

    image = axes.imshow(np.ma.masked_invalid(panel.scores), **{"origin": "lower", "aspect": "auto", **options})
    for row, column in np.argwhere(panel.failed).tolist():
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **FAILED))
    return image


def frame(axes: Axes, row: int, column: int, style: Mapping[str, Any]) -> Rectangle:
    """Draw a frame just inside a cell, black on white, so that it can be seen on any colour."""
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import Normal, Stroke

    rectangle = Rectangle((column - 0.44, row - 0.44), 0.88, 0.88, fill=False, edgecolor="black", **style)
    solid: dict[str, Any] = {"dash_offset": 0, "dash_list": None}
    rectangle.set_path_effects([Stroke(linewidth=style["linewidth"] + 2, foreground="white", dashes=solid), Normal()])
    axes.add_patch(rectangle)
    return rectangle


def write_values(
    axes: Axes, image: AxesImage, panel: HeatmapPanel, values_format: str | None, options: Mapping[str, Any]
) -> npt.NDArray[np.object_]:
    """Write each score into its cell; return the texts, None where there is no score."""
    known = panel.scores[np.isfinite(panel.scores)]
    form = values_format or (".3f" if known.size and np.abs(known).max() < 10 else ".4g")
    texts = {place: format(panel.scores[place], form) for place in map(tuple, np.argwhere(np.isfinite(panel.scores)))}
    longest = max(map(len, texts.values()), default=1)
    width, height = cell_points(axes, len(panel.x_values), len(panel.y_values))
    size = max(min(0.85 * width / longest / CHARACTER_WIDTH, 0.6 * height / LINE_HEIGHT, _LARGEST), _LEAST)
    written = np.full(panel.scores.shape, None, dtype=object)
    for (row, column), text in texts.items():
        style = {"fontsize": size, "color": text_colour(image, panel.scores[row, column]), **options}
        written[row, column] = axes.text(column, row, text, ha="center", va="center", **style)
    return written
