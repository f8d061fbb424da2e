"""Text to values by the declared type: what papermill's command line and YAML guess must not be guessed here."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from bizops.runs.typed import choices, expected, from_text, is_text, item_type, optional


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("00123", str, "00123"),
        ("no", str, "no"),
        ("null", str, "null"),
        ("", str, ""),
        ("2026-10-04", str, "2026-10-04"),
        ("12", int, 12),
        ("-3", int, -3),
        ("1.5", float, 1.5),
        ("1e3", float, 1000.0),
        ("0.10", Decimal, Decimal("0.10")),
        ("true", bool, True),
        ("false", bool, False),
        ("2026-02-28", date, date(2026, 2, 28)),
        ("2026-10-04T08:00+00:00", datetime, datetime(2026, 10, 4, 8, tzinfo=UTC)),
        ("a/b", Path, Path("a/b")),
        ("region", Literal["company", "region"], "region"),
        ("2", Literal[1, 2], 2),
        ("red", Colour, Colour.RED),
        ("null", int | None, None),
        ("", date | None, None),
        ("5", int | None, 5),
        ("00123", int | str, "00123"),
        ("7", Annotated[int, Field(ge=0)], 7),
        ('["a", "b"]', list[str], ["a", "b"]),
        ("[1, 2]", tuple[int, ...], (1, 2)),
        ('["2026-01-01"]', list[date], [date(2026, 1, 1)]),
    ],
)
def test_the_field_decides(text: str, kind: Any, value: Any) -> None:
    found = from_text(text, kind)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("1.5", int, "expected a whole number, found '1.5'"),
        ("00123", int, "whole number"),
        ("1_000", int, "whole number"),
        ("١٢", int, "whole number"),
        (" 12", int, "whole number"),
        ("nan", float, "expected a number"),
        ("inf", float, "expected a number"),
        ("1,5", float, "expected a number"),
        ("yes", bool, "true or false"),
        ("1", bool, "true or false"),
        ("True", bool, "true or false"),
        ("04.10.2026", date, "YYYY-MM-DD"),
        ("20261004", date, "YYYY-MM-DD"),
        ("2026-02-30", date, "YYYY-MM-DD"),
        ("2026-10-04T08:00", datetime, "offset"),
        ("regon", Literal["company", "region"], "Did you mean 'region'"),
        ("blue", Colour, "one of red"),
        ("a,b", list[str], "JSON list"),
        ('"a"', list[str], "JSON list"),
        ("[NaN]", list[float], "JSON list"),
        ("x", int | None, "whole number"),
    ],
)
def test_nothing_is_guessed(text: str, kind: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        from_text(text, kind)


def test_types_in_words() -> None:
    assert expected(date | None) == "day (YYYY-MM-DD), or null"
    assert expected(Literal["a", "b"]) == "one of a, b"
    assert expected(list[int]) == "list of whole number"
    assert choices(Literal["a", "b"] | None) == ("a", "b")
    assert choices(bool) == ("true", "false")
    assert choices(str) == ()


def test_quotes_make_text() -> None:
    assert is_text(str)
    assert is_text(date | None)
    assert not is_text(int | None)
    assert not is_text(bool)


def test_lists_are_seen_through_unions() -> None:
    assert item_type(list[str] | None) == (list, str)
    assert item_type(str) == (None, None)
    assert optional(int | None)
    assert not optional(int)
