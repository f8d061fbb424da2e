"""Spreads, relations, survival, forecasts and marks of events in a real Chromium: no text on another, none cut off."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bizops import charts, theme
from bizops.annotations import Annotation
from bizops.charts import Figure

LONG = ["株式会社サンプル・ホールディングス 東京本社", "مبيعات الشرق الأوسط", "$x^2$ < a & b " * 9, "W" * 200]
SHORT = ["DACH", "Nordics", "UK & Ireland", "France"]
ABOUT: dict[str, Any] = {"title": "Title 1", "subtitle": "Measure, Q3 FY26", "table": "data"}


def figures(labels: list[str], size: float) -> list[Figure]:
    """Every chart with these labels and values of this size."""
    draws = np.random.default_rng(2)
    spread = pd.DataFrame({"label": labels * 30, "value": size * draws.lognormal(0, 0.8, 120)})
    few = spread.head(40).assign(value=lambda d: d["value"].round(-len(str(int(size))) + 1))
    cloud = pd.DataFrame({"x": draws.normal(50, 9, 90), "y": size * draws.normal(3, 0.2, 90), "label": "usual"})
    cloud.loc[:5, ["x", "label"]] = [(98.0 + k % 3, labels[k % 4]) for k in range(6)]
    cloud.loc[:5, "y"] = size * np.array([9.0, 9.1, 8.9, -3.0, -3.1, 9.0])
    line = pd.DataFrame({"x": [20.0, 100.0], "y": [3 * size] * 2, "lower": [2.8 * size] * 2, "upper": [3.2 * size] * 2})
    axes = {"x_label": labels[3], "y_label": labels[2], "x_unit": "days", "y_unit": "money", "currency": "EUR"}
    times = range(1, 37)
    rows = [(x, t, 1 - t / (60 + k), int(size) % 99999 + 90 - t, 1) for k, x in enumerate(labels) for t in times]
    lives = pd.DataFrame(rows, columns=["group", "time", "survival", "at_risk", "censored"])
    lives = lives.assign(lower=lives["survival"] * 0.9, upper=lives["survival"] + (1 - lives["survival"]) / 9)
    starts = [date(2024 + q // 4, 3 * (q % 4) + 1, 1) for q in range(16)]
    names = [*(f"Q{q % 4 + 1} FY{24 + q // 4}" for q in range(14)), labels[0], labels[3]]
    quarters = pd.DataFrame({"period": names, "start": starts, "value": size * (1 + np.arange(16) % 5 / 3)})
    ahead = quarters.tail(5).rename(columns={"value": "median"}).assign(plan=size * 1.4)
    for level, half in ((50, 0.1), (80, 0.3), (95, 0.5)):
        ahead = ahead.assign(**{f"lower{level}": ahead["median"] - half * size})
        ahead = ahead.assign(**{f"upper{level}": ahead["median"] + half * size})
    events = [Annotation(d, labels[k % 4]) for k, d in enumerate([starts[0]] * 3 + starts[4:12] + [starts[11]] * 4)]
    told: dict[str, Any] = {"unit": "money", "currency": "EUR", "in_flight": "day 41 of 92", "annotations": events}
    limits = (0.9 * size, 1.5 * size, 2.2 * size)
    return [
        charts.distribution(spread, id="boxes", unit="money", currency="EUR", **ABOUT),
        charts.distribution(few, id="dots", unit="days", **ABOUT),
        charts.distribution(spread.assign(label=labels[2]), id="bins", unit="money", currency="EUR", **ABOUT),
        charts.scatter(cloud, line, id="cloud", rho=-0.123, **axes, **ABOUT),
        charts.survival(lives, id="lives", time_label=labels[2], **ABOUT),
        charts.survival(lives.assign(survival=1.0, upper=1.0), id="flat", time_label="Months", **ABOUT),
        charts.fan(ahead, quarters.head(12), id="fan", as_of=date(2026, 11, 10), **told, **ABOUT),
        charts.line_xmr(quarters, id="line", better="up", limits=limits, **told, **ABOUT),
    ]


MEASURE = """() => [...document.querySelectorAll('svg')].map(svg => {
  const frame = svg.getBoundingClientRect();
  return {name: svg.querySelector('title').id, width: frame.width, height: frame.height,
    texts: [...svg.querySelectorAll('text')].map(t => {
      const r = t.getBoundingClientRect();
      return {words: t.textContent, x: r.left - frame.left, y: r.top - frame.top, right: r.right - frame.left,
              low: r.bottom - frame.top, size: parseFloat(getComputedStyle(t).fontSize)};
    })};
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
    assert len(drawings) == 16
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
        assert min(t["size"] for t in texts) >= (13 if drawing["width"] > 500 else 11)
    assert wrong == []
