"""Markdown cells as safe HTML: split at their headings, raw HTML shown as text, nothing fetched.

Prose is written by analysts and may carry values from the data (a segment's name in a computed sentence), so that it
is treated as text: tags are escaped, links are kept only where a reader can follow them from a page that travels
alone, and images, which would be requests, become their alternative text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import mistune
from markupsafe import Markup, escape
from mistune.core import BlockState
from mistune.plugins import import_plugin
from mistune.renderers.html import HTMLRenderer
from mistune.util import striptags

_FOLLOWABLE = ("http://", "https://", "mailto:")


class _PageRenderer(HTMLRenderer):
    """HTML for one page: headings below the section's own, no images, no links into a file system."""

    def __init__(self) -> None:
        super().__init__(escape=True)

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        """Return a heading one may nest in a section: never h1 or h2, which the page itself sets."""
        tag = f"h{min(max(level, 3), 4)}"
        return f"<{tag}>{text}</{tag}>\n"

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Return a link that works from anywhere, or its bare text."""
        anchor = url.startswith("#") and len(url) > 1
        if not anchor and not url.lower().startswith(_FOLLOWABLE):
            return text
        return f'<a href="{escape(url)}"' + ("" if anchor else ' rel="noopener noreferrer"') + f">{text}</a>"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Return the alternative text: a picture by address would be a request, or a path of this machine."""
        return striptags(text)

    def table(self, text: str) -> str:
        """Return a table that scrolls by itself on a narrow screen, named for those who cannot see it."""
        name = '<caption class="hidden">Table in the text</caption>'
        return f'<div class="scroll" role="region" tabindex="0" aria-label="Table"><table>{name}{text}</table></div>\n'

    def table_head(self, text: str) -> str:
        """Return the head with its one row."""
        return f"<thead><tr>{text}</tr></thead>"

    def table_body(self, text: str) -> str:
        """Return the body."""
        return f"<tbody>{text}</tbody>"

    def table_row(self, text: str) -> str:
        """Return one row of the body."""
        return f"<tr>{text}</tr>"

    def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:
        """Return a cell; alignment by class, because the page's content policy allows no style attribute."""
        tag, kind = 'th scope="col"' if head else "td", ' class="n"' if align == "right" else ""
        return f"<{tag}{kind}>{text}</{tag[:2]}>"


_RENDERER = _PageRenderer()
_PARSER = mistune.Markdown(renderer=None, plugins=[import_plugin("table")])


@dataclass(frozen=True)
class Passage:
    """A heading of level 1 or 2 and the prose under it; level 0 is prose before any heading."""

    level: int
    heading: str
    body: Markup


def passages(source: str) -> list[Passage]:
    """Return the passages of a markdown cell, split at headings of level 1 and 2 outside code blocks.

    Parameters
    ----------
    source
        Markdown as stored in the notebook.

    Returns
    -------
    list of Passage
        In order; headings as plain text, bodies as HTML in which every tag of the source is escaped.
    """
    tokens, state = _PARSER.parse(source)
    if isinstance(tokens, str):  # the parser was made without a renderer, so that it returns tokens
        raise TypeError("expected tokens, not rendered text")
    return list(_split(tokens, state))


def _split(tokens: list[dict[str, Any]], state: BlockState) -> Iterator[Passage]:
    level, heading, held = 0, "", list[dict[str, Any]]()
    for token in tokens:
        depth = token["attrs"]["level"] if token["type"] == "heading" else 9
        if depth > 2:
            held.append(token)
            continue
        if held or level:
            yield Passage(level, heading, _html(held, state))
        level, heading, held = depth, _text(token).strip(), []
    if held or level:
        yield Passage(level, heading, _html(held, state))


def _html(tokens: list[dict[str, Any]], state: BlockState) -> Markup:
    return Markup(_RENDERER.render_tokens(tokens, state).strip())


def _text(token: dict[str, Any]) -> str:
    """Return the words of a token without its markup."""
    if "children" in token:
        return "".join(_text(child) for child in token["children"])
    return " " if token["type"] in {"softbreak", "linebreak"} else str(token.get("raw", ""))
