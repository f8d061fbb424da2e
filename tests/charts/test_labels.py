"""Labels that are cut: what a reader must still be able to tell apart."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from bizops import charts
from bizops.charts.labels import ELLIPSIS, fit_apart, width_of, wrap, wrap_apart

FORMULAS = [f'=HYPERLINK("http://evil.example/a/very/long/path","click {word}")' for word in ("here", "there")]


@pytest.mark.parametrize("room", [90.0, 140.0, 200.0])
def test_labels_that_would_read_the_same_keep_their_ends(room: float) -> None:
    assert wrap(FORMULAS[0], room, 12) == wrap(FORMULAS[1], room, 12), "the cut at the end hides the difference"
    shown = wrap_apart(FORMULAS, room, 12)
    assert shown[0] != shown[1]
    for label, lines in zip(FORMULAS, shown, strict=True):
        assert label.startswith(lines[0].split(ELLIPSIS)[0])
        assert label.endswith(lines[-1].split(ELLIPSIS)[1])
        assert max(width_of(line, 12) for line in lines) <= room


def test_labels_that_differ_are_cut_as_ever() -> None:
    labels = ["Northern Europe and everything around it", "Southern Europe and everything around it", "Asia"]
    assert wrap_apart(labels, 90, 12) == [wrap(label, 90, 12) for label in labels]
    assert fit_apart(["Asia", "Asia"], 90, 12) == ["Asia", "Asia"]


def test_one_line_labels_are_told_apart_too() -> None:
    assert len(set(fit_apart(["a" * 60 + "one", "a" * 60 + "two"], 90, 12))) == 2


def test_two_bars_of_a_chart_read_differently() -> None:
    frame = pd.DataFrame({"label": FORMULAS, "value": [2.0, 1.0]})
    figure = charts.sorted_bars(frame, id="x", title="t", subtitle="s", unit="count")
    for svg in (figure.svg_wide, figure.svg_narrow):
        words = [w for w in re.findall(r"<text[^>]*>([^<]+)</text>", svg) if ELLIPSIS in w]
        assert len(words) == len(set(words)) == 2
