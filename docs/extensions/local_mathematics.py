"""Formulas as MathML, which browsers show by themselves; MathJax would have to come from the network."""

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx


def show_inline(translator: nodes.NodeVisitor, node: nodes.math) -> None:
    """Write a formula that stands in a line."""
    translator.body.append(tex2mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def show_block(translator: nodes.NodeVisitor, node: nodes.math_block) -> None:
    """Write a formula that stands by itself."""
    formula = tex2mathml(node.astext(), as_block=True)
    translator.body.append(f'<div class="math">{formula}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, object]:
    """Register the renderer as ``mathml``."""
    app.add_html_math_renderer("mathml", inline_renderers=(show_inline, None), block_renderers=(show_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
