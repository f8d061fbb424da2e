"""The index over the outputs: what is latest, what failed, what is kept; relative links that lead to files."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

from bizops import press
from bizops.reports.base import catalogue

HOSTILE = "</script><script>window.ran=1</script><img src=x onerror='window.ran=1'>{{7*7}}\u2028"


@pytest.fixture
def publish(tmp_path, sample):
    """Leave a run behind as a run does, and make it the latest of its case if asked to."""

    def put(run_id, report="qbr", case="default", *, latest=False, findings=None, **changes):
        record = sample.make_record(run_id=run_id, report=report, case=case, **changes)
        if record["status"] != "ok":
            record.update(page="failure.html", title="")
        folder = tmp_path / report / case
        (folder / run_id).mkdir(parents=True)
        (folder / run_id / "run.json").write_text(json.dumps(record))
        (folder / run_id / record["page"]).write_text("page")
        if findings is not None:
            (folder / run_id / "findings.json").write_text(json.dumps(findings))
        if latest:
            (folder / "latest.html").write_text("page")
            (folder / "latest.json").write_text(json.dumps({"run_id": run_id, "title": record["title"]}))
        return folder / run_id

    return put


@pytest.fixture
def site(tmp_path):
    def build():
        path = press.build_site(tmp_path)
        assert path == tmp_path / "index.html"
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for link in soup.find_all("a", href=True):
            target = unquote(link["href"])
            assert target.startswith("#") or (tmp_path / target).is_file(), target
        return soup

    return build


def test_without_reports_it_says_how_to_make_one(site):
    soup = site()
    assert "No report has been made yet" in soup.main.get_text()
    assert "make report" in soup.main.get_text()
    assert len(soup.find_all("h1")) == 1


def test_a_missing_folder_is_made(tmp_path):
    assert press.build_site(tmp_path / "new" / "outputs").is_file()


def test_a_case_shows_its_latest_conclusion(publish, site):
    publish("20261005T041500Z-3f9c", latest=True)
    soup = site()
    link = soup.article.h3.a
    assert link.get_text() == "New bookings were EUR 4.41 M, 11.8 % below plan"
    assert link["href"] == "qbr/default/latest.html"
    text = soup.article.get_text(" ", strip=True)
    assert "data as of 4\xa0Oct\xa02026" in text
    assert "made 5\xa0Oct\xa02026, 04:15 UTC" in text
    assert "● Good" in text
    assert "every last run is good" in soup.main.header.get_text()


def test_a_failed_last_run_is_told_beside_the_last_good_page(publish, site):
    publish("20261005T041500Z-3f9c", latest=True)
    publish("20261006T041500Z-0000", status="failed", started_at="2026-10-06T04:15:00.000Z")
    soup = site()
    assert soup.article.h3.a["href"] == "qbr/default/latest.html"
    assert "last run ■ Failed" in " ".join(soup.article.get_text(" ", strip=True).split())
    assert soup.article.find("a", string="why")["href"] == "qbr/default/20261006T041500Z-0000/failure.html"
    assert "the last run of 1 case did not succeed" in soup.main.header.get_text()


def test_history_lists_runs_newest_first_and_marks_the_latest(publish, site):
    publish("20261004T041500Z-0000", started_at="2026-10-04T04:15:00Z")
    publish("20261005T041500Z-3f9c", latest=True)
    publish("20261006T041500Z-0000", status="failed", started_at="2026-10-06T04:15:00Z")
    runs = [r.th.get_text() for r in site().article.details.tbody.find_all("tr")]
    assert runs == [
        "6\xa0Oct\xa02026, 04:15 UTC",
        "5\xa0Oct\xa02026, 04:15 UTC (latest)",
        "4\xa0Oct\xa02026, 04:15 UTC",
    ]


def test_a_run_with_other_parameters_is_kept_apart(publish, site):
    publish("20261005T041500Z-3f9c", latest=True)
    publish("20261007T041500Z-0000", overrides={"period": "2026Q2"}, title="Other")
    article = site().article
    own, kept = article.details.find_all("table")
    assert len(own.tbody.find_all("tr")) == 1
    assert "period=2026Q2" in kept.tbody.get_text()
    assert "● Good" in article.find("ul").get_text()
    assert "5\xa0Oct\xa02026" in article.find("ul").get_text()


OTHER = {"name": "Other", "file": "params/companies/other.yaml", "of_case": False}


@pytest.mark.parametrize(
    "later", [{"company": OTHER}, {"company": OTHER, "overrides": {"company": OTHER["file"]}}, {"overrides": {"x": 1}}]
)
def test_a_good_run_of_another_company_or_with_p_does_not_hide_a_failed_one(publish, site, later):
    publish("20261005T041500Z-3f9c", latest=True)
    publish("20261006T041500Z-0000", status="failed", started_at="2026-10-06T04:15:00Z")
    publish("20261007T041500Z-0000", started_at="2026-10-07T04:15:00Z", title="Other", **later)
    soup = site()
    assert "the last run of 1 case did not succeed" in soup.main.header.get_text()
    article = soup.article
    assert "■ Failed 6\xa0Oct\xa02026" in " ".join(article.find("ul").get_text(" ", strip=True).split(" "))
    own, kept = article.details.find_all("table")
    assert len(own.tbody.find_all("tr")) == 2
    differing = kept.tbody.find_all("td")[1].get_text()
    assert differing == ("x=1" if "company" not in later else "company=params/companies/other.yaml")


def test_a_failed_run_of_another_company_is_not_the_cases_last(publish, site):
    publish("20261005T041500Z-3f9c", latest=True)
    publish("20261007T041500Z-0000", status="failed", started_at="2026-10-07T04:15:00Z", company=OTHER)
    soup = site()
    assert "every last run is good" in soup.main.header.get_text()
    assert "● Good 5\xa0Oct\xa02026" in soup.article.find("ul").get_text(" ", strip=True)


def test_a_case_that_never_succeeded(publish, site):
    publish("20261006T041500Z-0000", status="failed")
    assert site().article.h3.get_text() == "No good page yet"


def test_what_is_no_report_is_not_listed(publish, site, tmp_path):
    publish("20261005T041500Z-3f9c", latest=True)
    publish("20261005T041500Z-3f9d", report="_data", case="demo")
    (tmp_path / "qbr" / "default" / ".tmp-20261006T041500Z-0000").mkdir()
    (tmp_path / "qbr" / "default" / "notes").mkdir()
    (tmp_path / "empty" / "case").mkdir(parents=True)
    soup = site()
    assert [h.get_text() for h in soup.find_all("h2")] == ["qbr"]
    assert "History: 1 run" in soup.article.details.summary.get_text()


def test_an_unreadable_record_is_listed_as_such(publish, site):
    folder = publish("20261005T041500Z-3f9c")
    (folder / "run.json").write_text('{"status": "o')
    article = site().article
    assert "Record unreadable" in article.get_text()
    assert not article.details.find_all("a")


def test_a_page_that_is_gone_is_not_linked(publish, site):
    folder = publish("20261005T041500Z-3f9c", latest=True)
    (folder / "report.html").unlink()
    assert not site().article.details.find_all("a")


def test_names_are_quoted_in_links_and_escaped_in_words(publish, site):
    publish("20261005T041500Z-3f9c", case="north & <b>south #1?", title="<script>alert(1)</script>", latest=True)
    soup = site()
    assert soup.article.find("p").get_text() == "north & <b>south #1?"
    assert soup.article.h3.a.get_text() == "<script>alert(1)</script>"
    assert [s.get("type") for s in soup.find_all("script")] == [None, "application/json", None]


def test_no_path_of_this_machine_is_told(publish, site, tmp_path):
    publish("20261005T041500Z-3f9c", latest=True)
    site()
    assert str(tmp_path) not in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_the_folder_can_be_moved(publish, site, tmp_path):
    publish("20261005T041500Z-3f9c", latest=True)
    before = site()
    moved = tmp_path.parent / f"{tmp_path.name}-moved"
    shutil.copytree(tmp_path, moved)
    for link in before.find_all("a", href=True):
        assert link["href"].startswith("#") or (moved / unquote(link["href"])).is_file()


def test_it_is_made_again_byte_by_byte_and_leaves_nothing_behind(publish, tmp_path):
    publish("20261005T041500Z-3f9c", latest=True)
    first = press.build_site(tmp_path).read_bytes()
    assert press.build_site(tmp_path).read_bytes() == first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["index.html", "qbr"]


def test_ids_are_unique_and_tables_named(publish, site):
    for case in ("default", "nordics"):
        publish("20261005T041500Z-3f9c", case=case, latest=True)
        publish("20261007T041500Z-0000", case=case, overrides={"a": 1})
    soup = site()
    ids = [e["id"] for e in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert len({t.caption["id"] for t in soup.find_all("table")}) == 4


def said(title="New bookings were EUR 4.41 M, 11.8 % below plan", label="Bookings", metric="BKG-01", **more):
    """A findings document with one card, one metric over three closed quarters, one finding and two changes."""
    values = {"2025Q4": 4.1e6, "2026Q1": 4.2e6, "2026Q2": None}
    tracked = [
        {"metric": metric, "label": label, "unit": "money", "period": key, "period_label": f"{key[4:]} FY{key[2:4]}",
         "is_closed": True, "value": value, "n": 31, "better": "up", "currency": "EUR", "scope": "company"}
        for key, value in {**values, "2026Q3": 4.41e6}.items()
    ]  # fmt: skip
    changes = [
        {"id": "a", "kind": "restated", "sentence": f"{label} for Q1 FY26 fell."},
        {"id": "b", "kind": "data", "sentence": "The table quota is missing."},
        {"id": "c", "kind": "data", "sentence": "A third change."},
    ]
    return {
        "title": title,
        "period": {"key": "2026Q3"},
        "answer": {"title": title, "sentences": ["Enterprise explains most of it."], "status": "watch"},
        "kpis": [{"id": "b", "label": label, "value": 4.41e6, "unit": "money", "currency": "EUR", "status": "watch"}],
        "findings": [{"id": "nordics", "sentence": f"{label} in São Paulo held.", "severity": "info"}],
        "tracked": tracked,
        "definitions": [
            {"id": metric, "name": label, "definition": f"Value of deals won {title}", "reading": "money",
             "owner": "CRO", "source": "Dictionary", "revision": "1", "unit": "money",
             "policies": [{"id": "P15", "name": "Bookings value", "value": "acv", "meaning": "first-year value"}]}
        ],
        "changes": {"items": changes, "shown": ["a", "b", "c"], "remark": "", "reason": ""},
        **more,
    }  # fmt: skip


def links_of(outputs):
    """Every link of every page of the site, as (page, target file, fragment)."""
    for page in (outputs / "index.html", *sorted((outputs / "_site").rglob("*.html"))):
        for link in BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").find_all("a", href=True):
            parts = urlsplit(link["href"])
            assert not parts.scheme
            assert not parts.path.startswith("/")
            yield page, (page.parent / unquote(parts.path) if parts.path else page), parts.fragment


def test_a_case_shows_its_headline_metric_and_what_changed(publish, site):
    publish("20261005T041500Z-3f9c", latest=True, findings=said())
    article = site().article
    assert article.find(class_="headline").get_text(" ", strip=True) == "Bookings EUR\xa04.41\xa0M ▲ Watch"
    told = [li.get_text() for li in article.find(class_="changed").find_all("li")]
    assert told == ["Bookings for Q1 FY26 fell.", "The table quota is missing."]


def test_what_is_said_of_the_comparison_comes_first(publish, site):
    told = said()["changes"] | {"remark": "The run compared with is of a later period."}
    publish("20261005T041500Z-3f9c", latest=True, findings=said(changes=told))
    found = [li.get_text() for li in site().article.find(class_="changed").find_all("li")]
    assert found == ["The run compared with is of a later period.", "Bookings for Q1 FY26 fell."]


def test_why_nothing_is_compared_is_told_too(publish, site):
    changes = {"items": [], "shown": [], "remark": "", "reason": "This is the first run."}
    publish("20261005T041500Z-3f9c", latest=True, findings=said(changes=changes))
    assert [li.get_text() for li in site().article.find(class_="changed").find_all("li")] == ["This is the first run."]


@pytest.mark.parametrize(
    ("as_of", "words", "stale"),
    [
        ("2026-09-26", "Stale: 8 days older than the newest page", True),
        ("2026-09-27", "7 days older than the newest page", False),
        ("2026-10-03", "1 day older than the newest page", False),
    ],
)
def test_an_old_page_is_called_stale_by_words(publish, site, as_of, words, stale):
    publish("20261005T041500Z-3f9c", case="a", latest=True, as_of=as_of)
    publish("20261005T041500Z-3f9c", case="b", latest=True, as_of="2026-10-04")
    soup = site()
    old, new = soup.find_all("article")
    assert words in old.get_text(" ", strip=True)
    assert ("Stale" in old.get_text()) is stale
    assert "older than" not in new.get_text()
    assert ("1 page is stale" in soup.header.find_next("header").get_text(" ", strip=True)) is stale


@pytest.mark.parametrize("content", ["{", "[]", '{"kpis": 3, "tracked": ["x"], "changes": [], "definitions": [null]}'])
def test_damaged_findings_do_not_stop_the_site(publish, tmp_path, content):
    folder = publish("20261005T041500Z-3f9c", latest=True)
    (folder / "findings.json").write_text(content)
    assert "New bookings were" in press.build_site(tmp_path).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("key", "damage"),
    [
        ("changes", {"items": 5}),
        ("changes", {"items": [{"id": "a"}], "shown": 5}),
        ("answer", {"sentences": 5}),
        ("kpis", [{"id": "b", "label": "B", "value": 1.0, "unit": "rate", "n": "many", "metric": "BKG-01"}]),
        ("definitions", [{"id": "BKG-01", "name": "B", "definition": "x", "policies": 5}]),
        ("definitions", [{"id": "BKG-01", "name": "B", "definition": "x", "policies": [5]}]),
        ("tracked", [{"metric": "BKG-01", "value": 1.0, "unit": "money"}]),
        ("tracked", [{"period": "2026Q1", "value": 1.0, "unit": "money"}]),
    ],
)
def test_a_damaged_part_of_the_findings_does_not_stop_the_site(publish, tmp_path, key, damage):
    publish("20261005T041500Z-3f9c", latest=True, findings=said(**{key: damage}))
    publish("20261005T041500Z-3f9c", case="nordics", latest=True, findings=said())
    assert "nordics" in press.build_site(tmp_path).read_text(encoding="utf-8")


def test_a_metric_has_a_page_with_definition_values_and_history(publish, tmp_path):
    publish("20261005T041500Z-3f9c", latest=True, findings=said())
    publish("20261005T041500Z-3f9c", case="nordics", latest=True, findings=said())
    press.build_site(tmp_path)
    soup = BeautifulSoup((tmp_path / "_site/metrics/bkg-01.html").read_text(encoding="utf-8"), "html.parser")
    text = soup.main.get_text(" ", strip=True)
    for expected in ("Bookings", "BKG-01", "Value of deals won", "P15 Bookings value: acv", "CRO", "Dictionary"):
        assert expected in text
    now, past = soup.find_all("table")
    assert [[c.get_text() for c in row.find_all(["th", "td"])][1:3] for row in now.tbody.find_all("tr")] == [
        ["EUR\xa04.41\xa0M", "31"]
    ] * 2
    assert now.tbody.a["href"] == "../../qbr/default/latest.html#m-bkg-01"
    rows = [[c.get_text() for c in row.find_all(["th", "td"])] for row in past.tbody.find_all("tr")]
    assert rows == [
        ["Q3 FY26", "EUR\xa04.41\xa0M", "EUR\xa04.41\xa0M"],
        ["Q2 FY26", "n/a", "n/a"],
        ["Q1 FY26", "EUR\xa04.20\xa0M", "EUR\xa04.20\xa0M"],
        ["Q4 FY25", "EUR\xa04.10\xa0M", "EUR\xa04.10\xa0M"],
    ]


def shown_for(metric, publish, tmp_path, **more):
    """The value, records and period of a metric that is not tracked for the page's own period."""
    found = said(metric=metric, **more)
    publish("20261005T041500Z-3f9c", latest=True, findings=found)
    press.build_site(tmp_path)
    soup = BeautifulSoup((tmp_path / f"_site/metrics/{metric.lower()}.html").read_text(encoding="utf-8"), "html.parser")
    return soup.table.tbody.tr.find_all("td")[:3]


