"""A number in prose without a finding behind it fails the build."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bizops.errors import RunError
from bizops.findings import Kpis, Only, Section, against, kpi
from bizops.press import release
from bizops.press.claims import require_support

FINDING = against("win", "Win rate", 31 / 163, "rate", reference=0.252, reference_label="plan", k=31, n=163)
CARD = kpi("arr", "ARR", 4_412_345.0, "money", better="up", currency="EUR")


def notebook(prose: str, **metadata: list[str]):
    shown = [Section("wins", "Win rate", evidence=(FINDING,)), Kpis((CARD,))]
    outputs = [new_output("display_data", data=s._repr_mimebundle_()) for s in shown]
    return new_notebook(
        cells=[new_markdown_cell(prose, id="told", metadata=metadata), new_code_cell("", outputs=outputs)]
    )


@pytest.mark.parametrize(
    "prose",
    [
        "We won 19 % of 163 deals, 31 in all.",
        "ARR stands at EUR 4.41 M.",
        "Retention of the customers of twelve months ago.",
        "In Q3 FY26, on 2 Oct 2026, see BKG-01.",
        "1. First\n2. Second\n\nOnly deals from stage `2` count ([source](https://example.org/7)).",
    ],
)
def test_prose_with_support_passes(prose):
    require_support(notebook(prose))


@pytest.mark.parametrize(
    ("prose", "orphan"),
    [
        ("We won 42 % of the deals.", "42"),
        ("## We lost 7 deals", "7"),
        ("- one\n- and **1,250** more", "1250"),
        ("| a | b |\n|---|---|\n| x | 8.5 |", "8.5"),
    ],
)
def test_a_number_that_no_finding_printed_is_refused(prose, orphan):
    with pytest.raises(RunError, match=rf"cell 'told' says {orphan}, and no finding"):
        require_support(notebook(prose))


def test_prose_for_the_analyst_alone_may_hold_notes():
    require_support(notebook("Checked 42 rows by hand.", tags=["analyst"]))


def test_a_number_that_only_a_manager_may_see_is_no_support_for_others(sample):
    secret = against("pay", "Pay", 87_654.0, "money", currency="EUR")
    outputs = [new_output("display_data", data=Only(("manager",), (secret,))._repr_mimebundle_())]
    cells = [new_markdown_cell("Pay was EUR 87.7 k.", id="told"), new_code_cell("", outputs=outputs)]
    told = new_notebook(cells=cells)
    require_support(told)
    with pytest.raises(RunError, match=r"87\.7"):
        release(told, sample.make_record(), pdf=False)
