"""The demo company: a B2B software company whose every number is made up and whose truth is known.

``build_demo`` writes its canonical tables; ``PLANTS`` are the effects that can be planted in it.
"""

from bizops.sources.demo.build import build_demo
from bizops.sources.demo.days import AS_OF
from bizops.sources.demo.plants import ALL, PLANTS, Plant
from bizops.sources.demo.world import COMPANY, CURRENCY

__all__ = ["ALL", "AS_OF", "COMPANY", "CURRENCY", "PLANTS", "Plant", "build_demo"]
