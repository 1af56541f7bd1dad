"""How Sphinx builds the documentation: ``sphinx-build -W --keep-going -n docs build/docs``, without network."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "extensions"))

import fastgrid

project = "fastgrid"
author = "The fastgrid developers"
version = release = fastgrid.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "command_reference",
    "public_names",
    "local_mathematics",
]
root_doc = "index"
exclude_patterns = ["extensions"]
nitpicky = True
# In docstrings `name` is a name of Python: a link where its page is here (see public_names.py).
default_role = "py:obj"

myst_enable_extensions = ["dollarmath", "attrs_block"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
# Types stand in the docstrings.
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "furo"
html_title = f"fastgrid {version}"
html_math_renderer = "mathml"
# Nothing that a page shows comes from elsewhere.
html_copy_source = False
html_show_sourcelink = False
