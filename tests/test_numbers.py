"""Formats, written out by hand; ``_`` stands for a no-break space in the expected texts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from babel import Locale
from babel.numbers import format_decimal

from bizops import numbers
from bizops.language import speaking

NAN = float("nan")


def plain(text: str) -> str:
    assert " " not in text, f"{text!r} could break across lines"
    return text.replace("\u00a0", "_")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (4_412_345, "EUR_4.41_M"), (4_400_000, "EUR_4.40_M"), (-590_000, "EUR_−590_k"), (999_499, "EUR_999_k"),
        (999_500, "EUR_1.00_M"), (1_234_567_890, "EUR_1.23_bn"), (12_345, "EUR_12.3_k"), (999.6, "EUR_1.00_k"),
        (412, "EUR_412"), (45, "EUR_45"), (45.5, "EUR_45.5"), (0, "EUR_0"), (-0.0, "EUR_0"), (0.256, "EUR_0.256"),
        (424_500, "EUR_425_k"), (Decimal("10005534.00"), "EUR_10.0_M"), (np.float64(2e6), "EUR_2.00_M"),
        (1e15, "EUR_1,000,000_bn"),
    ],
)  # fmt: skip
def test_money_in_prose_has_three_significant_digits(value: object, expected: str) -> None:
    assert plain(numbers.money(value, "EUR")) == expected


def test_money_without_currency_and_with_sign() -> None:
    assert plain(numbers.money(260_000, signed=True)) == "+260_k"
    assert plain(numbers.money(0, signed=True)) == "0"


@pytest.mark.parametrize(
    ("values", "factor", "name", "decimals", "cells"),
    [
        # W01, the ARR bridge in thousands, comes out to its printed digit
        ([419_000, 30_000, -1_500, 424_500], 1e3, "k", 1, ["419.0", "30.0", "−1.5", "424.5"]),
        ([4_412_345, -412_712], 1e3, "k", 0, ["4,412", "−413"]),
        ([99_999, 45.4], 1.0, "", 0, ["99,999", "45"]),
        ([10_005_534, 1], 1e3, "k", 0, ["10,006", "0"]),
        ([250e6], 1e6, "M", 1, ["250.0"]),
        ([None, NAN], 1.0, "", 0, ["n/a", "n/a"]),
        ([], 1.0, "", 0, []),
    ],
)  # fmt: skip
def test_a_table_has_one_money_scale(
    values: list[float], factor: float, name: str, decimals: int, cells: list[str]
) -> None:
    scale = numbers.table_scale(values)
    assert (scale.factor, scale.name, scale.decimals) == (factor, name, decimals)
    assert [numbers.money(v, "EUR", scale) for v in values] == cells


@pytest.mark.parametrize(
    ("values", "labels", "title"),
    [
        ([500_000, -64_400, -49_300, -59_800, 44_700], ["500.0", "−64.4", "−49.3", "−59.8", "44.7"], "EUR_k"),  # W13
        ([5_230_000, 4_100_000], ["5.23", "4.10"], "EUR_M"),
        ([5_000_000, 60_000], ["5,000", "60"], "EUR_k"),
        ([12, 3], ["12", "3"], "EUR"),
        ([999_999, 1_000_000], ["1.00", "1.00"], "EUR_M"),
    ],
)  # fmt: skip
def test_a_chart_has_one_money_scale(values: list[float], labels: list[str], title: str) -> None:
    scale = numbers.chart_scale(values)
    assert [numbers.money(v, scale=scale) for v in values] == labels
    assert plain(scale.title("EUR")) == title


@pytest.mark.parametrize(
    ("fraction", "n", "expected"),
    [
        (31 / 163, 163, "19_%"), (4238 / 6711, 6711, "63.2_%"), (334 / 419, None, "79.7_%"), (1 / 8, 8, "13_%"),
        (0, 12, "0_%"),
        (1 / 300, 300, "0.3_%"), (299 / 300, 300, "99.7_%"), (1.0, 40, "100_%"), (-0.118, None, "−11.8_%"),
        (1.175, None, "117.5_%"),
        (0.285, 100, "29_%"), (NAN, 5, "n/a"), (None, None, "n/a"), (pd.NA, 3, "n/a"),
    ],
)  # fmt: skip
def test_percent_has_decimals_by_n(fraction: object, n: int | None, expected: str) -> None:
    assert plain(numbers.percent(fraction, n)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (numbers.points(-0.062), "−6.2_pp"), (numbers.points(0.0035), "+0.4_pp"), (numbers.points(None), "n/a"),
        (numbers.multiple(2.55), "2.6×"), (numbers.multiple(1.08), "1.1×"), (numbers.count(1234), "1,234"),
        (numbers.count(1234567), "1,234,567"), (numbers.count(None), "n/a"), (numbers.days(41), "41_days"),
        (numbers.days(1), "1_day"),
        (numbers.days(-1, signed=True), "−1_day"), (numbers.delta(-0.062, "rate"), "−6.2_pp"),
        (numbers.delta(12, "count"), "+12"), (numbers.delta(-590_000, "money", currency="EUR"), "EUR_−590_k"),
        (numbers.delta(3, "days"), "+3_days"), (numbers.delta(0, "count"), "0"), (numbers.fixed(-0.4), "0"),
        (numbers.fixed(2.5), "3"), (numbers.fixed(-2.5), "−3"), (numbers.fixed(1.005, 2), "1.01"),
        (numbers.suppressed(), "‹5"),
    ],
)  # fmt: skip
def test_formats_by_hand(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_missing_names_its_reason() -> None:
    assert numbers.missing("no plan") == "n/a (no plan)"
    assert numbers.absent("plan") == "no plan"


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((0.137, 0.257, "rate"), "13.7–25.7_%"),
        ((-0.02, 0.03, "rate"), "−2.0_%_to_3.0_%"),
        ((4.6e6, 5.7e6, "money"), "EUR_4.60–5.70_M"),
        ((950_000, 1_050_000, "money"), "EUR_0.95–1.05_M"),
        ((39.67, 62.13, "count"), "40–62"),
        ((1, 12, "days"), "1–12_days"),
        ((1.2, 2.6, "multiple"), "1.2–2.6×"),
        ((None, 2.6, "multiple"), "n/a"),
    ],
)  # fmt: skip
def test_intervals_name_the_unit_once(args: tuple[float, float, str], expected: str) -> None:
    currency = "EUR" if args[2] == "money" else ""
    assert numbers.interval(*args, currency=currency).replace("\u00a0", "_").replace(" ", "_") == expected


def test_interval_of_a_small_sample_has_no_decimals() -> None:
    assert plain(numbers.interval(0.137, 0.694, "rate", n=8)) == "14–69_%"


def test_share_shows_counts_alone_below_five_records() -> None:
    assert numbers.share(31, 163).replace("\u00a0", "_") == "19_% (31 of 163)"
    assert numbers.share(2, 4) == "2 of 4"


@pytest.mark.parametrize(
    ("actual", "reference", "expected"),
    [(4.41, 5.0, -0.118), (1, 0, None), (1, -2, None), (None, 2, None), (1, NAN, None)],
)
def test_relative_change_needs_a_positive_reference(actual: object, reference: object, expected: float | None) -> None:
    found = numbers.change(actual, reference)
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(dt.date(2026, 10, 2), "2_Oct_2026"), (dt.datetime(2026, 3, 31, 23, 59, tzinfo=dt.UTC), "31_Mar_2026"),
     (pd.Timestamp("2024-02-29"), "29_Feb_2024"), (None, "n/a"), (pd.NaT, "n/a")],
)  # fmt: skip
def test_dates_in_text(value: dt.date | None, expected: str) -> None:
    assert plain(numbers.day(value)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.1, "0.1"), (-412712.25, "-412712.25"), (1e-7, "1e-07"), (5.0, "5"), (np.int64(7), "7"),
        (np.float64(2.5), "2.5"),
        (Decimal("10.50"), "10.50"), (True, "true"), (np.bool_(False), "false"), (dt.date(2026, 10, 2), "2026-10-02"),
        (None, ""), (NAN, ""),
        (float("inf"), ""), (pd.NaT, ""), ("text", "text"), (2**60, str(2**60)),
    ],
)  # fmt: skip
def test_raw_keeps_full_precision(value: object, expected: str) -> None:
    assert numbers.raw(value) == expected


@pytest.mark.parametrize(
    "value", [None, NAN, float("inf"), pd.NA, pd.NaT, np.float64("nan"), Decimal("NaN"), np.float32("nan")]
)
def test_missing_values_are_recognised(value: object) -> None:
    assert numbers.is_missing(value)


@pytest.mark.parametrize("value", [0, 0.0, "", "n/a", dt.date(2026, 1, 1), False, np.int64(0), Decimal(0)])
def test_present_values_are_not_missing(value: object) -> None:
    assert not numbers.is_missing(value)


# locales: signs and places by the Unicode CLDR, the house form of English everywhere


def written(locale: str) -> list[str]:
    with speaking(locale):
        texts = [
            numbers.fixed(-1_234_567.89, 1), numbers.money(4_412_345, "EUR"), numbers.money(-590_000, "EUR"),
            numbers.money(1_234_567_890, "EUR"), numbers.percent(31 / 163, 163), numbers.points(-0.062),
            numbers.days(1), numbers.days(41), numbers.multiple(2.55), numbers.day(dt.date(2026, 10, 2)),
            numbers.interval(4.6e6, 5.7e6, "money", currency="EUR"), numbers.interval(0.137, 0.257, "rate"),
            numbers.fixed(None),
        ]  # fmt: skip
    return [t.replace("\u00a0", "_").replace("\u202f", "-") for t in texts]


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("en-GB", ["−1,234,567.9", "EUR_4.41_M", "EUR_−590_k", "EUR_1.23_bn", "19_%", "−6.2_pp", "1_day", "41_days",
                   "2.6×", "2_Oct_2026", "EUR_4.60–5.70_M", "13.7–25.7_%", "n/a"]),
        ("en-US", ["−1,234,567.9", "EUR_4.41_M", "EUR_−590_k", "EUR_1.23_bn", "19_%", "−6.2_pp", "1_day", "41_days",
                   "2.6×", "Oct_2,_2026", "EUR_4.60–5.70_M", "13.7–25.7_%", "n/a"]),
        ("fr", ["−1-234-567,9", "4,41_M_EUR", "−590_k_EUR", "1,23_Md_EUR", "19_%", "−6,2_pt", "1_jour", "41_jours",
                "2,6×", "2_oct._2026", "4,60–5,70_M_EUR", "13,7–25,7_%", "n.d."]),
        ("zh", ["−1,234,567.9", "EUR_441万", "EUR_−59.0万", "EUR_12.3亿", "19%", "−6.2个百分点", "1天", "41天",
                "2.6倍", "2026年10月2日", "EUR_460–570万", "13.7–25.7%", "无数据"]),
        # no catalogue: signs and dates of the language, words of English
        ("de", ["−1.234.567,9", "4,41_M_EUR", "−590_k_EUR", "1,23_bn_EUR", "19_%", "−6,2_pp", "1_day", "41_days",
                "2,6×", "2._Okt._2026", "4,60–5,70_M_EUR", "13,7–25,7_%", "n/a"]),
        ("en-IN", ["−12,34,567.9", "EUR_4.41_M", "EUR_−590_k", "EUR_1.23_bn", "19_%", "−6.2_pp", "1_day", "41_days",
                   "2.6×", "2_Oct_2026", "EUR_4.60–5.70_M", "13.7–25.7_%", "n/a"]),
    ],
)  # fmt: skip
def test_every_locale_writes_its_own_way(locale: str, expected: list[str]) -> None:
    assert written(locale) == expected


@pytest.mark.parametrize("locale", ["en-GB", "en-US", "en-IN", "fr", "fr-CA", "de", "zh", "it"])
def test_grouping_agrees_with_babel(locale: str) -> None:
    known = Locale.parse(locale, sep="-")
    with speaking(locale):
        for value in (0, 7, 999, 1_000, 12_345, 1_234_567, 98_765_432_109):
            assert numbers.count(value) == format_decimal(value, "#,##0" if locale != "en-IN" else None, known)
            assert numbers.fixed(value + 0.25, 2) == format_decimal(
                value + 0.25, "#,##0.00" if locale != "en-IN" else "#,##,##0.00", known
            )


def test_chinese_scales_are_ten_thousand_and_a_hundred_million() -> None:
    with speaking("zh"):
        table = numbers.table_scale([4_412_345, -412_712])
        assert (table.factor, table.decimals, table.title("EUR").replace("\u00a0", "_")) == (1e4, 1, "EUR_万")
        assert [numbers.money(v, scale=table) for v in (4_412_345, -412_712)] == ["441.2", "−41.3"]
        chart = numbers.chart_scale([523_000_000, 410_000_000])
        assert [numbers.money(v, scale=chart) for v in (523_000_000, 410_000_000)] == ["5.23", "4.10"]
        assert numbers.chart_scale([12, 3]).title() == "单位"


def test_files_are_the_same_in_every_locale() -> None:
    values = (0.1, -412712.25, 1e-7, Decimal("10.50"), True, dt.date(2026, 10, 2), None, NAN, 2**60)
    english = [numbers.raw(v) for v in values]
    for locale in ("fr", "zh", "de"):
        with speaking(locale):
            assert [numbers.raw(v) for v in values] == english
