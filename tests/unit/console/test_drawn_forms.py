"""Drawn forms: what was typed comes back, and every finding is said, at its field and in the summary."""

from __future__ import annotations

import pytest

from app.console.drawn_forms import DrawnForm, Said, said_of_findings, said_of_problem
from app.core.errors import CompletionRejected, ErrorItem, InvalidRequest
from app.domain.findings import Finding, Severity
from app.services.findings import rejection_of

FINDING = Finding(
    rule="moc-maximum", severity=Severity.REJECT, pointer="/moc/0/total_credits", detail="60 is too much.", hint="Less."
)
WARNING = Finding(rule="late", severity=Severity.WARNING, pointer="", detail="This is late.", hint="Sooner.")


def test_what_was_typed_comes_back() -> None:
    form = DrawnForm({"/cme/0/state": ["CA"], "/cme/10/state": ["ME"], "/cme/2/state": ["TN"], "box": ["a", "b"]})
    assert form.value("/cme/0/state") == "CA"
    assert form.value("/cme/0/credits") == ""
    assert form.has("box", "b")
    assert not form.has("box", "c")
    assert form.places("/cme") == ["/cme/0", "/cme/2", "/cme/10"]


def test_the_findings_of_a_refused_record_have_their_words_their_hint_and_their_rule() -> None:
    (fault, warning) = said_of_problem(rejection_of(CompletionRejected, [FINDING, WARNING]))
    assert (fault.pointer, fault.severity, fault.text, fault.hint) == (
        "/moc/0/total_credits", "no", "60 is too much.", "Less.",
    )  # fmt: skip
    assert fault.rule_address.endswith("/moc-maximum")
    assert (warning.severity, warning.text) == ("warn", "This is late.")
    assert said_of_findings([FINDING, WARNING]) == [fault, warning]


def test_a_text_where_a_number_belongs_is_told_to_somebody_who_has_never_heard_of_json() -> None:
    item = ErrorItem(code="type", pointer="/cme/0/credits", detail="Must be a JSON number.", hint="Send a number.")
    (said,) = said_of_problem(InvalidRequest(errors=[item]), {"/cme/0/credits": ["5 %"]})
    assert said.text == "This is a percentage (5 %), not a number."
    assert "JSON" not in said.hint


def test_a_problem_without_faults_is_said_of_the_whole_form() -> None:
    assert said_of_problem(InvalidRequest("It is too late."))[0].text == "It is too late."
    assert said_of_problem(InvalidRequest("It is too late."))[0].pointer == ""


@pytest.mark.parametrize(
    ("pointer", "anchor", "text"),
    [
        ("/moc/0/total_credits", "f-moc-0-total_credits", "Total: Wrong."),
        ("/moc/0/credit_types/3/credits", "f-moc-0", "American Board: Wrong."),
        ("/rems", "", "Wrong."),
        ("", "", "Wrong."),
    ],
)
def test_a_summary_leads_to_the_nearest_field_that_is_drawn(pointer: str, anchor: str, text: str) -> None:
    form = DrawnForm({}, [Said(pointer=pointer, text="Wrong.", hint="Mend it.")])
    form.draw("/moc/0", "American Board")
    form.draw("/moc/0/total_credits", "Total")
    (line,) = form.summary("no")
    assert (line.anchor, line.text) == (anchor, text)
    # What no field says, the summary says in full.
    assert line.hint == ("" if pointer == "/moc/0/total_credits" else "Mend it.")


def test_what_is_said_of_a_place_of_a_list_of_boxes_is_said_at_the_boxes() -> None:
    form = DrawnForm({}, [Said(pointer="/moc/0/credit_types/1", text="Wrong.")])
    assert len(form.said_of("/moc/0/credit_types")) == 1
    assert form.said_of("/moc/0", within=False) == []


def test_forms_of_one_page_are_told_apart() -> None:
    ids = {DrawnForm(prefix=prefix).id(name) for prefix in ("row-1", "row-2") for name in ("/a/0", "/a/1", "q")}
    assert len(ids) == 6


def test_hints_speak_of_tables_not_of_the_api() -> None:
    hint = "Sent with on_unmatched=hold, it waits until the person is known."
    finding = Finding(rule="match", severity=Severity.REJECT, pointer="", detail="Nobody.", hint=hint)
    for (said,) in (said_of_findings([finding]), said_of_problem(rejection_of(CompletionRejected, [finding]))):
        assert said.hint == "In a file uploaded to be held, it waits until the person is known."


def test_the_record_in_the_way_is_a_link_in_place_of_its_id() -> None:
    id = "01a22b06-8114-7001-8e08-ce0cdb22fdd6"
    hint = f"Correct completion {id} in place, or give the new record an occasion of its own."
    finding = Finding(
        rule="series", severity=Severity.REJECT, pointer="", detail="There is one.", hint=hint, completion_id=id
    )
    (said,) = said_of_findings([finding], "/p/0008001")
    assert said.hint == "Correct the earlier record in place, or give the new record an occasion of its own."
    assert said.record_address == f"/p/0008001/completions/{id}"
    assert said_of_problem(rejection_of(CompletionRejected, [finding]), home="/p/0008001") == [said]
    (nowhere,) = said_of_findings([finding])
    assert (nowhere.hint, nowhere.record_address) == (said.hint, "")


def test_a_record_is_in_the_way_where_the_finding_says_so_whatever_its_hint_says() -> None:
    id = "01a22b06-8114-7001-8e08-ce0cdb22fdd6"
    silent = Finding(
        rule="series", severity=Severity.REJECT, pointer="", detail="There is one.", hint="Mend it.", completion_id=id
    )
    (said,) = said_of_findings([silent], "/p/0008001")
    assert (said.hint, said.record_address) == ("Mend it.", f"/p/0008001/completions/{id}")
    chatty = Finding(rule="series", severity=Severity.REJECT, pointer="", detail="No.", hint=f"See completion {id}.")
    (said,) = said_of_findings([chatty], "/p/0008001")
    assert (said.hint, said.record_address) == (f"See completion {id}.", "")