def test_a_metric_page_takes_a_value_from_the_card(publish, tmp_path):
    card = {"id": "c", "label": "B", "metric": "BKG-08", "value": 7.3e6, "unit": "money", "currency": "EUR",
            "status": "watch", "n": 1571}  # fmt: skip
    cells = shown_for("BKG-08", publish, tmp_path, tracked=[], kpis=[card])
    assert [c.get_text() for c in cells[:2]] == ["EUR\xa07.30\xa0M", "1,571"]


def test_a_metric_page_takes_a_value_of_the_coming_period_and_says_which(publish, tmp_path):
    ahead = {"metric": "BKG-07", "label": "Coverage", "unit": "multiple", "period": "2026Q4", "period_label": "Q4 FY26",
             "is_closed": False, "value": 2.6769, "n": 1086, "scope": "company"}  # fmt: skip
    cells = shown_for("BKG-07", publish, tmp_path, tracked=[ahead])
    assert [c.get_text() for c in cells] == ["2.7×", "1,086", "Q4 FY26"]


def test_a_metric_page_takes_a_value_from_a_finding_on_the_whole_metric(publish, tmp_path):
    stated = {"id": "p", "sentence": "s", "severity": "info", "metric": "QTA-01", "unit": "money", "currency": "EUR"}
    whole, part = ({**stated, "value": 3.2e6, "n": 60}, {**stated, "id": "q", "value": -1e5, "at_stake": -1e5})
    cells = shown_for("QTA-01", publish, tmp_path, tracked=[], findings=[part, whole])
    assert [c.get_text() for c in cells[:2]] == ["EUR\xa03.20\xa0M", "60"]


