"""The house style: one drawing surface with fixed margins, the tokens of the theme, and text that is placed.

Everything that would draw a figure twice is left out: no tight or constrained layout, no tight boxes, no ticks (their
labels are text like all other text), no automatic titles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle
from matplotlib.text import Text
from matplotlib.ticker import NullLocator

from bizops.charts import svg
from bizops.charts.figure import Figure
from bizops.charts.labels import clean, fit, width_of
from bizops.theme import LIGHT

RC: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "bizops",
    "text.parse_math": False,
    "text.usetex": False,
    "axes.titley": 1.0,
    "axes.unicode_minus": False,
    "figure.dpi": 72,
    "savefig.dpi": 108,  # of rasterised marks alone (1.5 to a CSS pixel): vectors are in points, here pixels
    "savefig.bbox": None,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.facecolor": "none",
    "font.family": "DejaVu Sans",
    "path.simplify": True,
}
# Fractions of the font size from the baseline to the middle of capitals and digits.
MIDDLE = 0.35


@dataclass(frozen=True)
class Width:
    """One of the two widths a chart is drawn for, in CSS pixels, with its font size and the room for row labels."""

    name: str
    px: int
    font: float
    label_room: float
    row: float


WIDE = Width("wide", 720, 13.0, 200.0, 30.0)
NARROW = Width("narrow", 340, 11.0, 108.0, 30.0)


@contextmanager
def house_style() -> Iterator[None]:
    """Draw within the house style; the reader's own matplotlib settings are untouched afterwards."""
    with mpl.rc_context(RC):  # type: ignore[arg-type]  # the stubs name every key, a plain dict has none
        yield


