"""Heat maps: every cell holds its number, at its place, readable on its shade in both themes."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from bizops import charts, theme
from bizops.errors import InputError

ABOUT: dict[str, Any] = {"id": "f", "title": "Title", "subtitle": "Customers active, FY26"}
# Value of cohort c at age a: 1.00, 0.80, 0.60, 0.40 less 0.05 for every later cohort.
RATES = {(c, a): round(1 - 0.2 * a - (0.05 * c if a else 0), 2) for c in range(4) for a in range(4 - c)}
NAMES = ["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4"]


def cohorts(**more: Any) -> pd.DataFrame:
    rows = [(NAMES[c], a, v, 100 + c) for (c, a), v in RATES.items()]
    return pd.DataFrame(rows, columns=["label", "age", "value", "n"]).assign(**more)


def cells(drawing: Any) -> Iterator[tuple[tuple[float, float, float, float], float]]:
    """Left, top, right, bottom and opacity of every shaded cell; the key has five more, in the row of the legend."""
    for path in drawing.root.iter("path"):
        if "f-c1" in path.get("class", "").split():
            for part in path.attrib["d"].split("M")[1:]:
                points = [tuple(map(float, p.split())) for p in part.strip("z").split("L")]
                xs, ys = [p[0] for p in points], [p[1] for p in points]
                yield (min(xs), min(ys), max(xs), max(ys)), float(path.get("fill-opacity", "1"))


def within(drawing: Any) -> list[tuple[str, float, str, tuple[float, float]]]:
    """Words, opacity, token and middle of every cell with what is written in it."""
    size = float(drawing.root.attrib["font-size"])
    found = []
    for box, opacity in cells(drawing):
        for text in drawing.root.iter("text"):
            x, y = float(text.attrib["x"]), float(text.attrib["y"]) - 0.35 * size
            if box[0] < x < box[2] and box[1] < y < box[3]:
                token = text.attrib["class"].removeprefix("f-")
                found.append((text.text, opacity, token, ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)))
                assert x == pytest.approx(found[-1][3][0], abs=0.02)
                assert y == pytest.approx(found[-1][3][1], abs=0.02)
    return found


def blended(token: str, opacity: float, ground: str) -> str:
    """The colour of a token of this opacity over the ground."""
    mixed = [int(token[i : i + 2], 16) * opacity + int(ground[i : i + 2], 16) * (1 - opacity) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(part):02X}" for part in mixed)


def test_every_cell_holds_its_value_at_its_cohort_and_age(kit: SimpleNamespace) -> None:
    for drawing in kit.both(charts.cohort_heatmap(cohorts(), **ABOUT)):
        found = within(drawing)
        assert len(found) == 10, "a triangle of four: the ages not reached are empty"
        rows = sorted({round(place[1], 1) for *_, place in found})
        columns = sorted({round(place[0], 1) for *_, place in found})
        placed = {(rows.index(round(y, 1)), columns.index(round(x, 1))): words for words, _, _, (x, y) in found}
        assert placed == {pair: f"{v * 100:.0f}" for pair, v in RATES.items()}
        assert {"0", "1", "2", "3", "Cohort", "n", "100", "103", "Age in periods", "40 %", "100 %"} <= set(
            drawing.words
        )
        heights = [float(drawing.text(name).attrib["y"]) for name in NAMES]
        assert heights == sorted(heights)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_numbers_reach_4_5_on_every_shade(kit: SimpleNamespace, name: str) -> None:
    tokens = theme.TOKENS[name]
    wide = kit.both(charts.cohort_heatmap(cohorts(), **ABOUT))[0]
    found = within(wide)
    assert len({opacity for _, opacity, _, _ in found}) == len(theme.HEAT), "all shades are used"
    assert {token for _, _, token, _ in found} == {"ink", "bg"}
    for words, opacity, token, _ in found:
        shade = blended(tokens["c1"], opacity, tokens["bg"])
        assert theme.contrast(tokens[token], shade) >= 4.5, (words, opacity)


def test_a_higher_value_is_never_paler(kit: SimpleNamespace) -> None:
    wide = kit.both(charts.cohort_heatmap(cohorts(), **ABOUT))[0]
    pairs = sorted((float(words), opacity) for words, opacity, _, _ in within(wide))
    assert [o for _, o in pairs] == sorted(o for _, o in pairs)
    assert pairs[0][1] == theme.HEAT[0][0]
    assert pairs[-1][1] == theme.HEAT[-1][0]
    # 40 to 100 in five equal steps of 12: 52, 64, 76, 88.
    expected = {40: 0, 55: 1, 60: 1, 70: 2, 75: 2, 80: 3, 100: 4}
    assert {int(value): opacity for value, opacity in pairs} == {v: theme.HEAT[step][0] for v, step in expected.items()}


def test_few_records_have_no_colour_and_fewer_than_five_no_numbers(kit: SimpleNamespace) -> None:
    frame = cohorts().assign(n=lambda d: d["label"].map(dict(zip(NAMES, [19, 4, 20, 300], strict=True))))
    for drawing in kit.both(charts.cohort_heatmap(frame, **ABOUT)):
        assert sorted(words for words, *_ in within(drawing)) == ["100", "100", "70"]
        assert "fewer than 5 records" in drawing.words
        assert "No colour: fewer than 20 records" in drawing.words
        assert "f-muted" in drawing.text("40").attrib["class"], "the oldest cohort of 19 at age 3"
        assert "75" not in drawing.words, "the cohort of 4 at age 1"
    alone = charts.cohort_heatmap(frame.assign(n=3), **ABOUT)
    assert "4 cohorts, each of fewer than 5 records" in alone.alt
    assert all(not within(drawing) for drawing in kit.both(alone))


def test_a_missing_value_is_an_empty_cell(kit: SimpleNamespace) -> None:
    frame = cohorts()
    frame.loc[1, "value"] = None
    assert len(within(kit.both(charts.cohort_heatmap(frame, **ABOUT))[0])) == 9
    with pytest.raises(InputError, match="no cell has a value"):
        charts.cohort_heatmap(frame.assign(value=None), **ABOUT)
    with pytest.raises(InputError, match="a pair of label and age appears twice"):
        charts.cohort_heatmap(pd.concat([frame, frame]), **ABOUT)


def test_one_cohort_of_one_age_draws(kit: SimpleNamespace) -> None:
    frame = pd.DataFrame({"label": ["A"], "age": [0], "value": [0.5]})
    figure = charts.cohort_heatmap(frame, **ABOUT)
    assert [words for words, *_ in within(kit.both(figure)[0])] == ["50"]
    assert "1 cohort; at age 0: A 50.0 %" in figure.alt.replace("\u00a0", " ")


def test_ages_that_do_not_fit_are_left_out_evenly_and_it_is_said(kit: SimpleNamespace) -> None:
    frame = pd.DataFrame([("A", a, 0.99**a) for a in range(36)], columns=["label", "age", "value"])
    wide, narrow = kit.both(charts.cohort_heatmap(frame, **ABOUT))
    for drawing in (wide, narrow):
        shown = len(within(drawing))
        ages = [int(w) for w in drawing.words if w.isdigit()][:shown]
        assert ages == list(range(0, 36, ages[1]))
        assert f"Shown: {shown} of 36 ages" in drawing.words
    assert len(within(narrow)) < len(within(wide)) < 36


def test_the_last_cohorts_are_kept_of_many(kit: SimpleNamespace) -> None:
    frame = pd.DataFrame([(f"C{c}", 0, 0.5) for c in range(30)], columns=["label", "age", "value"])
    wide = kit.both(charts.cohort_heatmap(frame, **ABOUT))[0]
    assert {"C6", "C29", "Shown: last 24 of 30 cohorts"} <= set(wide.words)
    assert "C5" not in wide.words


def test_amounts_have_their_unit_in_the_key(kit: SimpleNamespace) -> None:
    frame = cohorts().assign(value=lambda d: d["value"] * 1e6)
    for drawing in kit.both(charts.cohort_heatmap(frame, unit="money", currency="EUR", **ABOUT)):
        assert "EUR k" in drawing.words
        assert {"1,000", "800", "400"} <= {words for words, *_ in within(drawing)}


MOVES = pd.DataFrame(
    [("New", "Offer", 30), ("New", "Lost", 70), ("Offer", "Won", 20), ("Offer", "Lost", 40), ("Offer", "New", 20),
     ("Won", "Lost", 12), ("Lost", "New", 2)],
    columns=["source", "target", "n"],
)  # fmt: skip


def test_moves_are_shares_of_their_row(kit: SimpleNamespace) -> None:
    """New: 30 and 70 of 100. Offer: 20, 40, 20 of 80 = 25, 50, 25 %. Won has 12 records, Lost 2."""
    figure = charts.transition_heatmap(MOVES, stages=["New", "Offer", "Won", "Lost"], **ABOUT)
    wide = kit.both(figure)[0]
    found = within(wide)
    rows: dict[float, list[tuple[float, str]]] = {}
    for words, _, _, (x, y) in found:
        rows.setdefault(round(y, 1), []).append((x, words))
    shown = [[words for _, words in sorted(row)] for _, row in sorted(rows.items())]
    assert shown == [["0", "30", "0", "70"], ["25", "0", "25", "50"]]
    assert [sum(map(int, row)) for row in shown] == [100, 100]
    heads = [w for w in wide.words if w in ("New", "Offer", "Won", "Lost")]
    assert sorted(heads) == sorted(["New", "Offer", "Won", "Lost"] * 2), "rows and columns"
    assert "f-muted" in [t for t in wide.root.iter("text") if t.text == "100"][-1].attrib["class"]
    assert {"12", "2", "80", "fewer than 5 records"} <= set(wide.words)
    assert "New to Lost 70 % (70 of 100). Offer to Lost 50 % (40 of 80)" in figure.alt.replace("\u00a0", " ")


def test_columns_with_long_names_are_numbered_and_every_number_is_named(kit: SimpleNamespace) -> None:
    names = [f"Stage of negotiation number {i}" for i in range(6)]
    frame = pd.DataFrame([(a, b, 30) for a in names[:4] for b in names], columns=["source", "target", "n"])
    narrow = kit.both(charts.transition_heatmap(frame, **ABOUT))[1]
    assert {"1", "2", "3", "4", "5", "6"} <= set(narrow.words)
    joined = " ".join(narrow.words)
    assert "1 Stage of" in joined
    assert "5 Stage of negotiation number 4, 6 Stage of" in joined, "the columns that are no rows"


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame([("a", str(i), 9) for i in range(9)], columns=["source", "target", "n"]), "10 stages"),
        (pd.DataFrame({"source": ["a"], "target": ["b"], "n": [-1]}), "negative"),
        (pd.DataFrame({"source": ["a", "a"], "target": ["b", "b"], "n": [1, 2]}), "source and target appears twice"),
        (pd.DataFrame({"source": ["a"], "target": ["b"], "n": [None]}), "'n' has no number"),
    ],
)
def test_moves_refuse_what_they_cannot_show(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(InputError, match=message):
        charts.transition_heatmap(frame, **ABOUT)


def test_a_stage_that_nothing_left_is_empty(kit: SimpleNamespace) -> None:
    frame = pd.DataFrame({"source": ["a", "b"], "target": ["b", "a"], "n": [50, 0]})
    for drawing in kit.both(charts.transition_heatmap(frame, **ABOUT)):
        assert sorted(words for words, *_ in within(drawing)) == ["0", "100"]
        assert "fewer than 5 records" in drawing.words


def test_a_share_is_never_rounded_to_none_or_all(kit: SimpleNamespace) -> None:
    frame = pd.DataFrame({"source": ["a", "a"], "target": ["b", "c"], "n": [997, 3]})
    wide = kit.both(charts.transition_heatmap(frame, **ABOUT))[0]
    assert [words for words, *_ in within(wide)] in (["0.3", "99.7"], ["99.7", "0.3"])
