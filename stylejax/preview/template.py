"""HTML pages from Jinja templates.

Every value is escaped, and the Content-Security-Policy of a page allows only its own styles and scripts.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from stylejax.version import VERSION

if TYPE_CHECKING:
    from jinja2 import Environment


def render_page(
    template: str, *, style: str, script: str, images: str = "data:", own: str = "", media: str = "", **values: Any
) -> str:
    """Render a template of `preview/pages`, with its style sheets and scripts inline.

    Args:
        template: its file name.
        style: names of style sheets, separated by commas.
        script: names of scripts, separated by commas.
        images: sources from which the policy allows images.
        own: origins to which the policy allows the script to connect, and from which it may load a worker; none by default.
        media: sources from which the policy allows videos; none by default.
        **values: of the template, which escapes them.
    """
    styles, code = ("".join(page_text(name) for name in names.split(",")) for names in (style, script))
    policy = {
        "default-src": "'none'",
        "style-src": _hash(styles),
        "script-src": _hash(code),
        "img-src": images,
        "media-src": media or "'none'",
        "connect-src": own or "'none'",
        "worker-src": own or "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return (
        _environment()
        .get_template(template)
        .render(
            style=styles,
            script=code,
            policy="; ".join(f"{name} {value}" for name, value in policy.items()),
            version=VERSION,
            **values,
        )
    )


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(loader=PackageLoader("stylejax.preview", "pages"), autoescape=True, undefined=StrictUndefined)


def page_text(name: str) -> str:
    """The content of a file in `preview/pages`."""
    return files("stylejax.preview").joinpath("pages", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