class Sketch:
    """A surface of ``width`` × ``height`` pixels with one plot area, axis and ticks off.

    ``ax`` takes marks in data coordinates, ``text`` takes words in pixels from the upper left corner; ``x`` and ``y``
    lead from data to pixels. ``margins`` are left, top, right, bottom in pixels.
    """

    def __init__(self, width: Width, height: float, margins: tuple[float, float, float, float]) -> None:
        left, top, right, bottom = margins
        self.width, self.height = width, round(height)
        self.font = width.font
        self.canvas = Canvas(figsize=(width.px / 72, self.height / 72))
        FigureCanvasSVG(self.canvas)
        self.canvas.patch.set_visible(False)
        self.box = (left, top, width.px - left - right, self.height - top - bottom)
        rect = (left / width.px, bottom / self.height, self.box[2] / width.px, self.box[3] / self.height)
        self.ax = self.canvas.add_axes(rect)
        self.ax.set_axis_off()
        # Seaborn would build every tick to decide whether unnamed axes need names; a name and no locator spare both.
        self.ax.set(xlabel=" ", ylabel=" ")
        for axis in (self.ax.xaxis, self.ax.yaxis):
            axis.set_major_locator(NullLocator())
        self.texts: list[str] = []

    def limits(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        """Set the data coordinates of the plot area: (left, right), (bottom, top)."""
        self.ax.set_xlim(*x)
        self.ax.set_ylim(*y)
        self._x, self._y = x, y

    def x(self, value: float) -> float:
        """Return the pixel position, from the left, of a data coordinate."""
        low, high = self._x
        return self.box[0] + (value - low) / (high - low) * self.box[2]

    def y(self, value: float) -> float:
        """Return the pixel position, from the top, of a data coordinate."""
        low, high = self._y
        return self.box[1] + self.box[3] - (value - low) / (high - low) * self.box[3]

    def text(
        self, x: float, y: float, words: object, *,
        token: str = "ink", align: str = "left", bold: bool = False, size: float | None = None, room: float = 0,
    ) -> None:  # fmt: skip
        """Write ``words`` with the middle of its capitals at pixel (x, y); cut it to ``room`` pixels if given."""
        size = size or self.font
        shown = clean(words)
        self.texts.append(fit(shown, room, size) if room else shown)
        self.canvas.add_artist(
            _Placed(
                x, self.height - y - MIDDLE * size, svg.placeholder(len(self.texts) - 1), transform=None,
                ha=align, fontsize=size, color=LIGHT[token], fontweight="bold" if bold else "normal",
            )
        )  # fmt: skip

    def lines(
        self, segments: Sequence[Sequence[tuple[float, float]]], token: str, *, wide: float = 1.0, dash: bool = False,
        under: bool = False,
    ) -> None:  # fmt: skip
        """Draw segments in data coordinates as one mark; ``under`` the fills (a grid behind opaque bars)."""
        if segments:
            style = (0, (4, 3)) if dash else "solid"
            self.ax.add_collection(
                LineCollection(
                    segments, colors=LIGHT[token], linewidths=wide, linestyles=[style], clip_on=False, capstyle="butt",
                    zorder=0.5 if under else 2,
                ),
                autolim=False,
            )  # fmt: skip

    def bar(
        self, x: tuple[float, float], y: tuple[float, float], token: str = "", *, outline: str = "", wide: float = 1.5
    ) -> None:
        """Draw a rectangle in data coordinates, filled with ``token``, outlined with ``outline``."""
        self.ax.add_artist(
            Rectangle(
                (x[0], y[0]), x[1] - x[0], y[1] - y[0], clip_on=False, linewidth=wide if outline else 0,
                facecolor=LIGHT[token] if token else "none", edgecolor=LIGHT[outline] if outline else "none",
            )
        )  # fmt: skip

    def area(
        self, x: Sequence[float], lower: Sequence[float], upper: Sequence[float], token: str, *, opacity: float = 1.0
    ) -> None:
        """Fill between two lines in data coordinates as one mark."""
        outline = [*zip(x, upper, strict=True), *reversed(list(zip(x, lower, strict=True)))]
        self.ax.add_artist(
            Polygon(
                outline, closed=True, clip_on=False, linewidth=0, facecolor=LIGHT[token],
                alpha=opacity if opacity < 1 else None,
            )
        )  # fmt: skip

    def dots(
        self, points: Sequence[tuple[float, float]], token: str, *, radius: float = 4.0, hollow: bool = False
    ) -> None:
        """Draw round marks at data coordinates as one mark, radius in pixels; hollow ones show the ground within."""
        if points:
            self._round([(self.x(x), self.height - self.y(y)) for x, y in points], token, radius, hollow)

    def cloud(self, points: Sequence[tuple[float, float]], token: str, *, radius: float = 2.0) -> None:
        """Draw very many round marks as one picture within the drawing; its colour does not follow the theme."""
        self.ax.add_artist(
            Line2D(
                [x for x, _ in points], [y for _, y in points], linestyle="none", marker="o", markersize=2 * radius,
                markeredgewidth=0, markerfacecolor=LIGHT[token], clip_on=False, rasterized=True,
            )
        )  # fmt: skip

    def discs(self, places: Sequence[tuple[float, float]], token: str, radius: float) -> None:
        """Draw filled round marks at pixels, as one mark."""
        self._round([(x, self.height - y) for x, y in places], token, radius, False)

    def strokes(self, lines: Sequence[Sequence[tuple[float, float]]], token: str, *, wide: float = 1.0) -> None:
        """Draw lines through pixels, as one mark; the counterpart of ``lines`` outside the plot."""
        if lines:
            flipped = [[(x, self.height - y) for x, y in line] for line in lines]
            self.canvas.add_artist(LineCollection(flipped, transform=None, colors=LIGHT[token], linewidths=wide))

    def _round(self, places: Sequence[tuple[float, float]], token: str, radius: float, hollow: bool) -> None:
        self.canvas.add_artist(
            Line2D(
                [x for x, _ in places], [y for _, y in places], transform=None, linestyle="none", marker="o",
                markersize=2 * radius, markeredgewidth=1.8, markerfacecolor=LIGHT["bg" if hollow else token],
                markeredgecolor=LIGHT[token if hollow else "bg"],
            )
        )  # fmt: skip

    def swatch(self, x: float, y: float, kind: str, token: str) -> None:
        """Draw the key of a legend entry, 14 pixels wide, with its middle at pixel (x + 7, y)."""
        top = self.height - y
        if kind in ("fill", "outline"):
            face = "none" if kind == "outline" else LIGHT[token]
            edge = LIGHT["ink"] if kind == "outline" else "none"
            self.canvas.add_artist(
                Rectangle((x, top - 5), 14, 10, transform=None, facecolor=face, edgecolor=edge, linewidth=1.5)
            )
        elif kind in ("dot", "hollow"):
            self._round([(x + 7, top)], token, 4.0, kind == "hollow")
        else:
            ends = [(x + 7, top - 7), (x + 7, top + 7)] if kind == "tick" else [(x, top), (x + 14, top)]
            style = (0, (4, 1)) if kind == "dash" else "solid"
            self.canvas.add_artist(
                LineCollection([ends], transform=None, colors=LIGHT[token], linewidths=2.0, linestyles=[style])
            )

    def legend(self, entries: Iterable[tuple[str, str, str]], top: float = 10.0) -> None:
        """Write legend entries (kind, token, words) from the upper left, wrapping; ``legend_rows`` tells the room.

        Kinds: fill, outline, dot, hollow, line, dash, tick (an upright line), or "" for words without a key.
        """
        for row, column, (kind, token, words) in _flow(entries, self.width):
            y, indent = top + row * LEGEND_ROW, _KEY if kind else 0.0
            if kind:
                self.swatch(column, y, kind, token)
            self.text(column + indent, y, words, token="muted", room=self.width.px - column - indent)


class _Placed(Text):
    """One text at its place, without the search for its size that matplotlib makes: most of what a text costs."""

    def draw(self, renderer: Any) -> None:
        """Write the text with its baseline at its place."""
        pen, (x, y) = renderer.new_gc(), self.get_position()
        pen.set_foreground(self.get_color())
        height = renderer.get_canvas_width_height()[1]
        renderer.draw_text(pen, x, height - y, self.get_text(), self.get_fontproperties(), 0, ismath=False, mtext=self)


LEGEND_ROW = 20.0
_KEY = 20.0


def _flow(entries: Iterable[tuple[str, str, str]], width: Width) -> Iterator[tuple[int, float, tuple[str, str, str]]]:
    row, column = 0, 0.0
    for kind, token, words in entries:
        needed = (_KEY if kind else 0.0) + width_of(words, width.font)
        if column and column + needed > width.px:
            row, column = row + 1, 0.0
        yield row, column, (kind, token, words)
        column += needed + 16


def legend_rows(entries: Iterable[tuple[str, str, str]], width: Width) -> int:
    """Return how many rows the legend takes at this width."""
    return max((row + 1 for row, _, _ in _flow(entries, width)), default=0)


def draw(
    paint: Callable[[Width], Sketch], *, id: str, title: str, subtitle: str, alt: str, table: str = "", note: str = "",
    annotations: Sequence[str] = (),
) -> Figure:  # fmt: skip
    """Return the figure that ``paint`` draws at both widths."""
    drawings = []
    with house_style():
        for width in (WIDE, NARROW):
            sketch = paint(width)
            name = f"{id}-{width.name[0]}"
            described = clean(subtitle) if subtitle else clean(title)
            drawings.append(svg.finish(sketch.canvas, sketch.texts, name, width.name, alt, described, width.font))
    return Figure(id, title, subtitle, alt, drawings[0], drawings[1], table, note, tuple(annotations))
