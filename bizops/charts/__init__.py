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
last weeks within the year    ``six_twelve``
one trend, many units         ``small_multiples``
two values each               ``dumbbell``
what passes each stage        ``funnel``
cohorts by age                ``cohort_heatmap``
moves between stages          ``transition_heatmap``
how records are spread        ``distribution``
how two measures go together  ``scatter``
how long until it happens     ``survival``
a forecast with its range     ``fan``
============================  ===================================================================================
"""

from bizops.charts.bars import bullet, grouped, sorted_bars, stacked
from bizops.charts.distribution import distribution
from bizops.charts.dots import dot_whisker
from bizops.charts.dumbbell import dumbbell
from bizops.charts.fan import fan
from bizops.charts.figure import Figure
from bizops.charts.funnel import funnel
from bizops.charts.heatmap import cohort_heatmap, transition_heatmap
from bizops.charts.lines import line_xmr
from bizops.charts.multiples import small_multiples
from bizops.charts.scatter import scatter
from bizops.charts.six_twelve import six_twelve
from bizops.charts.survival import survival
from bizops.charts.waterfall import bridge, variance_bridge, waterfall

__all__ = [
    "Figure", "bridge", "bullet", "cohort_heatmap", "distribution", "dot_whisker", "dumbbell", "fan", "funnel",
    "grouped", "line_xmr", "scatter", "six_twelve", "small_multiples", "sorted_bars", "stacked", "survival",
    "transition_heatmap", "variance_bridge", "waterfall",
]  # fmt: skip