def test_a_metric_that_a_page_only_explains_is_linked_and_not_called_missing(publish, tmp_path):
    cells = shown_for("ARR-09", publish, tmp_path, tracked=[], findings=[])
    assert cells[0].get_text() == "shown on the page"
    assert cells[0].a["href"] == "../../qbr/default/latest.html#m-arr-09"


def test_every_registered_metric_has_a_page_though_no_report_shows_it(publish, tmp_path):
    publish("20261005T041500Z-3f9c", latest=True, findings=said())
    known = catalogue()
    press.build_site(tmp_path, known)
    names = {p.stem for p in (tmp_path / "_site/metrics").glob("*.html")} - {"index"}
    assert names == {m["id"].lower() for m in known}
    assert len(names) > 20
    other = next(m for m in known if m["id"] != "BKG-01" and m["policies"])
    text = (tmp_path / f"_site/metrics/{other['id'].lower()}.html").read_text(encoding="utf-8")
    assert "No report shows this metric yet." in text
    assert other["policies"][0]["name"] in text
    listed = BeautifulSoup((tmp_path / "_site/metrics/index.html").read_text(encoding="utf-8"), "html.parser")
    assert len(listed.find("ul", class_="glossary").find_all("li")) == len(known)


def test_a_metric_that_is_gone_takes_its_page_with_it(publish, tmp_path):
    folder = publish("20261005T041500Z-3f9c", latest=True, findings=said())
    press.build_site(tmp_path)
    assert (tmp_path / "_site/metrics/bkg-01.html").is_file()
    (folder / "findings.json").write_text("{}")
    press.build_site(tmp_path)
    assert not (tmp_path / "_site").exists()


