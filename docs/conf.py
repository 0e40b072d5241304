"""Sphinx configuration. Build with `sphinx-build -W docs docs/_build/html` after installing the extra `docs`."""

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

from stylejax.version import VERSION

project = "stylejax"
author = "stylejax contributors"
copyright = f"{author}, Apache-2.0"
version = release = VERSION

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode", "sphinx_copybutton"]
exclude_patterns = ["_build", "space"]
suppress_warnings = [
    "myst.xref_missing",  # links to files outside this folder, which tests/project/test_docs.py checks
]

myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # tests/project/test_tutorial.py runs the lesson; the notebook contains its outputs

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_theme = "sphinx_book_theme"
html_title = f"stylejax {VERSION}"
html_theme_options = {"show_navbar_depth": 1, "home_page_in_toc": True, "footer_content_items": ["copyright"]}
html_math_renderer = "mathml"
html_static_path = ["static"]
html_css_files = ["site.css"]
nb_ipywidgets_js = {}  # no widgets: pages load nothing from other hosts


def keep_columns(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Turn docstring paragraphs that are aligned in columns into literal blocks, which keep the alignment."""
    paragraphs = "\n".join(lines).split("\n\n")
    for number, paragraph in enumerate(paragraphs):
        first = paragraph.lstrip("\n").partition("\n")[0].strip()
        if "   " in first and not first.startswith((">>>", ":", "..")):
            paragraphs[number] = "::\n\n" + "\n".join(f"    {line}" for line in paragraph.split("\n"))
    lines[:] = "\n\n".join(paragraphs).split("\n")


ATTRIBUTES: dict[str, list[str]] = {}
"""Docstrings of attributes by qualified name, between the two functions below."""


def save_attribute(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Save the docstring of an attribute: Napoleon takes the text before its first colon for a type."""
    if what in ("attribute", "data", "property"):
        ATTRIBUTES[name] = list(lines)


def restore_attribute(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Restore the docstring of an attribute after Napoleon."""
    lines[:] = ATTRIBUTES.pop(name, lines)


def list_other_pages(app: Sphinx, page: str, source: list[str]) -> None:
    """Replace `every-other-page` in the index by all pages that it does not list."""
    if page == app.config.root_doc:
        named = {*source[0].splitlines(), page}
        others = sorted(other for other in app.env.found_docs if other not in named and not other.startswith("howto/"))
        source[0] = source[0].replace("every-other-page", "\n".join(others))


def draw_formula(translator, formula: nodes.math | nodes.math_block) -> None:
    """Write a formula as MathML, which browsers render without scripts."""
    block = isinstance(formula, nodes.math_block)
    drawn = tex2mathml(formula.astext(), as_block=block)
    translator.body.append(f'<div class="formula">{drawn}</div>' if block else drawn)
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register the extensions above with Sphinx."""
    app.add_html_math_renderer("mathml", (draw_formula, None), (draw_formula, None))
    app.connect("source-read", list_other_pages)
    app.connect("autodoc-process-docstring", save_attribute, priority=400)
    app.connect("autodoc-process-docstring", restore_attribute, priority=600)  # Napoleon has 500
    app.connect("autodoc-process-docstring", keep_columns, priority=700)
