"""The one colour scale of the heat maps: even steps of lightness, told apart by colour-blind readers too.

Lightness falls linearly from pale yellow over green to deep blue, so that equal steps of a number look equally large
and the order survives without any hue. On a dark page the scale is reversed: the best stands out from the page in both.
"""

from __future__ import annotations

import math

#: Steps of the scale; a screen shows no more of them apart.
LEVELS = 32

# Hue in degrees, chroma and lightness in OKLCH at the pale and at the deep end.
_LIGHTNESS = (0.96, 0.30)
_HUE = (105.0, 280.0)
_CHROMA = (0.065, 0.130)

Rgb = tuple[float, float, float]


def scale() -> tuple[str, ...]:
    """Return the colours, palest first.

    Returns
    -------
    tuple of str, length `LEVELS`
        As ``#rrggbb``.
    """
    return tuple(_hexadecimal(_linear_rgb(*_oklab(level / (LEVELS - 1)))) for level in range(LEVELS))


def ink(colour: str) -> str:
    """Return the colour of text on `colour`: black or white, whichever has more contrast.

    Examples
    --------
    >>> ink("#f8f5c3"), ink("#261d6c")
    ('#000000', '#ffffff')
    """
    return max("#000000", "#ffffff", key=lambda text: contrast(text, colour))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio").

    Parameters
    ----------
    one, other : str
        As ``#rrggbb``.

    Examples
    --------
    >>> contrast("#000000", "#ffffff")
    21.0
    """
    lower, higher = sorted((_luminance(one), _luminance(other)))
    return (higher + 0.05) / (lower + 0.05)


def _oklab(position: float) -> Rgb:
    # The chroma follows the square: sRGB has no more of it between green and blue.
    lightness = _LIGHTNESS[0] + (_LIGHTNESS[1] - _LIGHTNESS[0]) * position
    chroma = _CHROMA[0] + (_CHROMA[1] - _CHROMA[0]) * position**2
    hue = math.radians(_HUE[0] + (_HUE[1] - _HUE[0]) * position)
    return lightness, chroma * math.cos(hue), chroma * math.sin(hue)


def _linear_rgb(lightness: float, a: float, b: float) -> Rgb:
    """Return linear sRGB of a colour in OKLab (B. Ottosson, "A perceptual color space for image processing", 2020)."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _hexadecimal(linear: Rgb) -> str:
    return "#" + "".join(f"{round(255 * _companded(min(max(value, 0.0), 1.0))):02x}" for value in linear)


def _companded(value: float) -> float:
    # IEC 61966-2-1, the transfer function of sRGB.
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def _luminance(colour: str) -> float:
    values = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    linear = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values)
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
