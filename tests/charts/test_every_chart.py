"""What holds for every chart: valid, named, themed, escaped, repeatable, and kind to the reader's own settings."""

from __future__ import annotations

import re
import warnings
from datetime import date
from types import SimpleNamespace

import matplotlib as mpl
import pandas as pd
import pytest

from bizops import charts, theme
from bizops.errors import InputError

HOSTILE = [
    "$x^2$ and $100", "<script>alert(1)</script>", "a & b &amp; c", '"quoted" \'single\'',
    "株式会社サンプル・ホールディングス 東京本社", "مبيعات الشرق الأوسط",
    "🚀 growth 👩‍👩‍👧‍👦", "x" * 200, "long name " * 20, "tab\tline\nbreak\x00\x07", "\u202eevil", "  ",
    "T0T", "]]>", "100%",
]  # fmt: skip


# Labels of periods that would touch are left out, and a scatter plot names outliers where there is room.
SOME = {"line_xmr": ["UK"], "fan": ["UK"], "scatter": ["UK"]}


def test_drawings_are_valid_named_and_two_widths(kit: SimpleNamespace) -> None:
    for name, figure in kit.named(["DACH", "Nordics", "UK"]).items():
        wide, narrow = kit.both(figure)
        assert (wide.size[0], narrow.size[0]) == (720, 340), name
        for drawing, css in ((wide, "wide"), (narrow, "narrow")):
            root = drawing.root
            assert css in root.attrib["class"].split()
            assert root.get("role") == "img"
            assert [root[0].tag, root[1].tag] == ["title", "desc"]
            assert root.get("aria-labelledby") == f"{root[0].get('id')} {root[1].get('id')}"
            assert root[0].text == figure.alt
            assert float(root.attrib["font-size"]) == (13 if css == "wide" else 11)


def test_ids_are_unique_on_a_page_of_all_charts(kit: SimpleNamespace) -> None:
    page = "".join(figure.html() for figure in kit.named(["DACH", "Nordics", "UK"]).values())
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert len(ids) > 30
    for target in re.findall(r'(?:href="#|url\(#)([^")]+)', page.replace("#t-data", "")):
        assert target in ids


def test_every_colour_is_a_token_twice_over(kit: SimpleNamespace) -> None:
    """A literal for PDF engines and the class of the same token for themes; nothing else carries a colour."""
    literal = {theme.LIGHT[t]: t for t in theme.CHART_TOKENS}
    for figure in kit.named(["DACH", "Nordics", "UK"]).values():
        for drawing in kit.both(figure):
            for element in drawing.root.iter():
                assert "style" not in element.attrib
                for key in ("fill", "stroke"):
                    colour = element.get(key, "none")
                    if colour != "none":
                        assert f"{key[0]}-{literal[colour]}" in element.attrib["class"].split()
                if element.tag in ("text", "path", "circle"):
                    assert {element.get("fill"), element.get("stroke")} != {None}


def test_alternative_text_is_specific(kit: SimpleNamespace) -> None:
    alts = {name: figure.alt for name, figure in kit.named(["DACH", "Nordics", "UK"]).items()}
    assert len(set(alts.values())) == len(alts)
    for alt in alts.values():
        assert 40 <= len(alt) <= 280
        assert any(c.isdigit() for c in alt)
        assert alt.endswith("Data in the table below.")
        assert re.search("DACH|Nordics|UK", alt)


