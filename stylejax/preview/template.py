"""Pages from templates: every value is escaped, and a page's policy lets nothing run or load but what is in it."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stylejax.version import VERSION


def render_page(template: str, *, style: str, script: str, images: str = "data:", own: str = "", **values: Any) -> str:
    """The page `template` of `preview/pages`, with its style sheets and scripts put into it.

    Args:
        template: name of the template; its `policy` is the Content-Security-Policy of the page.
        style: names of style sheets, separated by commas.
        script: names of scripts, separated by commas.
        images: where the policy allows images from.
        own: where the policy allows the script to talk to, and to take a worker from; nowhere by default.
        **values: what the template shows. Escaped, unless they are `Markup`.
    """
    styles, code = ("".join(page_text(name) for name in names.split(",")) for names in (style, script))
    policy = {
        "default-src": "'none'",
        "style-src": _hash(styles),
        "script-src": _hash(code),
        "img-src": images,
        "connect-src": own or "'none'",
        "worker-src": own or "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup(styles),
            script=Markup(code),
            policy="; ".join(f"{name} {value}" for name, value in policy.items()),
            version=VERSION,
            **values,
        )
    )


@cache
def _environment() -> Environment:
    return Environment(loader=PackageLoader("stylejax.preview", "pages"), autoescape=True, undefined=StrictUndefined)


def page_text(name: str) -> str:
    """The text of a file of `preview/pages`."""
    return files("stylejax.preview").joinpath("pages", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
