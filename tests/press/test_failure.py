"""The failure page tells the analyst where and what to do, and shows no value from the data."""

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bizops import press
from bizops.errors import InputError

PERSON = "Jane Doe"
TRACEBACK = [
    "\x1b[31m---------------\x1b[39m",
    "\x1b[31mKeyError\x1b[39m                    Traceback (most recent call last)",
    "\x1b[36mCell\x1b[39m\x1b[36m \x1b[39m\x1b[32mIn[2]\x1b[39m\x1b[32m, line 2\x1b[39m\n"
    "      1 name = who()\n----> 2 quota(data, name)",
    f"\x1b[36mFile \x1b[39m\x1b[32m/srv/team/bizops/metrics/quota.py:41\x1b[39m, in \x1b[36mquota\x1b[39m(data, name)\n"
    f"     40 # looks up {PERSON}\n---> 41 return people[name]",
    "\x1b[36mFile \x1b[39m\x1b[32m/srv/.venv/lib/python3.11/site-packages/pandas/core/series.py:9\x1b[39m, "
    "in \x1b[36mget\x1b[39m(k)",
    f"\x1b[31mKeyError\x1b[39m: '{PERSON}'",
]


@pytest.fixture
def notebook():
    error = new_output("error", ename="KeyError", evalue=f"'{PERSON}'", traceback=TRACEBACK)
    cell = new_code_cell("name = who()\nquota(data, name)\nshow(data)", outputs=[error])
    return new_notebook(cells=[new_code_cell("import bizops"), new_markdown_cell("## Quota"), cell])


@pytest.fixture
def failed(sample):
    """The record of a run that failed in its second code cell, the third of the notebook."""

    def make(kind="KeyError", message=f"'{PERSON}'", **changes):
        cells = [{"index": 0, "status": "ok"}, {"index": 2, "status": "failed"}, {"index": 3, "status": "not run"}]
        error = {"type": kind, "message": message, "cell": 2}
        return sample.make_record(status="failed", error=error, cells=cells, page="failure.html", **changes)

    return make


def text_of(page):
    return BeautifulSoup(page, "html.parser").get_text(" ", strip=True)


def test_it_names_the_report_the_error_and_the_cell(failed, notebook):
    soup = BeautifulSoup(press.failure_page(failed(), notebook), "html.parser")
    assert soup.h1.get_text(" ", strip=True) == "■ Failed. qbr (default) did not complete: KeyError in code cell 2 of 3"
    assert soup.title.get_text() == "qbr (default) did not complete: KeyError in code cell 2 of 3"
    assert "after 1 of 3 code cells" in soup.get_text()
    assert soup.mark.get_text() == "quota(data, name)"


def test_the_message_of_a_foreign_error_is_not_shown(failed, notebook):
    page = press.failure_page(failed(), notebook)
    assert PERSON not in page
    assert "not shown" in text_of(page)


def test_the_traceback_is_places_alone_folded_away(failed, notebook):
    soup = BeautifulSoup(press.failure_page(failed(), notebook), "html.parser")
    places = [li.get_text() for li in soup.details.find_all("li")]
    assert places == [
        "this cell, line 2",
        "bizops/metrics/quota.py, line 41, in quota",
        "pandas/core/series.py, line 9, in get",
    ]
    assert not soup.details.has_attr("open")
    assert "/srv" not in soup.get_text()


def test_our_own_message_is_shown_word_for_word(failed, notebook):
    error = InputError("no column 'amount'", where="deals.csv", fix="map it, or <leave> it out")
    soup = BeautifulSoup(press.failure_page(failed("InputError", str(error)), notebook), "html.parser")
    assert str(error) in [pre.get_text() for pre in soup.find_all("pre")]
    assert not soup.find("leave")


@pytest.mark.parametrize("kind", ["DeadKernel", "CellTimeout", "EarlyExit", "DataChanged"])
def test_an_end_from_outside_a_cell_is_explained(failed, kind):
    page = text_of(press.failure_page(failed(kind, "told by the run")))
    assert "told by the run" in page


def test_it_says_what_to_do(failed):
    page = text_of(press.failure_page(failed()))
    assert "JupyterLab" in page
    assert "bizops run qbr --case default" in page


def test_it_leads_to_the_last_good_page_if_there_is_one(failed):
    def links(page):
        return [a["href"] for a in BeautifulSoup(page, "html.parser").find_all("a", href=True)]

    assert "../latest.html" in links(press.failure_page(failed(previous="20261001T041500Z-aaaa")))
    without = press.failure_page(failed(previous=None))
    assert "../latest.html" not in links(without)
    assert "no good page yet" in text_of(without)


def test_parameters_are_listed_with_where_they_come_from(failed):
    given = {"company": "x.yaml", "as_of": "2026-10-04", "period": "2026Q3", "level": "region", "people": False}
    record = failed(
        parameters=given,
        origins={"company": "--company", "as_of": "--as-of", "period": "case", "level": "-p", "people": "default"},
    )
    rows = BeautifulSoup(press.failure_page(record), "html.parser").tbody.find_all("tr")
    found = {r.th.get_text(): [td.get_text() for td in r.find_all("td")] for r in rows}
    assert found == {
        "company": ["x.yaml", "command line (--company)"],
        "as_of": ["2026-10-04", "command line (--as-of)"],
        "period": ["2026Q3", "case"],
        "level": ["region", "command line (-p)"],
        "people": ["no", "default"],
    }


def test_the_command_to_run_again_is_the_one_that_was_given(failed):
    command = ["bizops", "run", "qbr", "--case", "default", "-p", "member=Great Britain", "--as-of", "2026-09-30"]
    page = text_of(press.failure_page(failed(command=command)))
    assert "Run it again: bizops run qbr --case default -p 'member=Great Britain' --as-of 2026-09-30" in page


def test_a_traceback_that_names_no_folder_is_told_from_the_package_on(failed, notebook):
    error = notebook.cells[2].outputs[0]
    error.traceback = [line.replace("/srv/team/", "") for line in error.traceback]
    places = [li.get_text() for li in BeautifulSoup(press.failure_page(failed(), notebook), "html.parser").ol("li")]
    assert "bizops/metrics/quota.py, line 41, in quota" in places


def test_a_record_without_anything_still_gives_a_page():
    page = BeautifulSoup(press.failure_page({}), "html.parser")
    assert len(page.find_all("h1")) == 1
    assert "report (default) did not complete: Error" in page.h1.get_text()


def test_a_cell_that_is_not_there_is_no_obstacle(failed):
    record = failed()
    record["error"]["cell"] = 99
    assert "KeyError" in press.failure_page(record, new_notebook(cells=[]))
