"""The generated pages agree with the code, and links in the documentation lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import yaml

from bizops.company import Company
from bizops.reports import qbr
from bizops.sources.mapping import load_mapping
from tests.reports.conftest import Write, closed_deals, company_on_disk

__all__ = ["company_on_disk"]

ROOT = Path(__file__).parent.parent


def catalogue() -> ModuleType:
    spec = importlib.util.spec_from_file_location("catalogue", ROOT / "docs" / "catalogue.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["metrics.md", "policies.md", "contract.md"])
def test_generated_pages_are_those_of_the_code(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == catalogue().PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("page", sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")]), ids=lambda p: p.name)
def test_links_lead_to_files(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [t for t in targets if not (page.parent / t).exists()] == []


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_mapping_of_the_how_to_is_one(tmp_path: Path) -> None:
    mapping, company, cases = blocks("howto-own-data.md", "yaml")
    (tmp_path / "acme.yaml").write_text(mapping, encoding="utf-8")
    assert set(load_mapping(tmp_path / "acme.yaml").tables) == {"opportunity", "dim_person", "dim_team"}
    settings = Company.model_validate(yaml.safe_load(company))
    assert (settings.name, settings.fiscal_year_start, settings.source.kind) == ("Acme", 4, "mapping")
    for parameters in yaml.safe_load(cases)["cases"].values():
        assert qbr.Params.read(parameters).company == "params/companies/acme.yaml"


def test_the_section_of_the_how_to_runs(company_on_disk: Write) -> None:
    deals = closed_deals("2024-01-01", 30, 12, 10.0, "a", segment="SMB")
    more = closed_deals("2024-01-01", 40, 10, 10.0, "b", segment="ENT")
    company = company_on_disk({"opportunity": pd.concat([deals, more])})
    context = qbr.start(qbr.Params.read({"company": str(company), "as_of": "2024-03-31"}))
    (code,) = blocks("howto-new-report.md", "python")
    scope: dict[str, Any] = {}
    exec(compile(code, "howto-new-report.md", "exec"), scope)
    section = scope["win_rates"](context)
    assert section.headline.replace("\u00a0", " ") == "Win rate was 31 % (n = 70)"
    assert [b.kind for b in section.blocks] == ["finding", "figure", "table"]
