"""Colour tokens, fonts and status marks: the one look that charts and pages share.

Light categorical colours are the palette of the UK Government Analysis Function (designed for WCAG 2.2, 1.4.11);
the dark ones are a palette of their own, because the light ones fail 3:1 on a dark ground. Good and bad are blue and
vermilion, which stay apart under the three colour-vision deficiencies; status is icon, word and colour together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

FONTS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'

LIGHT: Mapping[str, str] = MappingProxyType(
    {
        "bg": "#FFFFFF",
        "card": "#F3F5F7",
        "ink": "#1B2228",
        "muted": "#505A5F",
        "line": "#C4CBD1",
        "link": "#0B5CAD",
        "good": "#0B5CAD",
        "watch": "#8A5A00",
        "bad": "#B3261E",
        "none": "#505A5F",
        "ref": "#7A858E",
        "grid": "#DDE2E6",
        "band": "#E6EAED",
        "c1": "#12436D",
        "c2": "#28A197",
        "c3": "#801650",
        "c4": "#F46A25",
        "c1soft": "#A9BED0",
        "pos": "#0B5CAD",
        "neg": "#C2410C",
    }
)
DARK: Mapping[str, str] = MappingProxyType(
    {
        "bg": "#14181D",
        "card": "#1D232A",
        "ink": "#E8ECF0",
        "muted": "#B4BEC8",
        "line": "#3C464F",
        "link": "#6FB1FF",
        "good": "#6FB1FF",
        "watch": "#F2B84B",
        "bad": "#FF8A7A",
        "none": "#A9B4BE",
        "ref": "#8B97A2",
        "grid": "#2C343C",
        "band": "#2A323A",
        "c1": "#5AA0F2",
        "c2": "#3FB98A",
        "c3": "#F08CC0",
        "c4": "#FFD166",
        "c1soft": "#2F5E93",
        "pos": "#6FB1FF",
        "neg": "#FF9E6B",
    }
)
TOKENS: Mapping[str, Mapping[str, str]] = MappingProxyType({"light": LIGHT, "dark": DARK})

# What a pair must reach on the page's ground: text 4.5:1 (WCAG 1.4.3), marks that carry meaning 3:1 (1.4.11).
TEXT_TOKENS = ("ink", "muted", "link", "good", "watch", "bad", "none", "pos", "neg")
MARK_TOKENS = ("ref", "c1", "c2", "c3", "c4", "pos", "neg")
SERIES = ("c1", "c2", "c3", "c4")
# The tokens that charts draw with. Their light values differ from one another, so that a colour names its token.
CHART_TOKENS = ("bg", "ink", "muted", "line", "ref", "grid", "band", "c1", "c2", "c3", "c4", "c1soft", "pos", "neg")

# The steps of a heat map, from low to high: how much of c1 lies over the ground, and the token of the number on it.
# Shares of one token need no further tokens, and follow the theme; ink and ground reach 4.5:1 on them in both themes.
HEAT = ((0.10, "ink"), (0.26, "ink"), (0.42, "ink"), (0.58, "ink"), (0.85, "bg"))


@dataclass(frozen=True)
class Mark:
    """How a status shows itself: an icon whose shape differs, a word, and the token of its colour."""

    icon: str
    word: str
    token: str


STATUS: Mapping[str, Mark] = MappingProxyType(
    {
        "on_track": Mark("●", "On track", "good"),
        "watch": Mark("▲", "Watch", "watch"),
        "off_track": Mark("■", "Off track", "bad"),
        "no_target": Mark("○", "No target", "none"),
        "too_little_data": Mark("○", "Too little data", "none"),
        "stale": Mark("○", "Stale", "none"),
    }
)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio (1 to 21) of two ``#RRGGBB`` colours, by the WCAG 2.2 formula.

    >>> round(contrast("#000000", "#FFFFFF"), 2)
    21.0
    """
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def variables(theme: str) -> str:
    """Return the tokens of ``theme`` ("light" or "dark") as CSS custom properties, ready for a rule's body."""
    return ";".join(f"--{name}:{colour}" for name, colour in TOKENS[theme].items())


def chart_css() -> str:
    """Return the rules that let a page's theme reach into the charts.

    Every coloured mark of a chart has a literal colour (for engines without style sheets) and a class
    ``f-<token>`` or ``s-<token>`` (fill, stroke); in a browser the class wins over the attribute.
    """
    fills = "".join(f".f-{t}{{fill:var(--{t})}}" for t in CHART_TOKENS)
    return fills + "".join(f".s-{t}{{stroke:var(--{t})}}" for t in CHART_TOKENS)
