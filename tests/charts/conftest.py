"""One call of every chart, and a reader of its drawings."""

from __future__ import annotations

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
    return drawn


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
                points = [tuple(map(float, p.split())) for p in path.attrib["d"].strip("Mz").split("L")]
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
