"""Uploads: a file or pasted rows in, their progress, what became of them, their files, and undoing one."""

from __future__ import annotations

import pytest

from app.domain.batches import Batch, BatchKind
from app.services.context import Service
from app.store.sql.statements import fetch_column
from tests.builders.bodies import GRAND_ROUNDS
from tests.builders.sent_files import row, tab_text, workbook
from tests.harness.api import Api, settle
from tests.harness.console.windows import SAME_SITE, Window, sign_in
from tests.harness.uploads import work_through

DATABASES = ["sqlite"]
UPLOADS = "/p/0008001/uploads"
ACTIVITY = {
    "Record Action": "Add", "Provider Activity ID": "A-1", "Activity Title": "Airway course",
    "Activity Format": "Live Course", "Start Date": "3/1/2021", "End Date": "3/2/2021",
}  # fmt: skip


@pytest.fixture
def clerk(window: Window, service: Service, api: Api) -> Window:
    """A clerk of the provider of Grand Rounds, signed in."""
    sign_in(window, service)
    return window


def send_file(window: Window, content: bytes, name: str = "learners.xlsx", **fields: str) -> Window:
    """Choose a file on the page of a new upload, and press a button."""
    drawn = window.open(f"{UPLOADS}/new").fields(f"{UPLOADS}/new")
    given = {"token": drawn["token"][0], "key": drawn["key"][0], "kind": "learner-completions"}
    given |= {"permission_attested": "true", "do": "upload"} | fields
    window.shown = window.browser.post(
        f"{UPLOADS}/new", data=given, files={"file": (name, content) if name else ("", b"")}, headers=SAME_SITE
    )
    return window._follow()


def address(window: Window) -> str:
    assert window.shown is not None
    return window.shown.url.path


def test_a_file_is_sent_judged_and_told(clerk: Window, service: Service) -> None:
    send_file(clerk, workbook([row(), row(Number_of_CME_Credits=2.1, Completion_Date="12/13/2021")]))
    here = address(clerk)
    assert "learners.xlsx is being judged" in clerk.text
    bar = clerk.open(f"{here}/progress").text
    assert "The file is being read" in bar
    work_through(service)
    assert clerk.open(here).heading == "1 of 2 rows needs fixing"
    assert "Number of CME Credits: 2.1 is not a multiple of 0.25." in clerk.text
    done = clerk.browser.get(f"{here}/progress?seen=1", headers={"hx-request": "true"})
    assert done.headers["hx-redirect"] == here
    assert "Rebecca Test" in clerk.open(f"{here}?outcome=added").text
    assert "learners.xlsx" in clerk.open(UPLOADS).text
    assert "1 rejected" in clerk.text
    rejected = clerk.browser.get(f"{here}/files/rejected")
    assert (rejected.status_code, rejected.content[:2]) == (200, b"PK")
    settle(service)


def test_a_file_larger_than_any_other_request_is_taken(clerk: Window, service: Service) -> None:
    lines = tab_text([row()]) + b"\n" * (service.settings.body_limit + 1)
    send_file(clerk, lines, name="learners.tsv")
    assert clerk.status == 200
    assert "learners.tsv is being judged" in clerk.text
    work_through(service)
    assert clerk.open(address(clerk)).heading == "The row is in"


def test_a_rule_that_warned_is_told_in_words(clerk: Window, service: Service) -> None:
    for _ in range(2):
        send_file(clerk, workbook([row()]))
        work_through(service)
    clerk.open(address(clerk))
    assert "1 row by the rule: “Everything in the record was reported before; nothing but a new reference" in clerk.text
    assert clerk.tree.xpath("//section[@id='warnings']//a/@href") == ["/v1/rules/already-reported"]


def test_the_same_form_sent_twice_is_one_upload(clerk: Window, service: Service) -> None:
    drawn = clerk.open(f"{UPLOADS}/new").fields(f"{UPLOADS}/paste")
    rows = tab_text([row()]).decode()
    given = drawn | {"rows": rows, "kind": "learner-completions", "permission_attested": "true", "do": "upload"}
    first = address(clerk.send(f"{UPLOADS}/paste", given))
    assert address(clerk.send(f"{UPLOADS}/paste", given)) == first
    work_through(service)
    assert clerk.open(first).heading == "The row is in"
    assert "pasted_rows.tsv" in clerk.text
    settle(service)


