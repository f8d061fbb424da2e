"""CPU time and size of every chart at both widths, beside the same bars in plain seaborn.

The rival is what a notebook would hold: ``seaborn.barplot`` with ``tight_layout``, saved as SVG at 720 and 340 pixels,
without alternative text, themes, unique ids or cut labels. The aim is under 60 ms of CPU for both widths of a chart,
under 150 for small multiples and heat maps.

    python benchmarks/charts.py
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas

from bizops import charts

REPEATS = 9
TARGET = 60
TARGET_MANY = 150
LABELS = ["DACH", "Nordics", "UK & Ireland", "France", "Iberia", "Italy", "Benelux", "East", "Overseas"]
GAPS = [-412.0, -120.0, 60.0, -300.0, 12.0, 90.0, -45.0, 22.0, -5.0]
PERIODS = [f"Q{q} FY{y}" for y in (23, 24, 25, 26) for q in (1, 2, 3, 4)][:13]
TREND = [52.0, 48, 55, 50, 47, 53, 49, 51, 54, 50, 64, 38, 31]
ABOUT = {"title": "DACH lost most", "subtitle": "Bookings less plan, EUR k, Q3 FY26", "table": "gap"}


def ours() -> dict[str, Callable[[], charts.Figure]]:
    steps = pd.DataFrame({"label": LABELS, "amount": GAPS})
    bars = steps.rename(columns={"amount": "value"})
    end = 5000.0 + sum(GAPS)
    against = pd.DataFrame({"label": LABELS, "actual": [900.0 + g for g in GAPS], "plan": [900.0] * len(GAPS)})
    rates = pd.DataFrame({"label": LABELS, "value": 0.3, "lower": 0.2, "upper": 0.4, "n": range(4, 13)})
    parts = pd.DataFrame(
        [(x, s, 5.0 + i) for i, x in enumerate(LABELS) for s in "abc"], columns=["label", "series", "value"]
    )
    trend = pd.DataFrame({"period": PERIODS, "value": TREND})
    ends = bars.assign(start=lambda d: 900.0 + d.value, end=900.0)
    passed = pd.DataFrame({"label": LABELS, "n": [5000 - 500 * i for i in range(len(LABELS))], "reference": 0.9})
    return {
        "variance bridge, 9 steps": lambda: charts.variance_bridge(
            steps, id="a", start=("Plan", 5000.0), end=("Actual", end), **ABOUT
        ),
        "waterfall, 9 steps": lambda: charts.waterfall(
            steps, id="b", start=("Plan", 5000.0), end=("Actual", end), **ABOUT
        ),
        "sorted bars, 9": lambda: charts.sorted_bars(bars, id="c", signed=True, better="up", **ABOUT),
        "bullet, 9": lambda: charts.bullet(against, id="d", **ABOUT),
        "dot-whisker, 9": lambda: charts.dot_whisker(rates, id="e", reference=0.25, **ABOUT),
        "stacked bars, 9 × 3": lambda: charts.stacked(parts, id="f", **ABOUT),
        "grouped bars, 9 × 3": lambda: charts.grouped(parts, id="g", **ABOUT),
        "line with XmR band, 13": lambda: charts.line_xmr(
            trend, id="h", unit="count", better="up", limits=(39.67, 50.9, 62.13), in_flight="day 41 of 92", **ABOUT
        ),
        "6-12 pair, 6 + 12": lambda: charts.six_twelve(
            pair(), id="i", unit="count", better="up", comparisons=[("WoW", -0.03), ("YoY", 0.1)], **ABOUT
        ),
        "dumbbell, 9": lambda: charts.dumbbell(ends, id="j", better="up", **ABOUT),
        "funnel, 9 stages": lambda: charts.funnel(passed, id="k", **ABOUT),
        "small multiples, 16 × 13": lambda: charts.small_multiples(many(), id="l", unit="count", better="up", **ABOUT),
        "cohort heat map, 12 × 12": lambda: charts.cohort_heatmap(cohorts(), id="m", **ABOUT),
        "transition heat map, 8 × 8": lambda: charts.transition_heatmap(moves(), id="n", **ABOUT),
    } | estimates()


def estimates() -> dict[str, Callable[[], charts.Figure]]:
    """Spreads, relations, survival and forecast, on records drawn once."""
    draws = np.random.default_rng(7)
    spread = pd.DataFrame({"label": [LABELS[i % 9] for i in range(450)], "value": draws.lognormal(4, 0.6, 450)})
    few = pd.DataFrame({"label": [LABELS[i % 5] for i in range(60)], "value": draws.lognormal(4, 0.6, 60)})
    cloud = pd.DataFrame({"x": draws.normal(50, 15, 2000), "label": "Account"}).assign(
        y=lambda d: 10 + d["x"] + draws.normal(0, 9, 2000)
    )
    line = pd.DataFrame({"x": [0.0, 100.0], "y": [10.0, 110.0], "lower": [8.0, 107.0], "upper": [12.0, 113.0]})
    axes = {"x_label": "Days", "y_label": "Amount", "x_unit": "days", "y_unit": "count"}
    return {
        "distribution, 9 boxes": lambda: charts.distribution(spread, id="o", unit="days", **ABOUT),
        "distribution, 60 dots": lambda: charts.distribution(few, id="p", unit="days", **ABOUT),
        "histogram, 450": lambda: charts.distribution(spread.assign(label="All"), id="q", unit="days", **ABOUT),
        "scatter with fit, 150": lambda: charts.scatter(cloud.head(150), line, id="r", rho=0.8, **axes, **ABOUT),
        "scatter with fit, 2,000": lambda: charts.scatter(cloud, line, id="s", rho=0.8, **axes, **ABOUT),
        "survival, 3 curves of 36": lambda: charts.survival(lives(), id="t", time_label="Months", **ABOUT),
        "fan, 12 + 4": lambda: charts.fan(*outlook(), id="u", unit="count", as_of=date(2026, 9, 30), **ABOUT),
    }


def lives() -> pd.DataFrame:
    """Three groups that lose a part of their customers in each of 36 months."""
    rows = [
        (name, m, kept**m, kept**m * 0.95, min(kept**m * 1.04, 1.0), 400 - 10 * m, 2)
        for name, kept in (("SMB", 0.97), ("Mid-market", 0.985), ("Enterprise", 0.995))
        for m in range(1, 37)
    ]
    return pd.DataFrame(rows, columns=["group", "time", "survival", "lower", "upper", "at_risk", "censored"])


def outlook() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Four quarters ahead with plan, and twelve behind."""
    ahead = pd.DataFrame({"period": ["Q1 FY27", "Q2 FY27", "Q3 FY27", "Q4 FY27"], "median": 50.0, "plan": 55.0})
    for level, half in ((50, 4.0), (80, 8.0), (95, 12.0)):
        ahead = ahead.assign(**{f"lower{level}": 50 - half, f"upper{level}": 50 + half})
    return ahead, pd.DataFrame({"period": PERIODS[:12], "value": TREND[:12]})


