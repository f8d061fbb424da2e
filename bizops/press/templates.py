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

from bizops import numbers, theme
from bizops.language import active, plural, say, spoken

FOLDER = Path(__file__).parent / "template"


# Strings, template literals and regular expressions, which stay as they are; else space around what needs none.
_KEPT = r'"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`|/(?:\\.|\[[^\]]*\]|[^/\\\s])+/g?(?=[.,])'
_JS_SPACE = re.compile(rf"({_KEPT})|\s*([{{}}()\[\];,:?=<>+\-*&|!])\s*")
_CSS_SPACE = re.compile(r"""("[^"]*"|'[^']*')|\s*([{};,>~])\s*""")


@cache
def stylesheet() -> Markup:
    """Return the page's style sheet: the tokens of both themes, then the rules, without comments or needless space."""
    rules = re.sub(r"/\*.*?\*/", "", (FOLDER / "style.css").read_text(encoding="utf-8"), flags=re.S)
    light, dark = theme.variables("light"), theme.variables("dark")
    # The dark tokens stand under "screen", so that paper is always light. The script's button changes the query of
    # this second rule, so that they need to be told only once.
    tokens = (
        f":root{{color-scheme:light;--fonts:{theme.FONTS};{light}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{color-scheme:dark;{dark}}}}}"
    )
    return Markup(tokens + _without_space(rules, _CSS_SPACE).replace(";}", "}") + theme.chart_css())


@cache
def script() -> Markup:
    """Return the page's script, without its comments and needless space."""
    lines = (line.strip() for line in (FOLDER / "page.js").read_text(encoding="utf-8").splitlines())
    code = "\n".join(line for line in lines if line and not line.startswith("//"))
    return Markup(_without_space(code, _JS_SPACE).replace(";}", "}"))


def _without_space(text: str, pattern: re.Pattern[str]) -> str:
    return pattern.sub(lambda found: found[1] or found[2], text).strip()


@cache
def content_policy() -> str:
    """Return the content security policy: nothing is fetched; only the page's own script and style sheet count."""
    return (
        f"default-src 'none'; script-src {_hash(script())}; style-src {_hash(stylesheet())}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def allowing(page: str, style: str) -> str:
    """Return a page whose content security policy lets one more style sheet count."""
    return page.replace("; style-src ", f"; style-src {_hash(style)} ", 1)


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
    made.globals.update(_=say, plural=plural, language=lambda: spoken(active()), missing=numbers.missing)
    return made


def fill(template: str, **values: Any) -> str:
    """Return the file ``template`` of the template folder filled with ``values``."""
    return environment().get_template(template).render(**values)
