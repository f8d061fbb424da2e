"""The BizOps workbench: tables become metrics, metrics become findings, findings become a page.

At the command line (``bizops --help``)::

    bizops demo                      build the demo company
    bizops run qbr                   run a report and publish its page
    bizops describe qbr              its parameters, its sections and the data that they need
    bizops check                     the data against the contract
    bizops new churn                 write a report of your own

In a notebook or a script; every name is loaded when it is first used::

    company     load_company, Company, Calendar, Period
    data        open_data, check_data, Data, Scope, TABLES
    metrics     METRICS (by id); the functions live in bizops.metrics.<domain>
    findings    Answer, Section, Finding, Kpi, Kpis, Ask, Asks, Appendix, Off
    tables      Table, Col
    page        render
    errors      BizopsError, InputError, ContractError, RunError

>>> import bizops
>>> bizops.InputError.__mro__[1].__name__
'BizopsError'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bizops.company import Company, load_company
    from bizops.errors import BizopsError, ContractError, InputError, RunError
    from bizops.findings import Answer, Appendix, Ask, Asks, Finding, Kpi, Kpis, Off, Section
    from bizops.metrics.registry import METRICS
    from bizops.periods import Calendar, Period
    from bizops.press import render
    from bizops.schema import TABLES
    from bizops.schema.data import Data, Scope
    from bizops.sources import check_data, open_data
    from bizops.tables import Col, Table

__all__ = [
    "METRICS", "TABLES",
    "Answer", "Appendix", "Ask", "Asks", "BizopsError", "Calendar", "Col", "Company", "ContractError", "Data",
    "Finding", "InputError", "Kpi", "Kpis", "Off", "Period", "RunError", "Scope", "Section", "Table",
    "check_data", "load_company", "open_data", "render",
]  # fmt: skip

_HOMES = {
    "bizops.company": ("Company", "load_company"),
    "bizops.errors": ("BizopsError", "ContractError", "InputError", "RunError"),
    "bizops.findings": ("Answer", "Appendix", "Ask", "Asks", "Finding", "Kpi", "Kpis", "Off", "Section"),
    "bizops.metrics": ("METRICS",),
    "bizops.periods": ("Calendar", "Period"),
    "bizops.press": ("render",),
    "bizops.schema": ("TABLES",),
    "bizops.schema.data": ("Data", "Scope"),
    "bizops.sources": ("check_data", "open_data"),
    "bizops.tables": ("Col", "Table"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that ``import bizops`` costs nothing."""
    if name == "__version__":
        from bizops.runs.provenance import version

        return version()
    if name not in _HOME_OF:
        raise AttributeError(f"module 'bizops' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
