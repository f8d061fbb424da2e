"""Settings: what is accepted, and how what is not is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizops.company import POLICIES, Company, load_company, project_root, read_yaml, unknown_metrics
from bizops.errors import InputError

GOOD = "name: Acme\ncurrency: EUR\nsource: {kind: folder, path: data}\n"


def written(folder: Path, text: str, name: str = "company.yaml") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_defaults_are_the_conventions(tmp_path: Path) -> None:
    company = load_company(written(tmp_path, GOOD))
    assert company.policy("P05") == 365
    assert company.policy("P15") == "acv"
    assert (company.fiscal_year_start, company.week_scheme, company.time_zone) == (1, "iso", "UTC")


def test_all_policies_are_there_and_overridable(tmp_path: Path) -> None:
    assert list(POLICIES) == [f"P{n:02d}" for n in range(1, 26)]
    company = load_company(written(tmp_path, GOOD + "policies: {P15: tcv, P05: 30}\n"))
    assert (company.policy("P15"), company.policy("P05")) == ("tcv", 30)


def test_current_segment_is_a_forbidden_default(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"policies\.P24"):
        load_company(written(tmp_path, GOOD + "policies: {P24: current}\n"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD + "curency: EUR\n", r"unknown name 'curency'. Did you mean 'currency'\?"),
        (GOOD + "policies: {P99: x}\n", r"unknown name 'policies\.P99'"),
        (GOOD + "brand: {acent: '#000000'}\n", r"Did you mean 'accent'\?"),
        ("name: Acme\nsource: {path: x}\n", "'currency' is missing"),
        (GOOD.replace("EUR", "euro"), "'currency'.*found 'euro'"),
        (GOOD + "time_zone: Europe/Berlinn\n", r"no IANA time zone. Did you mean 'Europe/Berlin'\?"),
        (GOOD + "fiscal_year_start: 13\n", "fiscal_year_start"),
        (GOOD + "holidays: Atlantis\n", "no country"),
        (GOOD + "name: Other\n", "'name' is given twice, on lines 1 and 4"),
        (GOOD + "brand: {accent: blue}\n", r"brand\.accent"),
        (GOOD.replace("path: data", "kinds: x"), "unknown name 'source.kinds'"),
        ("name: [\n", "not valid YAML at line"),
        ("just text\n", "expected 'name: value' lines"),
        ("", "expected 'name: value' lines"),
        (GOOD + "root: /tmp\n", "unknown name 'root'"),
        ("name: A\ncurrency: EUR\nsource: {kind: mapping}\n", "a source of kind 'mapping' needs 'mapping'"),
    ],
)
def test_one_clear_error_that_names_the_file(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        load_company(written(tmp_path, text))
    assert "company.yaml" in str(caught.value)
    assert "fix: " in str(caught.value)


def test_a_missing_file_and_one_in_another_encoding(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load_company(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes("name: Köln".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        read_yaml(tmp_path / "latin.yaml")


def test_relative_paths_count_from_the_project(tmp_path: Path) -> None:
    inside = load_company(written(tmp_path, GOOD, "params/companies/acme.yaml"))
    assert inside.resolve(Path("data")) == tmp_path / "data"
    outside = load_company(written(tmp_path, GOOD, "elsewhere/acme.yaml"))
    assert outside.resolve(Path("data")) == tmp_path / "elsewhere" / "data"


def test_project_root_is_found_from_a_notebook_folder(tmp_path: Path) -> None:
    (tmp_path / "params").mkdir()
    (tmp_path / "notebooks" / "deep").mkdir(parents=True)
    assert project_root(tmp_path / "notebooks" / "deep") == tmp_path.resolve()
    with pytest.raises(InputError, match="notebooks/ and params/"):
        project_root(tmp_path.parent)


def test_settings_cannot_be_changed_afterwards() -> None:
    company = Company.model_validate({"name": "x", "currency": "EUR", "source": {"path": "x"}})
    with pytest.raises(ValueError, match="frozen"):
        company.name = "y"  # type: ignore[misc]


@pytest.mark.parametrize("key", ["Bookings", "bkg-01", "BKG-1", "BKG01", "BKG-01-"])
def test_settings_of_metrics_are_named_by_id(tmp_path: Path, key: str) -> None:
    with pytest.raises(InputError, match=f"metrics.*'{key}' has not the form of a metric's id, such as BKG-01"):
        load_company(written(tmp_path, f"{GOOD}metrics: {{BKG-03-VALUE: {{target: 0.3}}, {key}: {{target: 1}}}}\n"))


def test_settings_for_metrics_that_do_not_exist(tmp_path: Path) -> None:
    company = load_company(written(tmp_path, GOOD + "metrics: {BKG-01: {owner: CRO}, BKG-33: {owner: CRO}}\n"))
    assert unknown_metrics(company, {"BKG-01", "BKG-33"}) == ""
    assert unknown_metrics(company, ("ARR-01", "BKG-03", "BKG-01")) == (
        "settings for metrics that do not exist: 'BKG-33' is unknown. Did you mean 'BKG-03'?"
    )
