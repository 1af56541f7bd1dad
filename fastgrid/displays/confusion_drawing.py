"""Drawing a confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import one_line
from fastgrid.displays.figures import CHARACTER_WIDTH, LINE_HEIGHT, cell_points, text_colour
from fastgrid.displays.labels import LONGEST, literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.image import AxesImage

Matrix = npt.NDArray[Any]

#: Inches along a side of a cell, of few classes and of many; the least and the most of the matrix; its surroundings.
_LARGE_CELL, _SMALL_CELL, _LEAST, _MOST, _MARGIN = 0.75, 0.42, 2.6, 16.0, 1.8
_FEW_CLASSES = 10
#: Sizes of text in points: the largest in a cell and the least that can be read; names of few classes and of many.
_LARGEST, _LEAST_TEXT, _LABEL, _SMALL_LABEL = 11.0, 4.5, 10.0, 8.0

_COLOURS = {
    None: "count",
    "true": "share of the actual class",
    "pred": "share of the predicted class",
    "all": "share of all",
}


def matrix_axes(pyplot: Any, ax: Axes | None, n_classes: int) -> Axes:
    """Return `ax`, or axes in a new figure that is large enough."""
    if ax is not None:
        return ax
    side = min(max(n_classes * (_LARGE_CELL if n_classes <= _FEW_CLASSES else _SMALL_CELL), _LEAST), _MOST)
    _, axes = pyplot.subplots(figsize=(side + _MARGIN, side + _MARGIN / 2), layout="compressed")
    new: Axes = axes
    return new


def draw_matrix(
    axes: Axes, values: Matrix, cmap: str | Colormap, *, is_share: bool, options: Mapping[str, Any]
) -> AxesImage:
    """Draw `values`, shares from 0 to 1 or counts from 0; `options` are those of ``imshow``."""
    scale = {} if "norm" in options else {"vmin": 0.0, "vmax": 1.0 if is_share else max(float(values.max()), 1.0)}
    return axes.imshow(np.ma.masked_invalid(values), **{"cmap": cmap, **scale, **options})


def label_classes(axes: Axes, names: Sequence[str], rotation: float | None) -> None:
    """Write the classes along both axes."""
    size = _LABEL if len(names) <= _FEW_CLASSES else _SMALL_LABEL
    texts = [literal(one_line(name, LONGEST)) for name in names]
    if rotation is None:
        crowded = (max(map(len, texts)) + 1) * size * CHARACTER_WIDTH > cell_points(axes, len(names), 1)[0]
        rotation = 45.0 if crowded else 0.0
    slanted = 0 < rotation < 90
    axes.set_xticks(
        range(len(names)),
        texts,
        rotation=rotation,
        ha="right" if slanted else "center",
        rotation_mode="anchor" if slanted else "default",
    )
    axes.set_yticks(range(len(names)), texts)
    axes.tick_params(length=2, labelsize=size)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("actual class")


def add_colorbar(axes: Axes, image: AxesImage, normalize: str | None) -> None:
    """Explain the colours beside the matrix."""
    from matplotlib.ticker import PercentFormatter

    form = None if normalize is None else PercentFormatter(1.0, decimals=0, symbol=" %")
    axes.figure.colorbar(image, ax=axes, label=_COLOURS[normalize], format=form, aspect=30)


def write_cells(
    axes: Axes,
    image: AxesImage,
    counts: Matrix,
    shares: Matrix | None,
    values_format: str | None,
    options: Mapping[str, Any],
) -> npt.NDArray[np.object_]:
    """Write counts and percentages into the cells; return the texts, None where nothing is written.

    Where there is no room for both, the counts alone are written, without zeros.
    """
    form = values_format or ("d" if np.issubdtype(counts.dtype, np.integer) else ".4g")
    width, height = cell_points(axes, len(counts), len(counts))
    longest = max(len(format(count, form)) for count in counts.ravel())
    two_lines = _size(width, height, max(longest, 0 if shares is None else len("100 %")), 2)
    with_shares = shares is not None and two_lines >= _LEAST_TEXT
    size = two_lines if with_shares else max(_size(width, height, longest, 1), _LEAST_TEXT)
    texts = np.full(counts.shape, None, dtype=object)
    for place, count in np.ndenumerate(counts):
        if not count and not with_shares and shares is not None:
            continue
        text = format(count, form)
        if shares is not None and with_shares and count and np.isfinite(shares[place]):
            text += f"\n{100 * shares[place]:.0f} %"
        colour = text_colour(image, float(count if shares is None else np.nan_to_num(shares[place])))
        style = {"fontsize": size, "color": colour, "alpha": 1.0 if count else 0.4, **options}
        texts[place] = axes.text(place[1], place[0], text, ha="center", va="center", **style)
    return texts


def _size(width: float, height: float, n_characters: int, n_lines: int) -> float:
    # The largest size at which so many characters and lines fit into a cell.
    return min(0.8 * width / n_characters / CHARACTER_WIDTH, 0.85 * height / n_lines / LINE_HEIGHT, _LARGEST)
