"""Markdown of a notebook becomes text of a page: nothing runs, nothing is fetched, nothing leads into a file system."""

import pytest
from bs4 import BeautifulSoup

from bizops.press.prose import passages


def body(source):
    (passage,) = passages(source)
    return BeautifulSoup(passage.body, "html.parser")


def test_a_cell_is_split_at_its_headings_but_not_within_code():
    found = passages("intro\n\n# Title *one*\n\n```\n## no heading\n```\n\n## Two `x` & more\nprose\n\n### inner")
    assert [(p.level, p.heading) for p in found] == [(0, ""), (1, "Title one"), (2, "Two x & more")]
    assert "## no heading" in found[1].body
    assert "<h3>inner</h3>" in found[2].body


def test_underlined_headings_count():
    assert [(p.level, p.heading) for p in passages("One\n===\nx\n\nTwo\n---\ny")] == [(1, "One"), (2, "Two")]


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "text <img src=x onerror=alert(1)> text",
        "<div onclick='alert(1)'>\nblock\n</div>",
        "<svg><style>*{display:none}</style></svg>",
        "`<script>alert(1)</script>`",
        "```html\n<iframe src=x></iframe>\n```",
        "| a | b |\n|---|---|\n| <img src=x onerror=alert(1)> | y |",
        "![<img src=x onerror=alert(1)>](x.png)",
        "[<b onmouseover=alert(1)>x</b>](https://a.example)",
    ],
)
def test_html_in_prose_is_text(source):
    allowed = {"p", "pre", "code", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "a"}
    tags = body(source).find_all(True)
    assert {tag.name for tag in tags} <= allowed
    assert not [k for tag in tags for k in tag.attrs if k.startswith("on") or k == "style"]


@pytest.mark.parametrize(
    "target",
    ["javascript:alert(1)", "JaVaScript:alert(1)", "data:text/html,x", "../deals.csv", "/etc/passwd", "file:///x"],
)
def test_links_that_a_reader_cannot_follow_are_words(target):
    found = body(f"see [the list]({target})")
    assert not found.find_all("a")
    assert found.get_text() == "see the list"


def test_links_that_a_reader_can_follow_stay():
    found = body('[a](https://a.example/?x=1&y="2) [b](#s-gap) <https://b.example>').find_all("a")
    assert [a["href"] for a in found] == ["https://a.example/?x=1&y=%222", "#s-gap", "https://b.example"]


def test_pictures_are_their_alternative_text():
    found = body("![the *gap* by region](https://a.example/x.png)")
    assert not found.find_all("img")
    assert found.get_text() == "the gap by region"


def test_a_table_in_prose_has_column_headers_and_no_style():
    table = body("| region | deals |\n|---|--:|\n| Nordics | 12 |").table
    assert [th["scope"] for th in table.find_all("th")] == ["col", "col"]
    assert table.find_all("td")[1]["class"] == ["n"]
    assert not table.find_all(style=True)


def test_an_empty_cell_says_nothing():
    assert all(not p.body and not p.heading for p in passages(""))
