"""CPU time and size of every chart at both widths, beside the same bars in plain seaborn.

The rival is what a notebook would hold: ``seaborn.barplot`` with ``tight_layout``, saved as SVG at 720 and 340 pixels,
without alternative text, themes, unique ids or cut labels. The aim is under 60 ms of CPU for both widths of a chart.

    python benchmarks/charts.py
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable

import pandas as pd
import seaborn as sns
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas

from bizops import charts

REPEATS = 9
TARGET = 60
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
    }


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
    print(f"{'both widths of a chart':<34}{'CPU ms':>8}{'kB 720':>9}{'kB 340':>9}  target {TARGET} ms")
    for name, draw in ours().items():
        figure, taken = draw(), cpu_ms(draw)
        missed += taken >= TARGET
        verdict = "met" if taken < TARGET else "MISSED"
        print(line(name, taken, (figure.svg_wide, figure.svg_narrow)), verdict, sep="  ")
    print(line("seaborn.barplot, tight_layout, 9", cpu_ms(rival), rival()))
    print(f"process CPU, least of {REPEATS} warm calls, Python {sys.version.split()[0]}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
