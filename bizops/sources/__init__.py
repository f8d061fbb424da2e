"""Where rows come from: files, databases, mapped exports, the demo company; opened as canonical tables at ``as_of``."""

from __future__ import annotations

from bizops.sources.draft import Draft, draft_mapping
from bizops.sources.opening import CheckReport, check_data, open_data

__all__ = ["CheckReport", "Draft", "check_data", "draft_mapping", "open_data"]
