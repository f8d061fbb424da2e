"""Mapping files: what may stand in them, what they do to rows, and messages that name the line."""

from __future__ import annotations

import pytest

from bizops.errors import ContractError, InputError
from bizops.sources import open_data
from tests.sources.conftest import AS_OF, Place

EXPORT = """Opp ID;Rep;Value;Opened;Closed;Stage;Product
1;Ada Lovelace;"1.234,50 €";01.11.2025;05.01.2026;Closed Won;GTXPro
2;Grace Hopper;;02.11.2025;05.05.2026;Negotiation;GTX Pro
3;Ada Lovelace;(50,00);03.11.2025;05.02.2026;Closed Lost;Unheard of
"""

MAPPING = """
files:
  export:
    {file: export.csv, delimiter: ";", decimal: ",", dates: "%d.%m.%Y", instants: "%d.%m.%Y", time_zone: Europe/Berlin}
tables:
  opportunity:
    from: export
    key_prefix: "crm:"
    source: crm
    columns:
      opportunity_id: Opp ID
      owner_id: {sql: "md5(Rep)[:6]"}
      amount: Value
      created_at: Opened
      close_on: Closed
      is_closed: {column: Stage, map: {Closed Won: true, Closed Lost: true}, default: false}
      is_won: {column: Stage, map: {Closed Won: true}, default: false}
      product_id: {column: Product, map: {GTXPro: GTX Pro, GTX Pro: GTX Pro}, default: null}
      type: {constant: new}
      lead_source: {column: Product, map: {}, empty: unknown}
"""


@pytest.fixture
def export(place: Place) -> Place:
    place.write("export.csv", EXPORT, "utf-8")
    return place


def test_signs_dates_maps_constants_and_prefixes(export: Place) -> None:
    rows = export.frame("opportunity", export.mapped(MAPPING))
    assert [r["opportunity_id"] for r in rows] == ["crm:1", "crm:2", "crm:3"]
    assert [r["amount"] for r in rows] == [pytest.approx(1234.5), None, pytest.approx(-50)]
    assert [str(r["close_on"]) for r in rows] == ["2026-01-05", "2026-05-05", "2026-02-05"]
    # Midnight in Berlin is 23:00 of the day before in UTC.
    assert rows[0]["created_at"].isoformat() == "2025-10-31T23:00:00+00:00"
    assert [(r["is_closed"], r["is_won"]) for r in rows] == [(True, True), (False, False), (True, False)]
    assert [r["product_id"] for r in rows] == ["crm:GTX Pro", "crm:GTX Pro", None]
    assert {(r["type"], r["source"], r["currency"]) for r in rows} == {("new", "crm", "EUR")}
    assert all(r["owner_id"].startswith("crm:") and len(r["owner_id"]) == 10 for r in rows)


def test_changed_and_unknown_values_are_counted(export: Place) -> None:
    report = export.check(export.mapped(MAPPING))
    report.data.close()
    notes = report.quality[(report.quality.check == "value_map") & (report.quality.column == "product_id")]
    assert [(r.severity, r.rows, r.of, r.detail) for r in notes.itertuples()] == [
        ("warning", 1, 3, "1 row: 'GTXPro' read as 'GTX Pro'"),
        ("warning", 1, 3, "1 row: no entry in the value map, left empty ('Unheard of')"),
    ]


def test_cells_that_cannot_be_read_name_the_row_of_the_file(export: Place) -> None:
    text = EXPORT.replace("(50,00)", "fifty").replace("05.01.2026", "31.02.2026").replace("1.234,50 €", "1,234.50")
    export.write("export.csv", text)
    with pytest.raises(ContractError) as caught:
        open_data(export.mapped(MAPPING), AS_OF)
    message = str(caught.value)
    assert "export.csv: opportunity.amount: 2 of 3 rows: no number (row 2 ('1,234.50'), 4 ('fifty'))" in message
    assert "export.csv: opportunity.close_on: 1 of 3 rows: no possible day" in message
    assert "(row 2 ('31.02.2026'))" in message


def test_joins_conditions_views_and_unions(place: Place) -> None:
    place.write("deals.csv", "id,rep,value\n1,a,5\n2,b,7\n3,zz,9\n")
    place.write("old.csv", "number,amount\n1,100\n2,oops\n")
    place.write("reps.csv", "rep,person,region\na,P-1,North\nb,P-2,South\n")
    common = "close_on: {constant: 2026-01-01}\n        is_closed: {constant: true}\n        is_won: {constant: true}"
    text = f"""
files:
  deals: {{file: deals.csv}}
  reps: {{file: reps.csv}}
  old: {{file: old.csv}}
views:
  regions: SELECT region, count(*) AS n FROM reps GROUP BY region
tables:
  dim_team:
    from: regions
    columns: {{team_id: region}}
  opportunity:
    - from: deals
      join:
        - {{table: reps, on: deals.rep = reps.rep}}
      where: deals.id <> '2'
      key_prefix: "new:"
      columns:
        opportunity_id: id
        owner_id: person
        region: reps.region
        amount: value
        {common}
    - from: old
      key_prefix: "old:"
      columns:
        opportunity_id: number
        amount: amount
        {common}
"""
    with pytest.raises(
        ContractError, match=r"deals\.csv \+ reps\.csv \+ old\.csv: opportunity\.amount.*old\.csv row 3"
    ):
        open_data(place.mapped(text), AS_OF)
    place.write("old.csv", "number,amount\n1,100\n2,200\n")
    rows = place.frame("opportunity", place.mapped(text))
    assert [(r["opportunity_id"], r["owner_id"], r["region"], float(r["amount"])) for r in rows] == [
        ("new:1", "new:P-1", "North", 5.0),
        ("new:3", None, None, 9.0),
        ("old:1", None, None, 100.0),
        ("old:2", None, None, 200.0),
    ]
    assert [r["team_id"] for r in place.frame("dim_team", place.mapped(text))] == ["North", "South"]