def test_a_form_that_was_changed_after_it_was_sent_is_another_upload(clerk: Window, service: Service) -> None:
    drawn = clerk.open(f"{UPLOADS}/new").fields(f"{UPLOADS}/paste")
    rows = tab_text([row()]).decode()
    given = drawn | {"rows": rows, "kind": "learner-completions", "permission_attested": "true"}
    made = [address(clerk.send(f"{UPLOADS}/paste", given | {"do": act})) for act in ("check", "upload")]
    fields = {name: texts[0] for name, texts in clerk.open(f"{UPLOADS}/new").fields(f"{UPLOADS}/new").items()}
    fields |= {"kind": "learner-completions", "permission_attested": "true"}
    for act, sent in (("check", row()), ("upload", row()), ("upload", row(Completion_Date="12/13/2021"))):
        files = {"file": ("learners.xlsx", workbook([sent]))}
        clerk.shown = clerk.browser.post(f"{UPLOADS}/new", data=fields | {"do": act}, files=files, headers=SAME_SITE)
        made.append(address(clerk._follow()))
    assert len(set(made)) == 5
    assert f"{UPLOADS}/new" not in made
    work_through(service)
    settle(service)


def test_what_is_missing_is_told_at_its_field_and_what_was_pasted_comes_back(clerk: Window) -> None:
    send_file(clerk, b"", name="", permission_attested="")
    assert clerk.status == 422
    assert "No file was chosen." in clerk.text
    drawn = clerk.open(f"{UPLOADS}/new").fields(f"{UPLOADS}/paste")
    clerk.send(f"{UPLOADS}/paste", drawn | {"rows": "First Name\tLast Name", "kind": "learner-completions"})
    assert clerk.status == 422
    assert "nobody has said that the learners agreed" in clerk.text
    assert "First Name\tLast Name" in clerk.fields(f"{UPLOADS}/paste")["rows"][0]


def test_a_form_of_another_session_keeps_nothing(clerk: Window, service: Service) -> None:
    given = {"token": "forged", "kind": "learner-completions", "permission_attested": "true"}
    answer = clerk.browser.post(
        f"{UPLOADS}/new", data=given, files={"file": ("a.xlsx", workbook([row()]))}, headers=SAME_SITE
    )
    assert answer.status_code == 403
    assert "No uploads yet" in clerk.open(UPLOADS).text


def test_a_check_stores_nothing_and_is_uploaded_without_choosing_the_file_again(
    clerk: Window, service: Service, api: Api
) -> None:
    send_file(clerk, workbook([row()]), do="check")
    work_through(service)
    here = address(clerk)
    assert clerk.open(here).heading == "Checked: 1 of 1 rows would go in"
    assert api.completions(activity_id=GRAND_ROUNDS) == []
    clerk.submit(f"{here}/upload")
    assert clerk.status == 422
    clerk.submit(f"{here}/upload", permission_attested="true")
    work_through(service)
    assert clerk.open(address(clerk)).heading == "The row is in"
    assert len(api.completions(activity_id=GRAND_ROUNDS)) == 1
    settle(service)


def test_a_file_that_cannot_be_read_says_why(clerk: Window, service: Service) -> None:
    send_file(clerk, b"\x00\x01nonsense", name="nonsense.xlsx")
    work_through(service)
    assert clerk.open(address(clerk)).heading == "This file could not be read"
    assert "take the template" in clerk.text


def test_a_file_of_another_kind_is_uploaded_as_that_kind_without_choosing_it_again(
    clerk: Window, service: Service, api: Api
) -> None:
    send_file(clerk, tab_text([ACTIVITY], list(ACTIVITY)), name="courses.tsv")
    work_through(service)
    here = address(clerk)
    assert clerk.open(here).heading == "This file holds activities"
    assert "The headings are those of activities, not of learner completions." in clerk.text
    assert "Upload it as activities" in clerk.text
    assert "permission_attested" not in clerk.fields(f"{here}/upload-as-it-looks")
    clerk.submit(f"{here}/upload-as-it-looks")
    work_through(service)
    again = address(clerk)
    assert again != here
    assert clerk.open(again).heading == "The row is in"
    assert [found["internal_id"] for found in api.get("/v1/activities", q="Airway").json["data"]] == ["A-1"]
    assert "seen" not in clerk.text
    assert clerk.open(here).heading == "This file holds activities"
    assert "Holds activities" in clerk.open(UPLOADS).text
    settle(service)


