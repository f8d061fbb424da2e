"""The template environment and what every page carries in its head: style sheet, script, content policy."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bizops import theme

FOLDER = Path(__file__).parent / "template"


@cache
def stylesheet() -> Markup:
    """Return the page's style sheet: the tokens of both themes, then the rules, without comments."""
    rules = re.sub(r"/\*.*?\*/", "", (FOLDER / "style.css").read_text(encoding="utf-8"), flags=re.S)
    rules = "".join(line.strip() for line in rules.splitlines())
    light, dark = theme.variables("light"), theme.variables("dark")
    # The dark tokens stand under "screen", so that paper is always light.
    tokens = (
        f":root{{color-scheme:light dark;--fonts:{theme.FONTS};{light}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}"
        f"@media screen{{:root[data-theme=dark]{{color-scheme:dark;{dark}}}"
        ":root[data-theme=light]{color-scheme:light}}"
        "@media print{:root{color-scheme:light}}"
    )
    return Markup(tokens + rules + theme.chart_css())


@cache
def script() -> Markup:
    """Return the page's script, without its comments and indentation."""
    lines = (line.strip() for line in (FOLDER / "page.js").read_text(encoding="utf-8").splitlines())
    return Markup("\n".join(line for line in lines if line and not line.startswith("//")))


@cache
def content_policy() -> str:
    """Return the content security policy: nothing is fetched; only the page's own script and style sheet count."""
    return (
        f"default-src 'none'; script-src {_hash(script())}; style-src {_hash(stylesheet())}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def environment() -> Environment:
    """Return the template environment: everything is escaped unless it is marked as HTML, and a missing name fails."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals.update(stylesheet=stylesheet, script=script, content_policy=content_policy)
    return made


def fill(template: str, **values: Any) -> str:
    """Return the file ``template`` of the template folder filled with ``values``."""
    return environment().get_template(template).render(**values)
