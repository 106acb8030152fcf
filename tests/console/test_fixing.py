"""Fixing rejected rows in the browser, without script: typed, checked, set aside, reported."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from lxml import html

from app.services.context import Service
from tests.builders.bodies import GRAND_ROUNDS, a_completion
from tests.builders.pars_documents import learners, report, xml
from tests.builders.sent_files import row, workbook
from tests.harness.api import Api, settle
from tests.harness.console.windows import SAME_SITE, Window, sign_in
from tests.harness.uploads import work_through, worked

DATABASES = ["sqlite"]
DATES = [f"12/{day}/2021" for day in range(13, 18)]


@pytest.fixture
def clerk(window: Window, service: Service, api: Api) -> Window:
    """A clerk of the provider of Grand Rounds, signed in."""
    sign_in(window, service)
    return window


@pytest.fixture
def here(api: Api, service: Service) -> str:
    """The page that fixes four rows: three have the same fault, one matches nobody."""
    rows = [row(Number_of_CME_Credits=2.1, Completion_Date=day) for day in DATES[:3]]
    batch = worked(api, service, workbook([*rows, row(Licensing_ID="555555", Completion_Date=DATES[3])]))
    return f"/p/0008001/uploads/{batch['batch_id']}/fix"


def named(window: Window, here: str, number: int, value: str) -> str:
    """Return the name of the input of a row that holds a value."""
    (name,) = [name for name, held in window.fields(here).items() if name.startswith(f"{number}.") and held == [value]]
    return str(name)


def press(window: Window, here: str, button: str, **typed: str) -> Window:
    return window.send(here, window.fields(here) | typed | {"do": button})


def test_only_what_is_at_fault_is_an_input(clerk: Window, here: str) -> None:
    clerk.open(here)
    assert clerk.heading == "4 of 4 rows need fixing"
    inputs = [name for name in clerk.fields(here) if name.startswith("3.")]
    assert len(inputs) == 1
    assert clerk.fields(here)[inputs[0]] == ["2.1"]
    whole = [name for name in clerk.open(f"{here}?edit=3").fields(here) if name.startswith("3.")]
    assert len(whole) > 10
    # Nobody was matched: whoever it is, any of these may be wrong.
    person = {held[0] for name, held in clerk.fields(here).items() if name.startswith("6.")}
    assert {"Rebecca", "Test", "02/01", "555555"} <= person


@pytest.mark.parametrize("form", ["xml", "json"])
def test_a_finding_on_a_certificate_of_a_document_marks_its_field(
    clerk: Window, api: Api, service: Service, form: str
) -> None:
    wrong, nobody = report(a_completion(credits=1.1)), report(a_completion(license_id="555555"))
    sent = learners([wrong, nobody])
    content = xml(sent).encode() if form == "xml" else json.dumps(sent).encode()
    batch = worked(api, service, content, name=f"learners.{form}")
    assert batch["counts"]["rejected"] == 2, batch
    here = f"/p/0008001/uploads/{batch['batch_id']}/fix"
    fields = clerk.open(here).fields(here)
    # The amount of the certificate, and no other; of whom nobody was matched, all that says who it is.
    assert [held[0] for name, held in fields.items() if name.startswith("1.")] == ["1.1"]
    assert {"Rebecca", "Test", "02/01", "555555"} <= {held[0] for name, held in fields.items() if name.startswith("2.")}
    assert len(clerk.tree.xpath("//input[starts-with(@name, '1.') and @aria-invalid='true']")) == 1
    press(clerk, here, "check:1", **{named(clerk, here, 1, "1.1"): "1.25"})
    assert "1 row was checked, 1 ready." in clerk.text
    settle(service)


def test_a_row_is_typed_checked_and_reported(clerk: Window, here: str, service: Service, api: Api) -> None:
    clerk.open(here)
    name = named(clerk, here, 3, "2.1")
    press(clerk, here, "check:3", **{name: "2.25"})
    assert "1 row was checked, 1 ready." in clerk.text
    assert "1 of 4 ready." in clerk.text
    assert api.completions(activity_id=GRAND_ROUNDS) == []
    press(clerk, here, "report")
    assert clerk.status == 422
    assert "nobody has said that the learners agreed" in clerk.text
    press(clerk, here, "report", permission_attested="true")
    assert "The ready rows are being reported." in clerk.text
    work_through(service)
    clerk.open(here)
    assert clerk.heading == "3 of 4 rows need fixing"
    assert "Reported as row 3: added" in clerk.text
    assert len(api.completions(activity_id=GRAND_ROUNDS)) == 1
    settle(service)


def test_one_fault_of_many_rows_is_mended_by_one_button(clerk: Window, here: str) -> None:
    clerk.open(here)
    assert "3 rows have the same fault" in clerk.text
    (button,) = [value for value in buttons(clerk) if value.startswith("same:") and '"2"]' in value]
    press(clerk, here, button)
    assert "“2” was written in 3 rows; 3 are ready." in clerk.text
    assert "3 of 4 ready." in clerk.text


def buttons(window: Window) -> list[str]:
    from lxml import html

    assert window.shown is not None
    return [str(value) for value in html.fromstring(window.shown.text).xpath("//button[@name='do']/@value")]


def test_what_was_typed_is_kept_with_every_button(clerk: Window, here: str) -> None:
    clerk.open(here)
    name = named(clerk, here, 3, "2.1")
    press(clerk, here, "aside:6:no-physician", **{name: "7"})
    assert "Row 6 was set aside." in clerk.text
    assert named(clerk, here, 3, "7")
    assert "No physician" in clerk.text
    press(clerk, here, "up:6")
    assert clerk.heading == "4 of 4 rows need fixing"


def test_the_later_of_two_clerks_is_told_and_loses_nothing(
    clerk: Window, here: str, open_window: Callable[[], Window], service: Service
) -> None:
    other = open_window()
    sign_in(other, service, "other@example.org")
    drawn: dict[str, Any] = other.open(here).fields(here)
    clerk.open(here)
    name = named(clerk, here, 3, "2.1")
    press(clerk, here, "check", **{name: "2.25"})
    other.send(here, drawn | {name: "3", "do": "check"})
    assert other.status == 412
    assert "Somebody else changed this row meanwhile: Number of CME Credits is now “2.25”." in other.text
    # Theirs still stands, and their check; what was typed is in the field, under the version that is there now.
    assert named(clerk.open(here), here, 3, "2.25")
    assert named(other, here, 3, "3")
    press(other, here, "check")
    assert named(other, here, 3, "3")


@pytest.mark.parametrize(
    ("content", "judged", "said"),
    [
        (b"no workbook", True, "This file could not be read, so there is no row to fix."),
        (workbook([row()]), True, "No row of this file was rejected."),
        (workbook([row(Number_of_CME_Credits=2.1)]), False, "This file is still being judged."),
    ],
)
def test_where_no_row_can_be_fixed_the_page_says_why(
    clerk: Window, api: Api, service: Service, content: bytes, judged: bool, said: str
) -> None:
    form = {"kind": "learner-completions", "permission_attested": "true"}
    batch = api.send("POST", "/v1/batches", files={"file": ("f.xlsx", content)}, data=form).json
    if judged:
        work_through(service)
    clerk.open(f"/p/0008001/uploads/{batch['batch_id']}/fix")
    assert (clerk.status, clerk.heading) == (200, "Nothing is left to fix" if judged else "Nothing to fix yet")
    assert said in clerk.text
    assert clerk.tree.xpath("//main//a[contains(@href, '/files/rejected')]") == []


def test_a_closed_tab_loses_nothing_and_a_finished_page_says_so(clerk: Window, here: str, service: Service) -> None:
    clerk.open(here)
    press(clerk, here, "check", **{named(clerk, here, 3, "2.1"): "2.75"})
    assert named(clerk.open(here), here, 3, "2.75")
    for number in (3, 4, 5, 6):
        press(clerk, here, f"aside:{number}:other")
    assert clerk.heading == "Nothing is left to fix"
    result = here.removesuffix("/fix")
    assert clerk.open(result).heading == "Nothing is left to fix"


@pytest.mark.parametrize(
    "button",
    ["check:" + "9" * 30, "aside:" + "9" * 30 + ":other", "up:" + "9" * 30, "up:٣", "check:x", "same:1", "same:null",
     "same:[1]", "same:{}", "same:" + "[" * 100_000, "same:[[],[],[],[]]", "nothing", "report:1", "aside:6", "\0"],
)  # fmt: skip
def test_buttons_of_no_page_of_ours_are_answered_by_a_page(clerk: Window, here: str, button: str) -> None:
    clerk.open(here)
    press(clerk, here, button)
    assert clerk.status < 500, clerk.text
    assert clerk.open(here).heading == "4 of 4 rows need fixing"


def test_line_breaks_that_no_input_shows_are_no_change(clerk: Window, api: Api, service: Service) -> None:
    """A browser sends the text of an input without its line breaks: nobody typed that."""
    batch = worked(api, service, workbook([row(First_Name="Re\nbecca", Licensing_ID="555555")]))
    here = f"/p/0008001/uploads/{batch['batch_id']}/fix"
    clerk.open(here)
    name = named(clerk, here, 3, "Re\nbecca")
    press(clerk, here, "check", **{name: "Rebecca"})
    assert "Nothing was changed since its last check." in clerk.text
    licence = named(clerk, here, 3, "555555")
    press(clerk, here, "check", **{name: "Rebecca", licence: "444445"})
    (stands,) = api.get(f"/v1/batches/{batch['batch_id']}/rows", include="record").json["data"]
    assert [field["value"] for field in stands["record"] if field["value"] != field["sent"]] == ["444445"]


def test_what_is_typed_is_shown_as_text(clerk: Window, here: str) -> None:
    clerk.open(here)
    nasty = "\"><script>alert(1)</script><b onclick='x'>{{ 7*7 }}"
    press(clerk, here, "check", **{named(clerk, here, 6, "Rebecca"): nasty})
    assert named(clerk, here, 6, nasty)
    assert clerk.tree.xpath("//b[@onclick] | //script[contains(., 'alert')]") == []
    press(clerk, here, "aside:6:other")
    assert nasty in clerk.text
    clerk.open(here.removesuffix("/fix"))
    assert clerk.tree.xpath("//b[@onclick] | //script[contains(., 'alert')]") == []


def test_what_cannot_be_kept_is_told_and_stands_in_its_field(clerk: Window, here: str) -> None:
    clerk.open(here)
    for text in ("a\x01b", "x" * 10_001, "\x00"):
        press(clerk, here, "check", **{named(clerk, here, 6, "Rebecca"): text})
        assert clerk.status == (422 if text.strip("\x00") else 400)
        clerk.open(here)
        assert clerk.heading == "4 of 4 rows need fixing"


def by_script(clerk: Window, here: str, number: int, address: str = "", **typed: str) -> Any:
    """Press the button that checks a row, as its script does; return the answer."""
    (given,) = clerk.tree.xpath("//button[@value=$value]/@hx-post", value=f"check:{number}")
    sent = clerk.fields(here) | typed | {"do": f"check:{number}"}
    return clerk.browser.post(address or given, data=sent, headers=SAME_SITE | {"HX-Request": "true"})


def test_a_row_is_checked_by_itself_by_script_and_comes_back_alone(clerk: Window, here: str, api: Api) -> None:
    clerk.open(here)
    first, second = named(clerk, here, 3, "2.1"), named(clerk, here, 4, "2.1")
    answer = by_script(clerk, here, 3, **{first: "2.3", second: "2.25"})
    assert (answer.status_code, answer.headers["cache-control"].partition(",")[0]) == (200, "no-store")
    part = html.fromstring(f"<table>{answer.text}</table>")
    assert part.xpath("//tbody/@id") == ["row-3"]
    assert part.xpath("//tbody//input/@value") == ["2.3"]
    assert part.xpath("//tbody//input/@aria-invalid") == ["true"]
    assert "0 of 4 ready." in answer.text
    assert "Report the" not in answer.text
    # What stands in other rows is theirs: it is kept by the buttons of the page, and its inputs fit still.
    assert clerk.open(here).fields(here)[second] == ["2.1"]
    answer = by_script(clerk, here, 3, **{named(clerk, here, 3, "2.3"): "2.25"})
    assert "1 of 4 ready." in answer.text
    assert "Report the 1 ready row" in answer.text
    assert len(answer.content) < 4_000
    assert "1 of 4 ready." in clerk.open(here).text
    assert api.completions(activity_id=GRAND_ROUNDS) == []


def test_a_row_that_somebody_else_changed_is_told_by_script_as_well(clerk: Window, here: str) -> None:
    clerk.open(here)
    name = named(clerk, here, 3, "2.1")
    assert by_script(clerk, here, 3, **{name: "2"}).status_code == 200
    answer = by_script(clerk, here, 3, **{name: "1"})
    assert answer.status_code == 412
    assert "Somebody else changed this row meanwhile" in answer.text
    assert "is now “2”" in answer.text
    assert 'value="1"' in answer.text


def test_what_cannot_be_kept_is_told_by_script_at_its_row(clerk: Window, here: str) -> None:
    clerk.open(here)
    name = named(clerk, here, 3, "2.1")
    answer = by_script(clerk, here, 3, **{name: "2" * 20_000})
    assert answer.status_code == 422
    assert "The value has more than 10,000 characters." in answer.text
    assert clerk.open(here).fields(here)[name] == ["2.1"]


def test_what_does_not_fit_on_the_page_any_more_leads_to_the_page_anew(clerk: Window, here: str) -> None:
    clerk.open(here)
    name = named(clerk, here, 3, "2.1")
    other = by_script(clerk, here, 3, f"{here}/rows?after=0&columns=others", **{name: "2"})
    assert (other.status_code, other.headers["hx-redirect"]) == (200, f"{here}#row-3")
    assert clerk.open(here).fields(here)[named(clerk, here, 3, "2")] == ["2"]
    # A browser that is sent to a place on its own page loads nothing: that page is loaded again.
    changed = {"HX-Request": "true", "HX-Current-URL": f"https://testserver{here}#row-9"}
    again = clerk.browser.post(
        f"{here}/rows?after=0&columns=others", data=clerk.fields(here) | {"do": "check:3"}, headers=SAME_SITE | changed
    )
    assert (again.headers["hx-refresh"], "hx-redirect" in again.headers) == ("true", False)
    press(clerk, here, "aside:4:wrong-file")
    clerk.open(here)
    aside = clerk.browser.post(
        f"{here}/rows", data=clerk.fields(here) | {"do": "check:4"}, headers=SAME_SITE | {"HX-Request": "true"}
    )
    assert aside.headers["hx-redirect"] == here
    assert "The row was set aside." in clerk.open(here).text
    for button in ("report", "check", "check:x", "aside:3:other", ""):
        refused = clerk.browser.post(f"{here}/rows", data=clerk.fields(here) | {"do": button}, headers=SAME_SITE)
        assert refused.status_code == 422, button
    assert clerk.browser.post(f"{here}/rows", data={"do": "check:3"}, headers=SAME_SITE).status_code == 403
