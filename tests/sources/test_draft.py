"""Drafted mappings: known names find their place, the rest is named, and the YAML can be used at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bizops.errors import InputError
from bizops.schema import TABLES
from bizops.sources import draft_mapping
from bizops.sources.headers import snake
from bizops.sources.mapping import load_mapping
from bizops.sources.vocabulary import COLUMNS, COMMON, TABLE_WORDS
from tests.sources.conftest import SHARED, Place


def test_a_spreadsheet_becomes_a_report_without_edits(place: Place) -> None:
    path = place.write(
        "Deals 2026.csv",
        "Opportunity Number;Deal Name;Owner;Company;Stage;Amount;Created;Close Date;Shoe Size\n"
        "1;First;Ada;ACME;Closed Won;1.200,50;01.11.2025;05.01.2026;38\n"
        "2;Second;Bob;Bolt;Closed Lost;70,00;02.11.2025;06.01.2026;41\n"
        "3;Third;Bob;Bolt;Demo;80,00;02.11.2025;06.06.2026;41\n",
    )
    draft = draft_mapping([path])
    assert draft.unmapped == ("deals_2026.Shoe Size",)
    assert "# no place found: deals_2026.Shoe Size" in draft.yaml
    rows = place.frame("opportunity", place.mapped(draft.yaml))
    assert [(r["is_closed"], r["is_won"], float(r["amount"])) for r in rows] == [
        (True, True, 1200.5),
        (True, False, 70.0),
        (False, False, 80.0),
    ]
    assert [str(r["close_on"]) for r in rows] == ["2026-01-05", "2026-01-06", "2026-06-06"]


@pytest.mark.parametrize(
    ("header", "table", "expected"),
    [
        (
            "Id,AccountId,OwnerId,Name,StageName,Amount,CurrencyIsoCode,CreatedDate,CloseDate,IsClosed,IsWon,ForecastCategory,IsDeleted",
            "opportunity",
            {
                "opportunity_id": {"sql": "sf18(deals.Id)"},
                "close_on": {"column": "CloseDate", "read_as": "day"},
                "stage_id": "StageName",
                "is_won": "IsWon",
                "currency": "CurrencyIsoCode",
            },
        ),
        (
            "deal_id,property_dealname,property_amount,property_closedate,property_dealstage,property_hs_is_closed,"
            "property_hs_is_closed_won,property_hubspot_owner_id,property_createdate",
            "opportunity",
            {
                "opportunity_id": "deal_id",
                "close_on": {"column": "property_closedate", "read_as": "instant"},
                "stage_id": "property_dealstage",
                "is_closed": "property_hs_is_closed",
                "is_won": "property_hs_is_closed_won",
                "owner_id": "property_hubspot_owner_id",
            },
        ),
        (
            "id,customer,status,start_date,canceled_at,ended_at,livemode",
            "subscription",
            {
                "subscription_id": "id",
                "account_id": "customer",
                "cancel_requested_at": "canceled_at",
                "ended_on": {"column": "ended_at", "read_as": "instant"},
            },
        ),
    ],
    ids=["Salesforce", "HubSpot", "Stripe"],
)  # fmt: skip
def test_vendor_names(place: Place, header: str, table: str, expected: dict[str, object]) -> None:
    name = "subs" if table == "subscription" else "deals"
    path = place.write(f"{name}.csv", header + "\n")
    drafted = yaml.safe_load(draft_mapping([path]).yaml)["tables"][table]["columns"]
    assert {column: drafted.get(column) for column in expected} == expected


def test_doubts_and_gaps_are_named(place: Place) -> None:
    path = place.write("deals.csv", "id,amount,value,close_date,stage\n1,2,3,2026-01-01,Open\n")
    draft = draft_mapping([path])
    assert draft.ambiguous == ("opportunity.amount is taken from amount; it might be value",)
    assert "# missing and required: is_won" in draft.yaml
    assert "# unclear: opportunity.amount" in draft.yaml


FILES = {
    "crm_maven_opportunities": ("sales_pipeline.csv.gz", "accounts.csv.gz", "products.csv.gz", "sales_teams.csv.gz"),
    "crm_seed_salesforce": ("sf_opportunity_data.csv", "sf_account_data.csv", "sf_user_data.csv", "sf_task_data.csv",
                            "sf_event_data.csv"),
    "crm_seed_hubspot": ("deal_data.csv", "company_data.csv", "owner_data.csv", "ticket_data.csv"),
    "crm_seed_stripe": ("customer_data.csv", "subscription_data.csv", "plan_data.csv"),
    "qbr_quota_adventureworks": ("Targets.csv.gz", "Salesperson.csv.gz", "Reseller.csv.gz"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_drafts_of_real_headers_load(place: Place, name: str) -> None:
    if not SHARED.is_dir():
        pytest.skip(f"the data sets are not beside the project ({SHARED} does not exist)")
    draft = draft_mapping([SHARED / name / file for file in FILES[name]])
    mapping = load_mapping(place.write("draft.yaml", draft.yaml))
    assert len(mapping.files) == len(FILES[name])
    assert set(mapping.tables) & {"opportunity", "subscription", "quota"}


def test_names_become_snake_case() -> None:
    assert [snake(n) for n in ("CloseDate", "property_closedate", "Close Date", "hs_ACV", "Country-Region")] == [
        "close_date",
        "closedate",
        "close_date",
        "hs_acv",
        "country_region",
    ]


def test_vocabulary_names_the_contract_only() -> None:
    assert set(TABLE_WORDS) | set(COLUMNS) <= set(TABLES)
    for table, columns in COLUMNS.items():
        assert set(columns) <= set(TABLES[table].names), table
    assert all(any(name in t.names for t in TABLES.values()) for name in COMMON)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ((), "no files are given"),
        (("nowhere.csv",), "the file does not exist"),
        (("odd.csv",), "no header is like a table"),
    ],
)
def test_nothing_to_draft(place: Place, files: tuple[str, ...], says: str) -> None:
    place.write("odd.csv", "shoe,hat\n1,2\n")
    with pytest.raises(InputError, match=says):
        draft_mapping([Path(place.folder / f) for f in files])


SALESFORCE_REPORT = (
    "Opportunity ID,Opportunity Name,Amount Currency,Amount,Close Date,Stage\n"
    "0063000000AbCdE,Größe,EUR,10,2026-01-05,Closed Won\n"
    "0063000000AbCde,Zwei,EUR,20,2026-02-05,Demo\n"
)
FOOTER = '\n"Pipeline report"\n"Copyright (c) 2000-2026"\n'


def test_a_report_export_with_footer_short_ids_and_an_old_encoding(place: Place) -> None:
    path = place.write("deals.csv", SALESFORCE_REPORT + FOOTER, "cp1252")
    draft = draft_mapping([path])
    drafted = yaml.safe_load(draft.yaml)
    assert drafted["files"]["deals"] == {"file": "deals.csv", "encoding": "cp1252", "footer_rows": 2}
    columns = drafted["tables"]["opportunity"]["columns"]
    assert columns["opportunity_id"] == {"sql": 'sf18(deals."Opportunity ID")'}
    assert columns["currency"] == "Amount Currency"
    report = place.check(place.mapped(draft.yaml))
    with report.data as data:
        found = data["opportunity"].order_by("amount").to_pyarrow().to_pylist()
    assert [(r["name"], float(r["amount"]), len(r["opportunity_id"])) for r in found] == [
        ("Größe", 10, 18), ("Zwei", 20, 18),
    ]  # fmt: skip


def test_letters_of_another_encoding_far_below_the_header(place: Place) -> None:
    lines = "".join(f"{n},name,1,2026-01-05,Demo{' ' * 60}\n" for n in range(20_000))
    text = f"id,name,amount,close_date,stage\n{lines}20000,Größe,1,2026-01-05,Demo\nTotal\n"
    drafted = yaml.safe_load(draft_mapping([place.write("deals.csv", text, "cp1252")]).yaml)
    assert drafted["files"]["deals"] == {"file": "deals.csv", "encoding": "cp1252", "footer_rows": 1}


def test_ragged_rows_and_plain_keys_are_left_alone(place: Place) -> None:
    text = "id,amount,close_date,stage,notes\n" + "A-1,5,2026-01-05,Demo\n" * 30
    drafted = yaml.safe_load(draft_mapping([place.write("deals.csv", text)]).yaml)
    assert drafted["files"]["deals"] == {"file": "deals.csv"}
    assert drafted["tables"]["opportunity"]["columns"]["opportunity_id"] == "id"


def test_a_table_whose_key_repeats_is_drafted_from_distinct_rows(place: Place) -> None:
    teams = place.write("teams.csv", "team,region\nT1,East\nT1,East\nT2,West\n")
    drafted = yaml.safe_load(draft_mapping([teams]).yaml)
    assert drafted["tables"]["dim_team"]["from"] == "teams_rows"
    assert drafted["views"]["teams_rows"] == "SELECT DISTINCT team, region FROM teams"
    assert load_mapping(place.write("draft.yaml", draft_mapping([teams]).yaml)).views
    alone = place.write("teams.csv", "team,region\nT1,East\nT2,West\n")
    assert "views:" not in draft_mapping([alone]).yaml
