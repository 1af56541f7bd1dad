"""What all displays need of Matplotlib, which is imported when something is drawn."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

#: Points in an inch, which sizes of text are given in.
POINTS = 72
#: Width of a character and height of a line, as shares of the size of the font.
CHARACTER_WIDTH, LINE_HEIGHT = 0.6, 1.25


def import_pyplot(display: str) -> Any:
    """Return ``matplotlib.pyplot``.

    Raises
    ------
    ImportError
        One line that says what to install for `display`.
    """
    try:
        return importlib.import_module("matplotlib.pyplot")
    except ImportError as error:
        raise ImportError(
            f"{display}.plot draws with Matplotlib ({error}); install it: pip install 'fastgrid[plot]'"
        ) from error


def text_colour(image: Any, value: float) -> str:
    """Return black or white, whichever can be read on the colour that `image` (an ``AxesImage``) gives `value`."""
    red, green, blue, _ = image.cmap(image.norm(value))
    # Relative luminance of WCAG 2.1 (https://www.w3.org/TR/WCAG21/#dfn-relative-luminance); black has the larger
    # contrast above 0.179.
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "black" if luminance > 0.179 else "white"


def cell_points(axes: Axes, n_columns: int, n_rows: int) -> tuple[float, float]:
    """Return width and height of a cell of `axes` in points, where they stand now."""
    box = axes.get_window_extent()
    return POINTS * box.width / axes.figure.dpi / n_columns, POINTS * box.height / axes.figure.dpi / n_rows


def settle(figure: Figure | SubFigure) -> None:
    """Move the axes of a figure to where its layout will have them, so that their size can be asked for."""
    whole = figure.canvas.figure
    engine = whole.get_layout_engine()
    if engine is not None:
        engine.execute(whole)


def inches(n_characters: float, size: float) -> float:
    """Return about how long a text of that many characters is at a size in points."""
    return n_characters * size * CHARACTER_WIDTH / POINTS
