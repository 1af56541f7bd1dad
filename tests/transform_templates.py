"""The preprocessing steps of Gaia's template for Essentia 2.1-beta5, in the form of a project file."""

UNUSED = [
    "metadata.*",
    "*dmean*",
    "*dvar*",
    "*.min",
    "*.max",
    "*cov",
    "tonal.thpcp",
    "lowlevel.spectral_energyband_high.*",
    "lowlevel.silence_rate*",
    "rhythm.bpm_histogram",
    "lowlevel.melbands128.*",
]
STRINGS = ["tonal.chords_key", "tonal.chords_scale"] + [
    f"tonal.key_{profile}.{part}" for profile in ("krumhansl", "edma", "temperley") for part in ("key", "scale")
]
BASIC = [
    {"transfo": "remove", "params": {"descriptorNames": UNUSED}},
    {"transfo": "enumerate", "params": {"descriptorNames": STRINGS}},
]
TEMPLATE = {
    "raw": [],
    "basic": BASIC,
    "lowlevel": [*BASIC, {"transfo": "select", "params": {"descriptorNames": "lowlevel*"}}],
    "nobands": [
        *BASIC,
        {
            "transfo": "remove",
            "params": {"descriptorNames": ["barkbands*", "*energyband*", "melbands*", "erbbands*"]},
        },
    ],
    "normalized": [*BASIC, {"transfo": "normalize"}],
    "gaussianized": [
        *BASIC,
        {"transfo": "normalize"},
        {"transfo": "gaussianize", "params": {"descriptorNames": ["lowlevel.*"]}},
    ],
    "mfcc": [*BASIC, {"transfo": "select", "params": {"descriptorNames": ["lowlevel.mfcc*"]}}],
}
