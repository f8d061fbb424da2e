"""Charts: each function turns a tidy frame into a ``Figure`` for a page and a notebook.

============================  ===================================================================================
what is asked                 chart
============================  ===================================================================================
from plan to actual           ``bridge`` (chooses ``variance_bridge`` or ``waterfall``)
who contributes how much      ``sorted_bars``
actual against plan           ``bullet``
parts of a whole, few series  ``stacked``, ``grouped``
rates with uncertainty        ``dot_whisker``
a trend and its normal range  ``line_xmr``
============================  ===================================================================================
"""

from bizops.charts.bars import bullet, grouped, sorted_bars, stacked
from bizops.charts.dots import dot_whisker
from bizops.charts.figure import Figure
from bizops.charts.lines import line_xmr
from bizops.charts.waterfall import bridge, variance_bridge, waterfall

__all__ = [
    "Figure", "bridge", "bullet", "dot_whisker", "grouped", "line_xmr", "sorted_bars", "stacked", "variance_bridge",
    "waterfall",
]  # fmt: skip
