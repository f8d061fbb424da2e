"""Markdown cells as safe HTML: split at their headings, raw HTML shown as text, nothing fetched.

Prose is written by analysts and may carry values from the data (a segment's name in a computed sentence), so that it
is treated as text: tags are escaped, links are kept only where a reader can follow them from a page that travels
alone, and images, which would be requests, become their alternative text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import mistune
from markupsafe import Markup, escape
from mistune.core import BlockState
from mistune.plugins import import_plugin
from mistune.renderers.html import HTMLRenderer
from mistune.util import striptags

from bizops.language import say

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
        name = f'<caption class="hidden">{escape(say("Table in the text"))}</caption>'
        region = f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(say("Table"))}">'
        return f"{region}<table>{name}{text}</table></div>\n"

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
    tokens, state = _PARSER.parse(_said(source))
    if isinstance(tokens, str):  # the parser was made without a renderer, so that it returns tokens
        raise TypeError("expected tokens, not rendered text")
    return list(_split(tokens, state))


_BLOCKS = re.compile(r"(\n[ \t]*\n)")
_HEADING = re.compile(r"(#{1,6}[ \t]+)?(.*)", re.DOTALL)


def paragraphs(source: str) -> list[str]:
    """Return the headings and paragraphs of a markdown cell as catalogues hold them: each on one line."""
    found = (_HEADING.fullmatch(block.strip()) for block in _BLOCKS.split(source) if block.strip())
    return [" ".join(block[2].split()) for block in found if block]


def words(source: str) -> str:
    """Return the words of a markdown cell: without markup, addresses of links, marks of lists, and code."""
    tokens, _ = _PARSER.parse(source)
    return " ".join(_text(token, code=False) for token in tokens if isinstance(token, dict))


def _said(source: str) -> str:
    """Return a markdown cell with the headings and paragraphs that the catalogue knows in the reader's language."""
    blocks = _BLOCKS.split(source)
    for i, block in enumerate(blocks):
        found = _HEADING.fullmatch(block.strip())
        text = " ".join(found[2].split()) if found else ""
        if found and text and (told := say(text)) != text:
            blocks[i] = (found[1] or "") + told
    return "".join(blocks)


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


# Blocks whose children stand apart; the children of others run on.
_STACKED = {"list", "block_quote", "table", "table_head", "table_body", "table_row"}


def _text(token: dict[str, Any], *, code: bool = True) -> str:
    """Return the words of a token without its markup, and without ``code`` if it is not wanted."""
    if not code and token["type"] in {"codespan", "block_code"}:
        return " "
    if "children" in token:
        between = " " if token["type"] in _STACKED else ""
        return between.join(_text(child, code=code) for child in token["children"])
    return " " if token["type"] in {"softbreak", "linebreak"} else str(token.get("raw", ""))
