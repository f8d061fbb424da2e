"""The index over the outputs: what is latest, what failed, what is kept; relative links that lead to files."""

import json
import shutil
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup

from bizops import press


@pytest.fixture
def publish(tmp_path, sample):
    """Leave a run behind as a run does, and make it the latest of its case if asked to."""

    def put(run_id, report="qbr", case="default", *, latest=False, **changes):
        record = sample.make_record(run_id=run_id, report=report, case=case, **changes)
        if record["status"] != "ok":
            record.update(page="failure.html", title="")
        folder = tmp_path / report / case
        (folder / run_id).mkdir(parents=True)
        (folder / run_id / "run.json").write_text(json.dumps(record))
        (folder / run_id / record["page"]).write_text("page")
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
    assert len(soup.find_all("script")) == 1


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
