"""Case files and command-line values: every mistake is one clear error with its place, before a kernel starts."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from bizops.errors import InputError
from bizops.runs.cases import case_names, find_case, from_options, read_cases, values_of


class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    period: str = "last"
    as_of: date | None = None
    level: Literal["company", "region"] = "company"
    code: str = ""
    top: int = Field(5, ge=1, le=20)
    share: float = 0.5
    deep: bool = False
    regions: list[str] = []


@pytest.fixture
def write(tmp_path: Path) -> Any:
    (tmp_path / "params").mkdir()

    def put(text: str | bytes) -> Path:
        path = tmp_path / "params" / "r.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return put


def values(root: Path, case: str = "default", *options: str) -> Any:
    found = find_case(root, "r", case)
    return values_of(Params, {**found.settings, **from_options(options)}, found.where)


class Fitting(Params):
    """Two parameters that must fit each other."""

    member: str = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if bool(self.member) != (self.level == "region"):
            raise ValueError(f"level '{self.level}' and member '{self.member}' do not fit")
        return self


@pytest.mark.parametrize(
    ("case", "options", "place"),
    [
        ("default", ["level=region"], "-p level: level 'region'"),
        ("default", ["member=North", "top=3"], "-p member: level 'company'"),
        ("north", ["level=company", "top=3"], "-p level: level 'company'"),
        ("wrong", ["top=3"], "params/r.yaml line 4, case 'wrong': level 'region'"),
        ("wrong", [], "params/r.yaml line 4, case 'wrong': level 'region'"),
    ],
)
def test_values_that_do_not_fit_are_told_where_they_were_given(
    write: Any, case: str, options: list[str], place: str
) -> None:
    root = write("cases:\n  default: {}\n  north: {level: region, member: North}\n  wrong: {level: region}\n")
    found = find_case(root, "r", case)
    settings = {**found.settings, **from_options(options)}
    with pytest.raises(InputError) as caught:
        values_of(Fitting, settings, found.where, alone=found.settings)
    assert str(caught.value).startswith(place)


def refusal(root: Path, case: str = "default", *options: str) -> str:
    with pytest.raises(InputError) as caught:
        values(root, case, *options)
    return str(caught.value)


def test_a_case_file_is_read_by_the_models_types(write: Any) -> None:
    root = write(
        "cases:\n"
        "  default: {period: 2026Q3, as_of: 2026-10-04, code: 00123, top: 7, share: 1, deep: true}\n"
        "  norway:\n    level: region\n    code: no\n    regions: [no, 007, 'x']\n"
        "  bare:\n  quoted: {code: '5', as_of: ''}\n"
    )
    found = values(root)
    assert found == Params(period="2026Q3", as_of=date(2026, 10, 4), code="00123", top=7, share=1.0, deep=True)
    assert values(root, "norway").code == "no"  # YAML alone would say False
    assert values(root, "norway").regions == ["no", "007", "x"]
    assert values(root, "bare") == Params()
    assert values(root, "quoted") == Params(code="5")
    assert list(read_cases(root, "r")) == ["default", "norway", "bare", "quoted"]


def test_options_win_over_the_case_and_keep_their_text(write: Any) -> None:
    root = write("cases: {default: {code: a, top: 3}}")
    found = values(root, "default", "code=00123", "period=x=y")
    assert (found.code, found.top, found.period) == ("00123", 3, "x=y")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "params/r.yaml: the file is empty"),
        ("cases:\n  default: {}\n  default: {}\n", "params/r.yaml line 3: 'default' is given twice, first on line 2"),
        ("cases:\n  default: {top: 1,\n    top: 2}\n", "line 3: 'top' is given twice"),
        ("case:\n  default: {}\n", "unknown name 'case'. Did you mean 'cases'?"),
        ("cases: [a]\n", "line 1: expected 'name: value' lines"),
        ("cases:\n  default: text\n", "line 2: expected 'name: value' lines"),
        ("cases:\n", "expected 'name: value' lines"),
        ("cases: {}\n", "no cases"),
        ("cases:\n  default: {a: [}\n", "line 2: not valid YAML"),
        ("cases:\n\tdefault: {}\n", "line 2: not valid YAML"),
        ("cases: {default: {}}\n---\ncases: {}\n", "not valid YAML"),
        ("cases:\n  ../x: {}\n", "cannot be a case's name"),
        ("cases:\n  ? [a]\n  : {}\n", "a name must be a plain word"),
        (b"cases: {default: {code: \xff}}", "UTF-8"),
    ],
)
def test_a_broken_file_says_where(write: Any, text: str | bytes, says: str) -> None:
    assert says in refusal(write(text))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("perod: last", "unknown parameter 'perod'. Did you mean 'period'?"),
        ("top: 1.5", "'top': expected a whole number, found '1.5'"),
        ("top: '5'", "'top': expected whole number, found the text '5'; leave out the quotes"),
        ("top: 99", "'top': Input should be less than or equal to 20"),
        ("top:", "'top': expected whole number, found nothing"),
        ("top: [1]", "'top': expected whole number, found a list"),
        ("level: regoin", "Did you mean 'region'"),
        ("as_of: 2026-13-01", "'as_of': expected a day as YYYY-MM-DD"),
        ("deep: yes", "'deep': expected true or false, found 'yes'"),
        ("share: .nan", "'share': expected a number"),
        ("regions: north", "'regions': expected a JSON list of text"),
        ("code: {a: 1}", "'code': expected text, found a mapping"),
        ("code: !!python/name:os.system ''", "the tag tag:yaml.org,2002:python/name:os.system is not allowed"),
    ],
)
def test_a_wrong_value_says_where(write: Any, line: str, says: str) -> None:
    message = refusal(write(f"cases:\n  default:\n    period: last\n    {line}\n"))
    assert says in message
    assert message.startswith("params/r.yaml line 4, case 'default'")


def test_all_problems_are_told_at_once(write: Any) -> None:
    message = refusal(write("cases:\n  default:\n    perod: a\n    top: x\n"))
    assert "line 3" in message
    assert "perod" in message
    assert "line 4" in message
    assert "top" in message


def test_unknown_cases_and_files(write: Any, tmp_path: Path) -> None:
    root = write("cases: {default: {}, emea: {}}")
    assert "has no case 'emae'. Did you mean 'emea'?" in refusal(root, "emae")
    assert case_names(root, "r") == ["default", "emea"]
    assert case_names(root, "other") == []
    with pytest.raises(InputError, match=r"params/other.yaml: the file does not exist"):
        read_cases(root, "other")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["top"], "expected name=value, found 'top'"),
        (["=1"], "expected name=value"),
        (["top=1", "top=2"], "'top' is given twice"),
        (["tpo=1"], "-p tpo: unknown parameter 'tpo'. Did you mean 'top'?"),
        (["top=1.5"], "-p top: 'top': expected a whole number, found '1.5'"),
        (["top=0"], "-p top: 'top': Input should be greater"),
    ],
)
def test_wrong_options(write: Any, options: list[str], says: str) -> None:
    assert says in refusal(write("cases: {default: {}}"), "default", *options)