def test_an_id_is_no_path(publish, tmp_path):
    publish("20261005T041500Z-3f9c", latest=True, findings=said(metric="../../evil"))
    press.build_site(tmp_path)
    assert not list(tmp_path.parent.rglob("evil*"))


def test_all_links_of_all_pages_resolve_also_in_a_moved_folder(publish, tmp_path):
    for case in ("default", "north & south #1?"):
        publish("20261005T041500Z-3f9c", case=case, latest=True, findings=said())
    publish("20261006T041500Z-0000", status="failed", started_at="2026-10-06T04:15:00.000Z")
    press.build_site(tmp_path, catalogue())
    moved = tmp_path.parent / f"{tmp_path.name} moved"
    shutil.move(tmp_path, moved)
    found = list(links_of(moved))
    assert len(found) > 200
    for page, target, _ in found:
        assert target.is_file(), f"{page}: {target}"
    tmp_path.mkdir()


def test_the_site_says_the_same_when_made_again(publish, tmp_path):
    publish("20261005T041500Z-3f9c", latest=True, findings=said())

    def content():
        press.build_site(tmp_path, catalogue())
        return {p: p.read_bytes() for p in tmp_path.rglob("*.html")}

    assert content() == content()


def test_what_the_search_looks_through_cannot_break_out_of_its_element(publish, site):
    publish("20261005T041500Z-3f9c", latest=True, title=HOSTILE, findings=said(HOSTILE, label=HOSTILE))
    data = site().find("script", type="application/json").string
    assert not re.search(r"[<>&\u2028\u2029]", data)
    items = json.loads(data)
    assert items[0]["t"] == HOSTILE
    assert {i["k"] for i in items} == {"Report", "Finding", "Metric"}