def test_gaps_excuse_what_is_unknown(export: Place) -> None:
    text = MAPPING.replace("amount: Value", "amount: {constant: null}")
    with pytest.raises(ContractError, match="a closed opportunity needs amount"):
        open_data(export.mapped(text), AS_OF)
    text += "gaps:\n  opportunity.amount: the export has no values\n"
    with open_data(export.mapped(text), AS_OF) as data:
        assert data.gaps == {"opportunity.amount": "the export has no values"}
        panel = data.quality[data.quality.column == "amount"]
        assert set(panel.severity) == {"warning"}
        assert panel.detail.str.contains("the export has no values").all()


def changed(old: str, new: str) -> str:
    assert old in MAPPING
    return MAPPING.replace(old, new)


BROKEN: dict[str, tuple[str, tuple[str, ...]]] = {
    "bad indentation": (changed("  opportunity:", " opportunity:\n   x"), ("not valid YAML at line",)),
    "key twice": (changed("amount: Value", "amount: Value\n      amount: Other"), ("'amount' is given twice",)),
    "no files": ("tables: {}\n", ("'files' is missing",)),
    "misspelt name": (changed("delimiter", "delimeter"), ("line 4", "Did you mean 'delimiter'?")),
    "misspelt name in a column": (
        changed("default: null", "defualt: null"),
        ("line 18", "Did you mean 'default'?"),
    ),
    "misspelt name in a block": (changed("key_prefix", "key_prefx"), ("Did you mean 'key_prefix'?",)),
    "unknown table": (changed("  opportunity:", "  oportunity:"), ("line 6", "Did you mean 'opportunity'?")),
    "unknown canonical column": (
        changed("amount: Value", "ammount: Value"),
        ("line 13", "Did you mean 'amount'?"),
    ),
    "unknown source": (changed("from: export", "from: exprot"), ("line 7", "Did you mean 'export'?")),
    "unknown source column": (
        changed("amount: Value", "amount: Valeu"),
        ("opportunity.columns.amount", "export.csv has no column 'Valeu'", "Did you mean 'Value'?"),
    ),
    "two origins": (
        changed("{constant: new}", "{constant: new, column: Stage}"),
        ("give one of 'column', 'constant' and 'sql'",),
    ),
    "map without column": (
        changed("{constant: new}", "{constant: new, map: {a: b}}"),
        ("'map' needs 'column'",),
    ),
    "a list for a value": (changed("{constant: new}", "{constant: [1]}"), ("is no text, number, true or false",)),
    "bare yes as key": (changed("map: {Closed Won: true}", "map: {Yes: true}"), ("quote the keys",)),
    "same signs": (changed('decimal: ","', 'decimal: ",", thousands: ","'), ("are the same sign",)),
    "unknown zone": (changed("Europe/Berlin", "Europe/Berln"), ("Did you mean 'Europe/Berlin'?",)),
    "bad SQL": (changed("md5(Rep)[:6]", "md5(Rep"), ("tables.opportunity.columns.owner_id", "Parser Error")),
    "SQL with an unknown column": (changed("md5(Rep)", "md5(Repp)"), ("opportunity.columns.owner_id", "Repp")),
    "gap that names nothing": (
        MAPPING + "gaps: {opportunity.ammount: x}\n",
        ("no column 'opportunity.ammount'",),
    ),
    "missing file": (changed("export.csv", "exports.csv"), ("exports.csv", "the file does not exist")),
    "unknown encoding": (changed("decimal:", "encoding: odd-1, decimal:"), ("unknown encoding 'odd-1'",)),
    "header row beyond the end": (changed("decimal:", "header_row: 9, decimal:"), ("there is no row 9",)),
    "wrong delimiter": (
        changed('delimiter: ";"', 'delimiter: "|"'),
        ("separated by a semicolon, not by a bar",),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_mapping_is_one_clear_error(export: Place, name: str) -> None:
    text, parts = BROKEN[name]
    with pytest.raises(InputError) as caught:
        open_data(export.mapped(text), AS_OF)
    message = str(caught.value)
    for part in (*parts, "fix:"):
        assert part in message
    assert "Ada" not in message


def test_sql_that_fails_on_a_row_hides_the_cell(export: Place) -> None:
    text = MAPPING.replace("amount: Value", 'amount: {sql: "CAST(Rep AS INTEGER)"}')
    with pytest.raises(InputError, match=r"fails on a row \(ConversionException\)") as caught:
        open_data(export.mapped(text), AS_OF)
    assert "Ada" not in str(caught.value)
    assert "TRY_CAST" in str(caught.value)


def test_missing_mapping_file(place: Place) -> None:
    with pytest.raises(InputError, match="the file does not exist"):
        open_data(place.company(kind="mapping", mapping="nowhere.yaml"), AS_OF)