def test_learners_that_were_sent_as_activities_need_the_learners_permission(
    clerk: Window, service: Service, api: Api
) -> None:
    send_file(clerk, workbook([row()]), kind="activities", permission_attested="")
    work_through(service)
    here = address(clerk)
    clerk.open(here).submit(f"{here}/upload-as-it-looks")
    assert clerk.status == 422
    assert "Nothing was uploaded" in clerk.text
    clerk.submit(f"{here}/upload-as-it-looks", permission_attested="true")
    work_through(service)
    assert clerk.open(address(clerk)).heading == "The row is in"
    assert len(api.completions(activity_id=GRAND_ROUNDS)) == 1
    settle(service)


def test_what_was_to_be_checked_only_is_checked_only_as_another_kind(clerk: Window, service: Service, api: Api) -> None:
    send_file(clerk, workbook([row()]), kind="learner-validations", do="check")
    work_through(service)
    here = address(clerk)
    assert "Check it as learners" in clerk.open(here).text
    clerk.submit(f"{here}/upload-as-it-looks", permission_attested="true")
    work_through(service)
    assert clerk.open(address(clerk)).heading == "Checked: 1 of 1 rows would go in"
    assert api.completions(activity_id=GRAND_ROUNDS) == []


def test_no_provider_sends_a_roster_by_way_of_a_file_of_another_kind(
    clerk: Window, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_file(clerk, tab_text([ACTIVITY], list(ACTIVITY)), name="courses.tsv")
    work_through(service)
    here = address(clerk)
    sent = clerk.open(here).fields(f"{here}/upload-as-it-looks")
    monkeypatch.setattr(Batch, "looks_like", BatchKind.ROSTER)
    assert "Upload it as" not in clerk.open(here).text
    assert clerk.send(f"{here}/upload-as-it-looks", sent).status == 403
    kinds = service.database.read(lambda connection: fetch_column(connection, "SELECT kind FROM batches"))
    assert kinds == ["learner-completions"]


def test_nothing_is_guessed_of_a_file_whose_kind_is_not_clear(clerk: Window, service: Service) -> None:
    send_file(clerk, workbook([row()], ["First Name", "Department"]))
    work_through(service)
    here = address(clerk)
    assert "Upload it as" not in clerk.open(here).text
    drawn = clerk.open(f"{UPLOADS}/new").fields(f"{UPLOADS}/new")
    assert clerk.send(f"{here}/upload-as-it-looks", {"token": drawn["token"], "key": drawn["key"]}).status == 409


def test_when_most_rows_share_a_fault_the_page_speaks_of_the_file(clerk: Window, service: Service) -> None:
    send_file(clerk, workbook([row(Licensing_ID=str(900_000 + number)) for number in range(10)]))
    work_through(service)
    assert "10 of 10 rows: " in clerk.open(address(clerk)).text


def test_an_upload_is_undone_after_its_page_said_what_goes(clerk: Window, service: Service, api: Api) -> None:
    send_file(clerk, workbook([row()]))
    work_through(service)
    here = address(clerk)
    assert "1 completion that this upload added" in clerk.open(f"{here}/withdraw").text
    clerk.submit(f"{here}/withdraw")
    assert "Withdrawn: 1 completion." in clerk.text
    assert api.completions(activity_id=GRAND_ROUNDS) == []
    settle(service)


def test_a_running_upload_is_stopped_and_filters_find_uploads(clerk: Window, service: Service) -> None:
    send_file(clerk, workbook([row()]))
    here = address(clerk)
    clerk.submit(f"{here}/cancel")
    assert clerk.heading == "This upload was stopped"
    assert "learners.xlsx" in clerk.open(f"{UPLOADS}?kind=learner-completions").text
    assert "Nothing found" in clerk.open(f"{UPLOADS}?result=fix").text
    assert clerk.open("/p/0008001/uploads/017de0b2").status == 404


ASKED = [
    {"First Name": "Rebecca", "Last Name": "Test", "Date of Birth": day}
    for day in ("02/01", "03/03", "02/01 or so")
]  # fmt: skip


def send_validations(clerk: Window, rows: list[dict[str, str]], **fields: str) -> str:
    """Upload a file of validations; return the address of its page."""
    send_file(clerk, tab_text(rows, list(rows[0])), name="who.tsv", kind="learner-validations", **fields)
    return address(clerk)


def test_rows_of_validations_are_never_said_to_be_in(clerk: Window, service: Service) -> None:
    here = send_validations(clerk, ASKED)
    work_through(service)
    assert clerk.open(here).heading == "1 of 3 rows needs fixing"
    assert "1 of 2 answered rows matched one learner. Nothing was reported." in clerk.text
    assert [link.text for link in clerk.tree.xpath("//section[@id='files']//a")] == [
        "Original", "Rejected rows", "Rejected rows, Excel", "Answers", "Answers, Excel",
    ]  # fmt: skip
    sent = clerk.browser.get(f"{here}/files/successful")
    assert 'filename="Answers_' in sent.headers["content-disposition"]
    assert "One learner was matched" in sent.text
    assert clerk.open(UPLOADS).tree.xpath(f"//a[@href='{here}/files/successful']/text()") == ["Answers"]
    (row,) = clerk.open(f"{here}/fix").tree.xpath("//tbody[@data-row]/@id")
    clerk.submit(f"{here}/fix", do=f"aside:{row.removeprefix('row-')}:wrong-file")
    assert clerk.open(here).heading == "1 of 3 rows matched one learner"
    assert "1 row was rejected. Nothing was reported." in clerk.text
    here = send_validations(clerk, ASKED, do="check")
    work_through(service)
    assert clerk.open(here).heading == "1 of 3 rows matched one learner"
    here = send_validations(clerk, ASKED[2:])
    work_through(service)
    clerk.open(here)
    assert "Nobody was looked for." in clerk.text
    assert "is in." not in clerk.text
    settle(service)


def test_validations_that_were_stopped_or_could_not_be_read_say_so_of_themselves(
    clerk: Window, service: Service
) -> None:
    here = send_validations(clerk, ASKED)
    clerk.submit(f"{here}/cancel")
    assert clerk.heading == "This upload was stopped"
    assert "0 of 0 rows were answered. Nothing was reported." in clerk.text
    assert "stand" not in clerk.text
    here = send_validations(clerk, [{"First Name": "Rebecca", "Department": "x"}])
    work_through(service)
    assert clerk.open(here).heading == "This file could not be read"
    assert "None of its rows was answered." in clerk.text
    send_file(clerk, workbook([row()]), do="check")
    clerk.submit(f"{address(clerk)}/cancel")
    assert "0 of 0 rows were checked. Nothing was stored." in clerk.text
    settle(service)


def test_a_file_of_validations_says_whom_it_matched_and_what_to_do(clerk: Window, service: Service) -> None:
    rows = [{"First Name": "Rebecca", "Last Name": "Test", "Date of Birth": day} for day in ("02/01", "03/03")]
    send_file(clerk, tab_text(rows, list(rows[0])), name="who.tsv", kind="learner-validations")
    work_through(service)
    here = address(clerk)
    assert clerk.open(here).heading == "1 of 2 rows matched one learner"
    assert "Nothing was reported" in clerk.text
    assert "No learner was matched. Give the state of licence" in clerk.open(f"{here}?outcome=none").text
    for page in (UPLOADS, "/p/0008001"):
        assert "1 of 2 matched" in clerk.open(page).text, page
    send_file(clerk, tab_text(rows[:1], list(rows[0])), name="one.tsv", kind="learner-validations", do="check")
    work_through(service)
    assert clerk.open(address(clerk)).heading == "1 of 1 row matched one learner"
    assert "Checked: 1 of 1 matched" in clerk.open(UPLOADS).text
    settle(service)
