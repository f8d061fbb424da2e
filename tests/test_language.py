"""One catalogue for every text: what is said, what a catalogue must hold, and how sentences and numbers travel."""

from __future__ import annotations

import contextvars
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from bizops import language
from bizops.company import Company, Source
from bizops.errors import InputError
from bizops.findings import against, contribution, kpi, movement
from bizops.findings.grammar import numerals, unsupported, words_in
from bizops.language import FOLDER, plural, say, speaking, use
from bizops.periods import Calendar

ROOT = Path(__file__).parent.parent
LANGUAGES = ("fr", "zh")


def program() -> ModuleType:
    """The program that finds every text."""
    spec = importlib.util.spec_from_file_location("messages", ROOT / "docs" / "messages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def texts() -> ModuleType:
    return program()


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    use(language.DEFAULT)


# -- what is said


def test_a_text_is_said_in_the_active_language_and_else_in_english() -> None:
    assert say("On track") == "On track"
    with speaking("fr"):
        assert say("On track") == "En bonne voie"
        assert say("no catalogue holds {this}", this=1) == "no catalogue holds 1"
        with speaking("zh-Hans"):
            assert say("On track") == "正常"
        assert say("On track") == "En bonne voie"
    with speaking("de"):
        assert say("On track") == "On track"
    assert language.active() == "en-GB"


def test_a_value_is_never_read_as_a_text_to_fill() -> None:
    with speaking("fr"):
        assert say("{scope}: {title}", scope="{title}", title="{0}") == "{title}\u00a0: {0}"


def test_plurals_follow_the_language() -> None:
    def rows(n: int) -> str:
        return plural(n, "{count} report", "{count} reports", count=n)

    assert [rows(n) for n in (0, 1, 2)] == ["0 reports", "1 report", "2 reports"]
    with speaking("fr"):
        assert [rows(n) for n in (0, 1, 2)] == ["0 rapport", "1 rapport", "2 rapports"]
    with speaking("zh"):
        assert [rows(n) for n in (0, 1, 2)] == ["0 份报告".replace(" ", ""), "1份报告", "2份报告"]


def test_what_is_used_outlives_the_cell_that_set_it() -> None:
    """A kernel may run each cell in a context of its own."""
    contextvars.Context().run(use, "fr")
    assert contextvars.Context().run(language.active) == "fr"


@pytest.mark.parametrize("locale", ["xx-nowhere", "", "frr!"])
def test_an_unknown_locale_is_refused(locale: str) -> None:
    with pytest.raises(InputError, match="there is no locale"):
        use(locale)
    assert language.active() == "en-GB"


def test_a_company_and_a_report_refuse_an_unknown_locale() -> None:
    from bizops.reports.base import ReportParams

    with pytest.raises(InputError, match="no locale 'klingon'"):
        ReportParams.read({"locale": "klingon"})
    with pytest.raises(ValueError, match="no locale 'klingon'"):
        Company(name="A", currency="EUR", source=Source(kind="folder", path=Path("data")), locale="klingon")


# -- what a catalogue holds


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_text_of_the_pages_is_in_the_catalogue(texts: ModuleType, name: str) -> None:
    wanted, held = set(texts.messages()), texts.read(FOLDER / f"{name}.po")
    told = {m.id: m.string for m in held if m.id}
    missing = sorted(str(w) for w in wanted if not (told.get(w) if isinstance(w, str) else all(told.get(w) or ("",))))
    assert missing == [], "run `python docs/messages.py` and translate what it added"
    assert sorted(str(m) for m in set(told) - wanted) == [], "said nowhere any more"


def places(text: str) -> set[str]:
    return set(re.findall(r"\{(\w*)\}", text))


@pytest.mark.parametrize("name", LANGUAGES)
def test_translations_have_the_places_of_their_text(texts: ModuleType, name: str) -> None:
    for entry in texts.read(FOLDER / f"{name}.po"):
        if not entry.id:
            continue
        sources = (entry.id,) if isinstance(entry.id, str) else entry.id
        forms = (entry.string,) if isinstance(entry.string, str) else entry.string
        for form in forms:
            assert places(form) in [places(s) for s in sources], f"{entry.id!r} -> {form!r}"
            assert form.count("{") == len(re.findall(r"\{\w+\}", form)), form


def test_the_program_finds_texts_wherever_they_are_said(
    texts: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = texts.messages()
    assert found["On track"]  # a mark of the theme, said by its name
    assert ("{count} report", "{count} reports") in found  # of a template
    assert "Where is the gap?" in found  # a heading of a notebook
    assert "Bookings value" in found  # a policy's name
    assert "{subject} was {number}" in found  # marked with message()
    package = tmp_path / "bizops"
    package.mkdir()
    source = (
        'LABELS = {"a": "one"}\nTEXT = "two"\n\n'
        'def f(x):\n    return say(LABELS[x]), say(TEXT), say(x), say("three" if x else "four")\n'
    )
    (package / "planted.py").write_text("def say(t):\n    return t\n\n" + source, encoding="utf-8")
    monkeypatch.setattr(texts, "ROOT", tmp_path)
    monkeypatch.setattr(texts.importlib, "import_module", lambda name: _module(package / "planted.py"))
    assert set(texts._of_module(package / "planted.py")) == {"one", "two", "three", "four"}


def _module(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("planted", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_program_keeps_what_is_translated_and_drops_what_is_said_nowhere(texts: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "fr.po"
    file.write_bytes((FOLDER / "fr.po").read_bytes())
    left = texts.update(file, {"On track": ["a.py"], "never said before": ["b.py"]})
    told = {m.id: m.string for m in texts.read(file) if m.id}
    assert (left, told) == (1, {"On track": "En bonne voie", "never said before": ""})


# -- numbers in prose, read in the language they are written in


@pytest.mark.parametrize(
    ("locale", "text", "expected"),
    [
        ("fr", "T3 FY26 (2026Q3, jour 41 sur 92) au 2 oct. 2026 et 2026-07-01", set()),
        ("fr", "1\u202f234,5 k, 19\u00a0% (intervalle à 95\u00a0% 14–26\u00a0%), 6,2 pt",
         {"1234.5", "19", "14", "26", "6.2"}),
        ("fr", "441 affaires, 1 234 clients", {"441", "1234"}),
        ("fr-CA", "1\u00a0234,5 k", {"1234.5"}),
        ("zh", "FY26 Q3（2026年7月至9月）第41天，共92天，截至2026年10月2日", set()),
        ("zh", "EUR 441万，19%（163项中31项；95%区间14–26%），1,234笔", {"441", "19", "163", "31", "14", "26", "1234"}),
        ("en-US", "Oct 2, 2026: 1,234.5", {"1234.5"}),
        ("de", "1.234,5", {"1234.5"}),
    ],
)  # fmt: skip
def test_numerals_are_read_in_the_locale(locale: str, text: str, expected: set[str]) -> None:
    with speaking(locale):
        assert numerals(text) == expected


def test_a_number_without_a_finding_is_seen_in_every_language() -> None:
    for locale, text in (("fr", "Le taux est de 20\u00a0%."), ("zh", "比率为20%。"), ("en-GB", "The rate is 20 %.")):
        with speaking(locale):
            found = against("w", "x", 0.19, "rate", n=163, k=31)
            assert unsupported(text, [found]) == ["20"], locale


@pytest.mark.parametrize(
    ("sentence", "locale"),
    [
        ("Les ventes baissent parce que les prix montent.", "fr"),
        ("预订额下降是因为价格上涨。", "zh"),
        ("显著下降。", "zh"),
    ],
)
def test_a_cause_needs_a_test_in_every_language(sentence: str, locale: str) -> None:
    from bizops.findings import Finding

    with speaking(locale), pytest.raises(InputError):
        Finding("b", sentence, 1.0, "money", grade="associated")


def test_words_are_counted_where_none_are_set_apart() -> None:
    assert words_in("Bookings were EUR 4.41 M, 11.8 % below plan.") == 9
    assert words_in("预订额低于计划") == 4  # seven characters


# -- sentences


def spaced(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def test_findings_speak_french_and_chinese() -> None:
    def told() -> list[str]:
        return [
            against("b", "X", 4.41e6, "money", reference=5e6, reference_label=say("plan"), currency="EUR",
                    better="up").sentence,
            against("w", "X", 31 / 163, "rate", reference=0.252, reference_label=say("plan"), k=31, n=163,
                    lower=0.137, upper=0.257).sentence,
            against("c", "X", None, "multiple").sentence,
            contribution("v", "X", -59_800, -64_400, "Y", currency="EUR").sentence,
            movement("m", "X", 64, 54, "count", (39.67, 62.13), previous_label="P", better="up").sentence,
        ]  # fmt: skip

    with speaking("fr"):
        assert [spaced(s) for s in told()] == [
            "X : 4,41 M EUR, soit 590 k EUR (11,8 %) de moins que le plan.",
            "X : 19 % (31 sur 163 ; intervalle à 95 % 14–26 %), soit 6,2 pt de moins que le plan.",
            "X : non mesurable.",
            "X : 59,8 k EUR expliqués sur 64,4 k EUR (Y ; arithmétique).",
            "X : en hausse à 64 contre 54 en P, au-dessus de la plage normale 40–62.",
        ]
    with speaking("zh"):
        assert [spaced(s) for s in told()] == [
            "X为EUR 441万，比计划低EUR 59.0万（11.8%）。",
            "X为19%（163项中31项；95%区间14–26%），比计划低6.2个百分点。",
            "X无法衡量。",
            "X解释了YEUR 6.44万中的EUR 5.98万（算术）。",
            "X从P的54升至64，高于正常范围40–62。",
        ]


def test_a_card_speaks_the_language() -> None:
    with speaking("fr"):
        card = kpi("g", "GRR", 0.881, "rate", better="up", n=677, target=0.9, references=[(say("target"), 0.9)])
        assert [spaced(c.text) for c in card.comparisons] == ["−1,9 pt vs l’objectif"]
        assert "À surveiller" in card.html()


def test_periods_are_named_in_the_language() -> None:
    calendar = Calendar(Company(name="A", currency="EUR", source=Source(kind="folder", path=Path("data"))))
    assert calendar.quarter(2026, 3).label == "Q3 FY26 (Jul–Sep 2026)"
    with speaking("fr"):
        quarter = calendar.quarter(2026, 3)
        assert (quarter.label, quarter.short, quarter.key) == ("T3 FY26 (juil.–sept. 2026)", "T3 FY26", "2026Q3")
        assert calendar.trailing_year(quarter).label == "12 mois au 30 sept. 2026"
    with speaking("zh"):
        quarter = calendar.quarter(2026, 3)
        assert (quarter.label, quarter.short) == ("FY26 Q3 (2026年7月至9月)", "FY26 Q3")
        assert quarter.first_days(12).label == "FY26 Q3前12天"


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en-US", "en-US"), ("fr", "fr"), ("fr-CA", "fr-CA"), ("zh-Hans", "zh-Hans"), ("zh-CN", "zh-CN"),
        ("de", "en-GB"), ("zh-TW", "en-GB"), ("zh-Hant-HK", "en-GB"),
    ],
)  # fmt: skip
def test_the_language_of_the_words_is_that_of_a_catalogue_else_english(locale: str, words: str) -> None:
    assert language.spoken(locale) == words
    assert (language.catalogue(locale).texts == {}) == (words.startswith("en"))