@pytest.mark.parametrize("labels", [HOSTILE[:5], HOSTILE[5:10], HOSTILE[10:]])
def test_hostile_labels_come_out_right(kit: SimpleNamespace, labels: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = kit.named(["Nordics", *labels, "UK"], note=labels[0], title=labels[1], subtitle=labels[2])
    unseen = str.maketrans("", "", "\x00\x07\u202e")
    starts = [" ".join(label.translate(unseen).split())[:6] or "(blank)" for label in labels]
    for name, figure in drawn.items():
        assert len(figure.alt) <= 280
        for drawing in kit.both(figure):
            joined = " ".join(drawing.words)
            shown = {**SOME, "survival": [*starts[-3:], "UK"]}.get(name, [*starts, "Nordics"])
            assert not [s for s in shown if s not in joined], (name, joined)
            assert not [t for t in drawing.root.iter() if t.tag in ("script", "a", "image", "foreignObject")]
            assert all(len(word) <= 90 for word in drawing.words)
            times = 2 if name in ("six_twelve", "transition_heatmap", "survival") else 1  # a label has two places
            assert not re.search("T[0-9]+T", joined.replace("T0T", "", times)), "a text was not put in"


def test_a_cut_label_ends_in_an_ellipsis_and_the_short_ones_stay_whole(kit: SimpleNamespace) -> None:
    for drawing in kit.both(kit.named(["Nordics", "x" * 200, "UK"])["sorted_bars"]):
        cut = [w for w in drawing.words if w.startswith("xxx")]
        assert len(cut) == 1
        assert cut[0].endswith("…")
        assert {"Nordics", "UK"} <= set(drawing.words)


def test_a_label_of_two_lines_is_kept_whole(kit: SimpleNamespace) -> None:
    wide = kit.both(kit.named(["Mid-market win rate in DACH and Nordics", "UK"])["waterfall"])[0]
    lines = [w for w in wide.words if w in "Mid-market win rate in DACH and Nordics"]
    assert " ".join(lines) == "Mid-market win rate in DACH and Nordics"


def test_dollars_are_never_mathematics(kit: SimpleNamespace) -> None:
    for figure in kit.named(["$a_b^c$", "UK"]).values():
        assert all("$a_b^c$" in drawing.words for drawing in kit.both(figure))


@pytest.mark.parametrize("count", [1, 2, 30])
def test_one_row_and_many_rows_draw(kit: SimpleNamespace, count: int) -> None:
    for name, figure in kit.named([f"Region {i}" for i in range(count)]).items():
        for drawing in kit.both(figure):
            width, height = drawing.size
            assert 50 < height < 1500, name
            for text in drawing.root.iter("text"):
                assert -1 <= float(text.attrib["x"]) <= width + 1
                assert 0 < float(text.attrib["y"]) <= height


def test_drawing_again_gives_the_same_bytes(kit: SimpleNamespace) -> None:
    first, again = (kit.named(["DACH", "UK"]) for _ in range(2))
    assert {k: f.payload() for k, f in first.items()} == {k: f.payload() for k, f in again.items()}


def test_the_reader_s_own_settings_are_left_alone(kit: SimpleNamespace) -> None:
    before = dict(mpl.rcParams)
    with mpl.rc_context({"text.usetex": False, "svg.fonttype": "path", "axes.titley": 0.5}):
        mine = dict(mpl.rcParams)
        kit.named(["DACH", "UK"])
        assert dict(mpl.rcParams) == mine
    assert dict(mpl.rcParams) == before


def test_charts_are_small(kit: SimpleNamespace) -> None:
    for name, figure in kit.named([f"Region {i}" for i in range(12)]).items():
        assert len(figure.svg_wide) + len(figure.svg_narrow) < 30_000, name


def test_the_figure_says_all_that_surrounds_it(kit: SimpleNamespace) -> None:
    figure = kit.named(["DACH", "UK"], note="CRM, as of 2 Oct 2026 <b>")["bullet"]
    payload = figure.payload()
    assert payload["kind"] == "figure"
    assert {"svg_wide", "svg_narrow", "title", "subtitle", "alt", "table", "note", "html"} <= set(payload)
    assert '<a href="#t-data">Data</a>' in figure.html()
    assert "2 Oct 2026 &lt;b&gt;" in figure.html()
    bundle = figure._repr_mimebundle_()
    assert figure.svg_wide in bundle["text/html"]
    assert ".bizops svg.narrow{display:none}" in bundle["text/html"]


def test_boilerplate_or_overlong_alternative_text_is_refused() -> None:
    for alt in ("No description has been provided for this image", "Chart with 3 bars", "3 " * 150):
        with pytest.raises(InputError, match="alternative text"):
            charts.Figure("f", "t", "s", alt, "<svg/>", "<svg/>")


@pytest.mark.parametrize(
    "function",
    ["sorted_bars", "bullet", "dot_whisker", "line_xmr", "stacked", "waterfall", "six_twelve", "small_multiples",
     "cohort_heatmap", "transition_heatmap", "dumbbell", "funnel", "distribution", "scatter", "survival", "fan"],
)  # fmt: skip
def test_empty_frames_and_missing_columns_are_refused_with_words(function: str) -> None:
    more = {"start": ("a", 0.0), "end": ("b", 0.0)} if function == "waterfall" else {"unit": "money"}
    more = {} if function in ("transition_heatmap", "funnel") else more
    more = {"x_label": "x", "y_label": "y", "x_unit": "count", "y_unit": "count"} if function == "scatter" else more
    more = {"time_label": "Months"} if function == "survival" else more
    if function == "fan":
        more |= {"actual": pd.DataFrame({"period": [], "value": []}), "as_of": date(2026, 10, 4)}
    draw = getattr(charts, function)
    with pytest.raises(InputError, match="has no column"):
        draw(pd.DataFrame({"lable": ["a"]}), id="f", title="t", subtitle="s", **more)
    columns = ["label", "value", "amount", "actual", "plan", "lower", "upper", "n", "series", "period", "grain", "age",
               "source", "target", "start", "end", "x", "y", "group", "time", "survival", "at_risk", "median",
               *(f"{end}{level}" for end in ("lower", "upper") for level in (50, 80, 95))]  # fmt: skip
    empty = pd.DataFrame({c: pd.Series(dtype=float) for c in columns})
    with pytest.raises(InputError, match="no rows"):
        draw(empty, id="f", title="t", subtitle="s", **more)


def test_a_missing_number_is_refused_not_drawn_as_zero() -> None:
    frame = pd.DataFrame({"label": ["a", "b"], "value": [1.0, None]})
    with pytest.raises(InputError, match="no number in rows 1"):
        charts.sorted_bars(frame, id="f", title="t", subtitle="s")
