"""The tokens against WCAG 2.2, computed here from the recommendation's own wording."""

from __future__ import annotations

import re

import pytest

from bizops import theme


def wcag(one: str, other: str) -> float:
    """Contrast ratio by the definitions of "relative luminance" and "contrast ratio" in WCAG 2.2."""

    def luminance(colour: str) -> float:
        total = 0.0
        for share, at in ((0.2126, 1), (0.7152, 3), (0.0722, 5)):
            part = int(colour[at : at + 2], 16) / 255
            total += share * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
        return total

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_a13_text_reaches_4_5_and_marks_3_on_the_ground(name: str) -> None:
    tokens = theme.TOKENS[name]
    for token in theme.TEXT_TOKENS:
        assert wcag(tokens[token], tokens["bg"]) >= 4.5, token
    for token in theme.MARK_TOKENS:
        assert wcag(tokens[token], tokens["bg"]) >= 3.0, token


@pytest.mark.parametrize("name", ["light", "dark"])
def test_what_is_written_on_cards_reaches_4_5(name: str) -> None:
    tokens = theme.TOKENS[name]
    for token in ("ink", "muted", "link", "good", "watch", "bad", "none"):
        assert wcag(tokens[token], tokens["card"]) >= 4.5, token


@pytest.mark.parametrize(
    ("token", "name", "published"),
    [("ink", "light", 16.1), ("muted", "light", 7.07), ("c1", "light", 10.25), ("c2", "light", 3.17),
    ("c4", "light", 3.03),
     ("c1", "dark", 6.57), ("neg", "dark", 8.79), ("link", "dark", 7.99), ("ref", "light", 3.77)],
)  # fmt: skip
def test_contrast_matches_the_measured_values(token: str, name: str, published: float) -> None:
    tokens = theme.TOKENS[name]
    assert theme.contrast(tokens[token], tokens["bg"]) == pytest.approx(published, abs=0.06)
    assert theme.contrast(tokens[token], tokens["bg"]) == pytest.approx(wcag(tokens[token], tokens["bg"]), abs=1e-12)


def test_black_on_white_is_21_in_either_order() -> None:
    assert theme.contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert theme.contrast("#FFFFFF", "#000000") == pytest.approx(21.0)


def test_both_themes_have_the_same_tokens_and_chart_colours_name_their_token() -> None:
    assert set(theme.LIGHT) == set(theme.DARK)
    used = [theme.LIGHT[t].lower() for t in theme.CHART_TOKENS]
    assert len(set(used)) == len(used)


def test_status_marks_differ_without_colour() -> None:
    judged = [theme.STATUS[s] for s in ("on_track", "watch", "off_track", "no_target")]
    assert len({m.icon for m in judged}) == 4
    assert len({m.word for m in theme.STATUS.values()}) == len(theme.STATUS)


def test_css_defines_every_variable_that_charts_refer_to() -> None:
    defined = set(re.findall(r"--(\w+):", theme.variables("light")))
    assert set(re.findall(r"var\(--(\w+)\)", theme.chart_css())) <= defined
    assert set(re.findall(r"--(\w+):", theme.variables("dark"))) == defined