def test_it_speaks_the_language_of_the_newest_page(publish, site):
    publish("20261005T041500Z-3f9c", latest=True, findings=said(), locale="fr")
    assert site().html["lang"] == "fr"


@pytest.fixture
def visit(browser):
    pages = []

    def go(path, **options):
        context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        pages.append(context)
        page = context.new_page()
        page.requests, page.troubles = [], []
        page.on("request", lambda r: page.requests.append(r.url))
        page.on("console", lambda m: page.troubles.append(m.text))
        page.on("pageerror", lambda e: page.troubles.append(str(e)))
        page.on("dialog", lambda d: (page.troubles.append(d.message), d.dismiss()))
        page.goto(Path(path).as_uri())
        return page

    yield go
    for context in pages:
        context.close()


def test_the_search_finds_by_words(publish, tmp_path, visit):
    publish("20261005T041500Z-3f9c", latest=True, findings=said())
    churn = {"title": "Churn fell to 2 %", "findings": said("Churn fell to 2 %", label="Churn")}
    publish("20261005T041500Z-3f9c", case="nordics", latest=True, **churn)
    page = visit(press.build_site(tmp_path))

    def hits(words):
        page.fill("#search", words)
        return page.eval_on_selector_all("#hits a", "es => es.map(e => [e.textContent, e.getAttribute('href')])")

    assert hits("churn FELL")[0] == ["Churn fell to 2 %", "qbr/nordics/latest.html"]
    assert ["Bookings in São Paulo held.", "qbr/default/latest.html#f-nordics"] in hits("sao paulo")
    assert hits("dictionary of nothing") == []
    assert page.locator("#found").text_content() == "0 found"
    assert any(href == "_site/metrics/bkg-01.html" for _, href in hits("value won"))
    assert hits("enterprise explains")[0][1].endswith("/latest.html"), "the words of the answer lead to the page"
    assert hits("") == []
    page.fill("#search", "churn fell")
    page.locator("#hits a").first.click()
    assert page.url.endswith("/qbr/nordics/latest.html")
    assert page.troubles == []
    assert all(url.startswith("file:") for url in page.requests)


