"""The scale of colours: even, in order for every reader, and readable where something is written on it."""

import numpy as np
import pytest

from fastgrid.report.colours import LEVELS, contrast, ink, scale

# Linear sRGB -> what a reader without one kind of cone sees (Machado, Oliveira and Fernandes 2009, severity 1).
BLINDNESS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    "none": np.eye(3),
}
# Linear sRGB -> cone responses -> OKLab (Ottosson 2020).
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linear(colours):
    values = np.array([[int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)] for colour in colours])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def oklab(rgb):
    return np.cbrt(np.clip(rgb, 0, 1) @ TO_CONES.T) @ TO_LAB.T


def test_lightness_falls_in_even_steps():
    lab = oklab(linear(scale()))
    assert len(lab) == LEVELS
    steps = -np.diff(lab[:, 0])
    # Colours are rounded to 8 bits.
    assert steps.min() > 0.85 * steps.mean()
    assert steps.max() < 1.15 * steps.mean()
    # The whole difference of neighbours, hue and all, is about the same everywhere too.
    distances = np.linalg.norm(np.diff(lab, axis=0), axis=1)
    assert distances.max() < 1.4 * distances.min()


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_the_order_is_seen_by_every_reader(blindness):
    lab = oklab(linear(scale()) @ np.array(BLINDNESS[blindness]).T)
    steps = -np.diff(lab[:, 0])
    assert steps.min() > 0.4 * steps.mean()


def test_what_is_written_on_a_colour_can_be_read():
    assert min(contrast(ink(colour), colour) for colour in scale()) >= 4.5


def test_contrast_is_that_of_the_guidelines():
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#ffffff", "#0000ff") == pytest.approx(8.59, abs=0.005)
    assert contrast("#123456", "#123456") == 1.0
