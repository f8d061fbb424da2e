"""One call of every chart, and a reader of its drawings."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

from bizops import charts
from bizops.charts import Figure


def named(labels: list[str], **more: Any) -> dict[str, Figure]:
    """Every chart with these row labels, by its name."""
    n = len(labels)
    about: dict[str, Any] = {"title": "Title", "subtitle": "Bookings, EUR, Q3 FY26", "table": "data", **more}
    values = [(-1.0) ** i * (n - i) * 1000 for i in range(n)]
    steps = pd.DataFrame({"label": labels, "amount": values})
    start, end = ("Plan", 1_000.0), ("Actual", 1_000.0 + sum(values))
    large = ("Plan", 1e6), ("Actual", 1e6 + sum(values))
    rates = [(i + 1) / (n + 2) for i in range(n)]
    estimates = pd.DataFrame(
        {"label": labels, "value": rates, "lower": [r * 0.8 for r in rates], "upper": [r * 1.1 for r in rates],
         "n": [(3, 8, 40, 4000)[i % 4] for i in range(n)]}
    )  # fmt: skip
    actuals = [abs(v) for v in values]
    against = pd.DataFrame({"label": labels, "actual": actuals, "plan": [None, *(v + 500 for v in actuals[1:])]})
    against["prior"] = [v * 0.9 for v in actuals]
    pairs = [(label, series, float(i + k + 1)) for i, label in enumerate(labels) for k, series in enumerate("ab")]
    parts = pd.DataFrame(pairs, columns=["label", "series", "value"])
    periods = pd.DataFrame({"period": labels, "value": actuals})
    drawn = {
        "variance_bridge": charts.variance_bridge(
            steps, id="variance", start=large[0], end=large[1], currency="EUR", **about
        ),
        "waterfall": charts.waterfall(steps, id="waterfall", start=start, end=end, currency="EUR", **about),
        "sorted_bars": charts.sorted_bars(
            steps.rename(columns={"amount": "value"}), id="sorted", signed=True, better="up", currency="EUR", **about
        ),
        "bullet": charts.bullet(against, id="bullet", currency="EUR", **about),
        "dot_whisker": charts.dot_whisker(estimates, id="dots", reference=0.25, reference_label="plan", **about),
        "stacked": charts.stacked(parts, id="stacked", currency="EUR", **about),
        "grouped": charts.grouped(parts, id="grouped", currency="EUR", **about),
    }
    if n > 1:
        limits = (min(actuals) + 1, sum(actuals) / n, max(actuals) - 1)
        drawn["line_xmr"] = charts.line_xmr(
            periods,
            id="line",
            unit="money",
            currency="EUR",
            better="up",
            limits=limits,
            in_flight="day 41 of 92",
            **about,
        )
    return drawn | compared(labels, actuals, about) | estimated(labels, actuals, about)


def compared(labels: list[str], values: list[float], about: dict[str, Any]) -> dict[str, Figure]:
    """The charts that set values beside one another, with these labels; of stages only as many as they take."""
    n = len(labels)
    rows = [(grain, label, v) for grain in ("week", "month") for label, v in zip(labels, values, strict=True)]
    recent = pd.DataFrame(rows, columns=["grain", "period", "value"])
    recent = recent.assign(prior=recent["value"] * 0.9, plan=recent["value"] + 500)
    rows = [(label, f"Q{k + 1}", v * (1 + k / 9)) for label, v in zip(labels, values, strict=True) for k in range(4)]
    trends = pd.DataFrame(rows, columns=["label", "period", "value"]).assign(plan=5000.0)
    ages = [(label, k, 0.9**k, (3, 8, 40, 4000)[i % 4]) for i, label in enumerate(labels) for k in range(6 - i % 6)]
    cohorts = pd.DataFrame(ages, columns=["label", "age", "value", "n"])
    ends = pd.DataFrame({"label": labels, "start": values, "end": [v * (0.8 + 0.1 * i) for i, v in enumerate(values)]})
    told = [(label, 0.1 * (-1) ** i) for i, label in enumerate(labels)]
    drawn = {
        "six_twelve": charts.six_twelve(recent, id="pair", unit="money", better="up", comparisons=told, **about),
        "small_multiples": charts.small_multiples(trends, id="many", unit="money", currency="EUR", **about),
        "cohort_heatmap": charts.cohort_heatmap(cohorts, id="cohorts", **about),
        "dumbbell": charts.dumbbell(ends, id="ends", currency="EUR", better="up", **about),
    }
    if n <= 8:
        moves = [(a, b, 7.0 * i + k) for i, a in enumerate(labels) for k, b in enumerate(labels)]
        frame = pd.DataFrame(moves, columns=["source", "target", "n"])
        drawn["transition_heatmap"] = charts.transition_heatmap(frame, id="moves", **about)
    if n <= 12:
        passed = pd.DataFrame({"label": labels, "n": [1000 * (n - i) for i in range(n)], "reference": 0.5})
        drawn["funnel"] = charts.funnel(passed, id="funnel", **about)
    return drawn


def estimated(labels: list[str], values: list[float], about: dict[str, Any]) -> dict[str, Figure]:
    """The charts of records and estimates: the labels are groups, outliers (five at most), curves (four) or periods."""
    spread = [(label, values[0] * (1 + k / 40)) for i, label in enumerate(labels) for k in range(9 + 15 * i)]
    crowd = [(float(k), float(k % 5), "") for k in range(40)]
    far = [(5.0 + 9 * i, (-1) ** i * (400.0 + 60 * i), label) for i, label in enumerate(labels[-5:])]
    shares = [1 - (k + 1) / 12 for k in range(6)]
    curves = [
        (label, 3.0 * (k + 1), s**i, s**i * 0.9, min(s**i * 1.1, 1.0), 60 - 10 * k, 5)
        for i, label in enumerate(labels[-4:], 1)
        for k, s in enumerate(shares)
    ]
    names = ["group", "time", "survival", "lower", "upper", "at_risk", "censored"]
    half = max(len(labels) // 2, 1)
    ahead = pd.DataFrame({"period": labels[-half:], "median": values[-half:]}).assign(plan=1500.0)
    for level in (50, 80, 95):
        ahead = ahead.assign(**{f"lower{level}": ahead["median"] - 10 * level, f"upper{level}": ahead["median"] * 2})
    ahead = ahead.assign(upper80=ahead["upper50"] + 500, upper95=ahead["upper50"] + 900)
    past = pd.DataFrame({"period": labels[:-half], "value": values[:-half]})
    band = pd.DataFrame({"x": [0.0, 60.0], "y": [1.0, 2.0], "lower": [0.0, 0.5], "upper": [3.0, 4.0]})
    scales = {"x_label": labels[0], "y_label": labels[-1], "x_unit": "days", "y_unit": "money", "currency": "EUR"}
    known = dt.date(2026, 10, 4)
    return {
        "distribution": charts.distribution(
            pd.DataFrame(spread, columns=["label", "value"]), id="spread", unit="money", currency="EUR", **about
        ),
        "scatter": charts.scatter(
            pd.DataFrame(crowd + far, columns=["x", "y", "label"]), band, id="cloud", rho=0.1, **scales, **about
        ),
        "survival": charts.survival(
            pd.DataFrame(curves, columns=names), id="curves", time_label=f"Months since {labels[0]}", **about
        ),
        "fan": charts.fan(ahead, past, id="fan", unit="money", currency="EUR", as_of=known, **about),
    }


@dataclass
class Drawing:
    """One parsed ``<svg>``."""

    root: ElementTree.Element

    @classmethod
    def of(cls, svg: str) -> Drawing:
        """Parse the drawing; a label that breaks the XML fails here."""
        return cls(ElementTree.fromstring(svg))

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in CSS pixels."""
        return tuple(map(float, self.root.attrib["viewBox"].split()[2:]))  # type: ignore[return-value]

    @property
    def words(self) -> list[str]:
        """The texts in the order of drawing, no-break spaces as spaces."""
        return [(t.text or "").replace("\u00a0", " ") for t in self.root.iter("text")]

    def text(self, words: str) -> ElementTree.Element:
        """The first text with these words."""
        return next(t for t in self.root.iter("text") if (t.text or "").replace("\u00a0", " ") == words)

    def boxes(self, *tokens: str) -> list[tuple[float, float, float, float]]:
        """Left, top, right, bottom of the rectangles filled with one of the tokens, in the order of drawing."""
        found = []
        for path in self.root.iter("path"):
            if set(path.get("class", "").split()) & {f"f-{t}" for t in tokens}:
                for part in path.attrib["d"].split("M")[1:]:
                    points = [tuple(map(float, p.split())) for p in part.strip("z").split("L")]
                    xs, ys = [p[0] for p in points], [p[1] for p in points]
                    found.append((min(xs), min(ys), max(xs), max(ys)))
        return found


def both(figure: Figure) -> list[Drawing]:
    """The wide and the narrow drawing."""
    return [Drawing.of(figure.svg_wide), Drawing.of(figure.svg_narrow)]


@pytest.fixture
def kit() -> SimpleNamespace:
    """What the tests of charts share: ``named(labels)``, ``both(figure)``, ``Drawing``."""
    return SimpleNamespace(named=named, both=both, Drawing=Drawing)