def test_hostile_names_run_nothing(publish, tmp_path, visit):
    findings = said(HOSTILE, label=HOSTILE, answer={"sentences": [HOSTILE]})
    publish("20261005T041500Z-3f9c", latest=True, title=HOSTILE, findings=findings, report_title=HOSTILE)
    index = press.build_site(tmp_path)
    for path in (index, tmp_path / "_site/metrics/index.html", tmp_path / "_site/metrics/bkg-01.html"):
        page = visit(path)
        if path == index:
            page.fill("#search", "script")
            assert page.locator("#hits li").count() == 3
            assert page.locator("#hits img").count() == 0
        assert page.evaluate("window.ran === undefined")
        assert page.troubles == []
        assert len(page.requests) == 1


def test_without_script_the_list_is_there_and_no_empty_box(publish, tmp_path, visit):
    publish("20261005T041500Z-3f9c", latest=True, findings=said())
    page = visit(press.build_site(tmp_path), java_script_enabled=False)
    assert not page.locator("#search").is_visible()
    assert page.locator("article h3 a").is_visible()
    assert page.locator(".links a").is_visible()


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("name", ["index.html", "_site/metrics/index.html", "_site/metrics/bkg-01.html"])
def test_no_page_is_wider_than_its_window(publish, tmp_path, visit, width, name):
    publish("20261005T041500Z-3f9c", latest=True, title="x" * 90, findings=said(label="Wortzusammensetzung" * 6))
    press.build_site(tmp_path, catalogue())
    page = visit(tmp_path / name)
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_both_themes_and_paper(publish, tmp_path, visit):
    publish("20261005T041500Z-3f9c", latest=True, findings=said())
    press.build_site(tmp_path)
    grounds = []
    for scheme in ("light", "dark"):
        page = visit(tmp_path / "index.html", color_scheme=scheme)
        grounds.append(page.eval_on_selector(".case", "e => getComputedStyle(e).backgroundColor"))
        page.emulate_media(media="print")
        assert not page.locator("#search").is_visible()
        assert page.eval_on_selector("body", "e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"
    assert grounds[0] != grounds[1]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (320, "light")])
def test_axe_finds_no_violation(publish, tmp_path, visit, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    publish("20261005T041500Z-3f9c", latest=True, findings=said())
    publish("20261006T041500Z-0000", status="failed", started_at="2026-10-06T04:15:00.000Z")
    press.build_site(tmp_path)
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    for name in ("index.html", "_site/metrics/index.html", "_site/metrics/bkg-01.html"):
        page = visit(tmp_path / name, color_scheme=scheme, bypass_csp=True)
        page.set_viewport_size({"width": width, "height": 900})
        if name == "index.html":
            page.fill("#search", "bookings")
        found = axe.Axe().run(page, options={"runOnly": rules}).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
