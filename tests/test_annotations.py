"""Dated events: what the file may say, what it is refused for, and what of it a page may tell."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from bizops.annotations import LEVELS, Annotation, annotations_beside, read_annotations
from bizops.errors import InputError
from bizops.schema.data import Level

AS_OF = date(2026, 10, 4)


def written(folder: Path, text: str) -> Path:
    file = folder / "annotations.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_is_read_oldest_first(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "\ufeffDate,Label,metric,level,member\n"
        '2026-09-03,"Prices up, all products",bkg-01,Region,DACH\n'
        "\n"
        "2025-02-01, New   territories\n"
        ",,,,\n",
    )
    assert read_annotations(file, AS_OF) == (
        Annotation(date(2025, 2, 1), "New territories"),
        Annotation(date(2026, 9, 3), "Prices up, all products", "BKG-01", "region", "DACH"),
    )


def test_no_file_is_no_event(tmp_path: Path) -> None:
    assert read_annotations(tmp_path / "annotations.csv", AS_OF) == ()
    assert read_annotations(written(tmp_path, "date,label\n"), AS_OF) == ()


def test_nothing_after_as_of_is_told_but_it_is_checked(tmp_path: Path) -> None:
    file = written(tmp_path, "date,label\n2026-10-04,today\n2026-10-05,tomorrow\n")
    assert [a.label for a in read_annotations(file, AS_OF)] == ["today"]
    with pytest.raises(InputError, match="line 2, column label"):
        read_annotations(written(tmp_path, "date,label\n2030-01-01,\n"), AS_OF)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "date,label\n3.9.2026,x\n",
            r"annotations.csv line 2, column date: '3.9.2026' is no date\n  fix: .*2026-09-03",
        ),
        ("date,label\n2026-09-03,ok\n\n,x\n", "line 4, column date: '' is no date"),
        ("date,label\n2026-09-03,  \n", "line 2, column label: the label is empty"),
        ("date,label\n2026-09-03,Prices up, all products\n", "line 2: 3 cells under 2 columns\n  fix: .*double quotes"),
        ("date,label,level\n2026-09-03,x,regoin\n", "line 2, column level: unknown level 'regoin'.*'region'"),
        ("date,label,member\n2026-09-03,x,DACH\n", "line 2, column member: member 'DACH' needs a level"),
        ("date,lable\n2026-09-03,x\n", "line 1: unknown column 'lable'. Did you mean 'label'?"),
        ("date\n2026-09-03\n", "line 1: no column 'label'"),
        ("date,label,label\n2026-09-03,x,y\n", "line 1: a column is named twice"),
        ("", "line 1: no column 'date'"),
        ('date,label\n2026-09-03,"x\n', "not valid CSV"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_annotations(written(tmp_path, text), AS_OF)


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    (tmp_path / "annotations.csv").write_bytes("date,label\n2026-09-03,Büro\n".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        read_annotations(tmp_path / "annotations.csv", AS_OF)


@pytest.mark.parametrize(
    ("level", "member", "told"),
    [
        ("", "", [True, True, True]),
        ("company", "", [True, False, False]),
        ("region", "", [False, True, True]),
        ("region", "DACH", [False, True, False]),
    ],
)
def test_an_event_is_told_on_the_pages_of_its_slice(level: str, member: str, told: list[bool]) -> None:
    event = Annotation(AS_OF, "x", level=level, member=member)
    pages = [("company", ""), ("region", "DACH"), ("region", "UK")]
    assert [event.concerns(*page) for page in pages] == told


def test_levels_are_those_of_the_data() -> None:
    assert get_args(Level) == LEVELS


def test_each_company_file_has_its_own_events() -> None:
    assert annotations_beside(Path("params/company.yaml")) == Path("params/annotations.csv")
    assert annotations_beside(Path("params/companies/stripe.yaml")) == Path("params/companies/stripe.annotations.csv")


def test_the_demo_company_s_events_are_valid_and_past() -> None:
    events = read_annotations(Path(__file__).parent.parent / "params" / "annotations.csv", AS_OF)
    assert 3 <= len(events) <= 5
    assert len(events) == len(read_annotations(Path(__file__).parent.parent / "params" / "annotations.csv", date.max))
