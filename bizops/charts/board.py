"""A surface for charts of many small parts: its data coordinates are pixels, and many like marks are one mark.

What costs time in a drawing is the number of matplotlib's objects, not of rectangles and words. So the cells of one
colour are one path, the lines of all panels are one path, and the words of one style are laid out by nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.colors import to_rgba
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.text import Text

from bizops.charts import svg
from bizops.charts.house import MIDDLE, Sketch, Width
from bizops.charts.labels import clean
from bizops.theme import LIGHT

Box = tuple[float, float, float, float]
Point = tuple[float, float]
_CORNERS = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]


class Board(Sketch):
    """A sketch whose data coordinates are pixels from the upper left corner."""

    def __init__(self, width: Width, height: float) -> None:
        super().__init__(width, height, (0, 0, 0, 0))
        self.limits((0, width.px), (self.height, 0))

    def cells(
        self, boxes: Iterable[Box], token: str = "", *, opacity: float = 1.0, outline: str = "", wide: float = 1.2
    ) -> None:
        """Draw rectangles (left, top, right, bottom) of one look as one mark."""
        points = [p for x, y, right, low in boxes for p in ((x, y), (right, y), (right, low), (x, low), (x, y))]
        if points:
            face = to_rgba(LIGHT[token], opacity) if token else "none"
            edge = LIGHT[outline] if outline else "none"
            self._add(Path(points, _CORNERS * (len(points) // 5)), face, edge, wide if outline else 0.0)

    def runs(self, runs: Iterable[Sequence[Point]], token: str, *, wide: float = 1.0, dash: bool = False) -> None:
        """Draw lines through points as one mark."""
        drawn = [run for run in runs if len(run) > 1]
        if drawn:
            codes = [c for run in drawn for c in (Path.MOVETO, *[Path.LINETO] * (len(run) - 1))]
            points = [p for run in drawn for p in run]
            self._add(Path(points, codes), "none", LIGHT[token], wide, (0, (4, 3)) if dash else "solid")

    def _add(self, path: Path, face: Any, edge: Any, wide: float, style: Any = "solid") -> None:
        self.ax.add_artist(
            PathPatch(path, facecolor=face, edgecolor=edge, linewidth=wide, linestyle=style, clip_on=False)
        )

    def words(
        self, placed: Sequence[tuple[float, float, str]], *, token: str = "ink", align: str = "left", bold: bool = False
    ) -> None:
        """Write many texts (x, y, words) of one style; each as ``text`` would."""
        found = []
        for x, y, shown in placed:
            self.texts.append(clean(shown))
            found.append((x, self.height - y - MIDDLE * self.font, svg.placeholder(len(self.texts) - 1)))
        if found:
            weight = "bold" if bold else "normal"
            self.canvas.add_artist(_Words(found, LIGHT[token], align, self.font, weight))


class _Words(Text):
    """Texts of one style, without the search for their size that matplotlib makes for each."""

    def __init__(
        self, placed: Sequence[tuple[float, float, str]], color: str, align: Any, size: float, weight: str
    ) -> None:
        super().__init__(
            0, 0, "", color=color, horizontalalignment=align, fontsize=size, fontweight=weight, transform=None
        )
        self._placed = placed

    def draw(self, renderer: Any) -> None:
        """Write every text at its place."""
        pen, height = renderer.new_gc(), renderer.get_canvas_width_height()[1]
        pen.set_foreground(self.get_color())
        for x, y, words in self._placed:
            self.set_position((x, y))
            renderer.draw_text(pen, x, height - y, words, self.get_fontproperties(), 0, ismath=False, mtext=self)


@dataclass(frozen=True)
class Panel:
    """One small plot on a board: its rectangle in pixels, with its own data coordinates."""

    box: Box
    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> Point:
        """Return the pixels of a point in data coordinates (left, right), (bottom, top)."""
        left, top, right, bottom = self.box
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return left + across * (right - left), bottom - up * (bottom - top)

    def through(self, values: Sequence[float | None]) -> list[list[Point]]:
        """Return the runs of points of a series at x = 0, 1, 2, ...: a missing value ends a run."""
        runs: list[list[Point]] = [[]]
        for i, value in enumerate(values):
            if value is None:
                runs.append([])
            else:
                runs[-1].append(self.at(i, value))
        return [run for run in runs if run]
