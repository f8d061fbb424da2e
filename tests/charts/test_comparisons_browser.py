"""The charts that compare, in a real Chromium: no text lies on another, none leaves its drawing or is too small."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from bizops import charts, theme
from bizops.charts import Figure

LONG = [
    "North America Enterprise and public sector", "株式会社サンプル・ホールディングス 東京本社",
    "مبيعات الشرق الأوسط", "🚀 growth 👩‍👩‍👧‍👦", "$x^2$ < a & b", "x" * 200, "word " * 40, "W" * 30,
]  # fmt: skip
SHORT = ["DACH", "Nordics", "UK & Ireland", "France", "Iberia", "Italy", "Benelux", "East"]
ABOUT: dict[str, Any] = {"title": "Title 1", "subtitle": "Measure, Q3 FY26", "table": "data"}


def figures(labels: list[str], size: float) -> list[Figure]:
    """Every chart with these labels and amounts of this size."""
    n = len(labels)
    values = [size * (1 + (7 * i % 5) / 3) for i in range(n)]
    recent = pd.DataFrame(
        [("week", f"W{34 + i}", size * (1 + i / 7), None) for i in range(5)]
        + [("week", "W39", size * 0.31, "day 3 of 7")]
        + [("month", f"{m} 2026", size * (1.5 + i % 3 / 4), None) for i, m in enumerate("JFMAMJJASOND")],
        columns=["grain", "period", "value", "to_day"],
    ).assign(prior=lambda d: d["value"] * 0.93, plan=lambda d: d["value"] * 1.02)
    trend = pd.DataFrame(
        [(x, f"Q{k % 4 + 1} FY{24 + k // 4}", v * (1 + k / 20), 12 if i % 3 else 90) for i, (x, v) in
         enumerate(zip(labels, values, strict=True)) for k in range(9)], columns=["label", "period", "value", "n"],
    ).assign(plan=size * 1.5)  # fmt: skip
    cells = [
        (x, k, 0.93**k * (1 - i / 30), (3, 12, 4321, 87)[i % 4]) for i, x in enumerate(labels) for k in range(13 - i)
    ]
    moves = [(a, b, 1000 * i + 7 * k) for i, a in enumerate(labels) for k, b in enumerate([*labels[1:], "Lost"])]
    ends = pd.DataFrame({"label": labels, "start": values, "end": [*(v * (0.7 + i / 9) for i, v in enumerate(values))]})
    ends.loc[1, "end"] = None
    rates = ends.assign(start=ends["start"] / size / 9, end=ends["end"] / size / 9, n=[12, 90] * (n // 2))
    passed = pd.DataFrame({"label": labels, "n": [int(size * 3 / 4**i) for i in range(n)], "reference": 0.31})
    told = [("WoW", -0.043), (labels[0], 0.1), (labels[1], None), ("vs plan", 12.5)]
    return [
        charts.six_twelve(recent, id="pair", unit="money", currency="EUR", better="up", comparisons=told, **ABOUT),
        charts.six_twelve(recent, id="own", unit="count", own_scales=True, **ABOUT),
        charts.small_multiples(trend, id="many", unit="money", currency="EUR", better="up", in_flight="day 4", **ABOUT),
        charts.small_multiples(
            trend.assign(value=trend["value"] / size / 9, plan=None), id="rates", unit="rate", reference=0.25, **ABOUT
        ),
        charts.cohort_heatmap(pd.DataFrame(cells, columns=["label", "age", "value", "n"]), id="cohorts", **ABOUT),
        charts.cohort_heatmap(
            pd.DataFrame(cells, columns=["label", "age", "value", "n"]).assign(value=lambda d: d["value"] * size),
            id="amounts", unit="money", currency="EUR", label_title=labels[0], age_title=labels[-1], **ABOUT,
        ),
        charts.transition_heatmap(pd.DataFrame(moves, columns=["source", "target", "n"]), id="moves", **ABOUT),
        charts.funnel(passed, id="funnel", unit_title="opportunities", **ABOUT),
        charts.funnel(passed, id="named", reference_label=labels[0], **ABOUT),
        charts.dumbbell(ends, id="ends", currency="EUR", start_label="Plan", end_label="Actual", **ABOUT),
        charts.dumbbell(
            rates, id="points", unit="rate", better="up", start_label="Q3 FY25", end_label="Q3 FY26", **ABOUT
        ),
    ]  # fmt: skip


MEASURE = """() => [...document.querySelectorAll('svg')].map(svg => {
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll('text')].map(t => {
    const r = t.getBoundingClientRect();
    return {words: t.textContent, x: r.left - frame.left, y: r.top - frame.top, right: r.right - frame.left,
            low: r.bottom - frame.top, size: parseFloat(getComputedStyle(t).fontSize)};
  });
  return {name: svg.querySelector('title').id, width: frame.width, height: frame.height, texts};
})"""


def measured(browser: Any, drawn: list[Figure]) -> list[dict[str, Any]]:
    style = f":root{{{theme.variables('light')}}}svg{{display:block;margin:20px}}{theme.chart_css()}"
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_content(f"<style>{style}</style>" + "".join(f.svg_wide + f.svg_narrow for f in drawn))
    found: list[dict[str, Any]] = page.evaluate(MEASURE)
    page.close()
    return found


@pytest.mark.parametrize(
    ("labels", "size"), [(SHORT, 4.2e6), (LONG, 9.87e11), (SHORT, 217.0)], ids=["usual", "stress", "small"]
)
def test_no_text_lies_on_another_or_leaves_its_drawing(browser: Any, labels: list[str], size: float) -> None:
    drawings = measured(browser, figures(labels, size))
    assert len(drawings) == 22
    wrong = []
    for drawing in drawings:
        texts = drawing["texts"]
        assert texts, drawing["name"]
        for i, one in enumerate(texts):
            inside = one["x"] >= -1 and one["right"] <= drawing["width"] + 1
            if not (inside and one["y"] >= -1 and one["low"] <= drawing["height"] + 1):
                wrong.append((drawing["name"], "outside", one["words"]))
            for other in texts[i + 1 :]:
                across = min(one["right"], other["right"]) - max(one["x"], other["x"])
                down = min(one["low"], other["low"]) - max(one["y"], other["y"])
                # A line box is higher than its letters; what overlaps by less than a third of it does not touch.
                if across > 1 and down > one["size"] / 3:
                    wrong.append((drawing["name"], one["words"], other["words"]))
        least = 13 if drawing["width"] > 500 else 11
        assert min(t["size"] for t in texts) >= least
    assert wrong == []