def pair() -> pd.DataFrame:
    """Six weeks and twelve months with the year before and plan."""
    rows = [("week", f"W{30 + i}", TREND[i]) for i in range(6)] + [("month", f"M{i}", TREND[i]) for i in range(12)]
    frame = pd.DataFrame(rows, columns=["grain", "period", "value"])
    return frame.assign(prior=frame["value"] - 4, plan=50.0)


def many() -> pd.DataFrame:
    """Sixteen units of thirteen periods with their plan."""
    rows = [(f"Region {k}", p, v + k) for k in range(16) for p, v in zip(PERIODS, TREND, strict=True)]
    return pd.DataFrame(rows, columns=["label", "period", "value"]).assign(plan=52.0)


def cohorts() -> pd.DataFrame:
    """Twelve cohorts, the oldest with twelve ages: the triangle has 78 cells."""
    rows = [(f"2025-{c + 1:02}", a, 0.9**a, 200) for c in range(12) for a in range(12 - c)]
    return pd.DataFrame(rows, columns=["label", "age", "value", "n"])


def moves() -> pd.DataFrame:
    """All moves between eight stages."""
    rows = [(f"Stage {a}", f"Stage {b}", 10 + a * b) for a in range(8) for b in range(8)]
    return pd.DataFrame(rows, columns=["source", "target", "n"])


def rival() -> tuple[str, str]:
    """The same bars by ``seaborn.barplot`` and ``tight_layout``, once a width."""
    drawings = []
    for width in (720, 340):
        canvas = Canvas(figsize=(width / 72, 4.2))
        FigureCanvasSVG(canvas)
        axes = canvas.subplots()
        sns.barplot(x=GAPS, y=LABELS, errorbar=None, ax=axes)
        axes.set_title("DACH lost most")
        canvas.tight_layout()
        buffer = io.StringIO()
        canvas.savefig(buffer, format="svg")
        drawings.append(buffer.getvalue())
    return drawings[0], drawings[1]


def cpu_ms(draw: Callable[[], object]) -> float:
    """Least CPU milliseconds of ``REPEATS`` warm calls: what others do on the machine only adds."""
    draw()
    taken = []
    for _ in range(REPEATS):
        start = time.process_time()
        draw()
        taken.append(1000 * (time.process_time() - start))
    return min(taken)


def line(name: str, taken: float, drawings: tuple[str, str]) -> str:
    sizes = [len(d.encode()) / 1000 for d in drawings]
    return f"{name:<34}{taken:>8.0f}{sizes[0]:>9.1f}{sizes[1]:>9.1f}"


def main() -> int:
    missed = 0
    aim = f"target {TARGET} ms, of many parts {TARGET_MANY} ms"
    print(f"{'both widths of a chart':<34}{'CPU ms':>8}{'kB 720':>9}{'kB 340':>9}  {aim}")
    for name, draw in ours().items():
        figure, taken = draw(), cpu_ms(draw)
        target = TARGET_MANY if "multiples" in name or "heat map" in name else TARGET
        missed += taken >= target
        verdict = "met" if taken < target else "MISSED"
        print(line(name, taken, (figure.svg_wide, figure.svg_narrow)), verdict, sep="  ")
    print(line("seaborn.barplot, tight_layout, 9", cpu_ms(rival), rival()))
    print(f"process CPU, least of {REPEATS} warm calls, Python {sys.version.split()[0]}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
