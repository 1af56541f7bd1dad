"""Displays: heat maps of searches and confusion matrices, drawn with Matplotlib in the style of scikit-learn.

A display holds what it shows; ``plot`` draws it, and only then Matplotlib is imported (the extra ``plot``).
"""

from fastgrid.displays.confusion import ConfusionDisplay
from fastgrid.displays.heatmap import GridHeatmapDisplay

__all__ = ["ConfusionDisplay", "GridHeatmapDisplay"]
