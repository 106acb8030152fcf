"""Activity reports in XML and lines of JSON: certificates become parts, and every fault has its place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest

from app.domain.batches import Element, EntryMethod, FileFormat, RawRow
from app.domain.parsing import MonthDay, Unparsed
from app.domain.rems import TIMES_IN_DOCUMENTS, TIMES_IN_PRACTICE
from app.domain.reports import Action, CmePart, MocPart, RemsPart, TypeAmount
from app.files.mapping.records import CompletionRecord
from app.schemas.completions import CompletionIn
from tests.builders.judging import ACTIVITY_ID, DAY, NOW, NPI, OTHER_NPI, a_cme, a_report, judged
from tests.builders.raw_records import a_certificate, a_document, an_element, learners, read, reported, unmarked

XML, NDJSON = FileFormat.XML, FileFormat.NDJSON
TENNESSEE = a_certificate("TN", "444444", "AMA PRA Category 1", "2", "ccid:a:1")


def rules(record: CompletionRecord) -> list[tuple[str, str]]:
    """What was said, and where."""
    return [(finding.rule, finding.pointer) for finding in record.findings]


def test_a_document_reports_what_it_says() -> None:
    record = read(a_document(TENNESSEE), XML)
    report = record.report
    assert record.findings == ()
    assert report is not None and report.entry_method is EntryMethod.XML
    assert report.permission is True and report.action is Action.ADD
    assert unmarked(report) == a_report(a_cme("TN", 2.0, "444444", client_reference="ccid:a:1"))


def test_certificates_of_one_board_are_its_types_and_the_total_is_left_to_the_largest() -> None:
    document = a_document(
        a_certificate("ABIM", "100002", "Medical Knowledge", "2.25", "ccid:a:1"),
        TENNESSEE,
        a_certificate("abim", "100002", "Patient Safety", "1"),
    )
    (moc,) = reported(document, XML).moc
    assert moc == MocPart(
        board="ABIM",
        board_id="100002",
        total_credits=None,
        credit_types=(
            TypeAmount(type="Medical Knowledge", credits=2.25, client_reference="ccid:a:1"),
            TypeAmount(type="Patient Safety", credits=1.0),
        ),
    )
    assert "total-inferred" in judged(reported(document, XML)).warns


@pytest.mark.parametrize("general", ["MOC", "ABIM MOC Points", "ABIM", "Maintenance of Certification"])
def test_a_certificate_of_a_board_s_general_credit_gives_the_total(general: str) -> None:
    types = a_certificate("ABIM", "100002", "Medical Knowledge", "2.25")
    (moc,) = reported(a_document(types, a_certificate("ABIM", "100002", general, "3", "ccid:a:9")), XML).moc
    assert (moc.total_credits, moc.client_reference) == (3.0, "ccid:a:9")
    assert [credit_type.type for credit_type in moc.credit_types] == ["Medical Knowledge"]


def test_general_credit_alone_is_a_type_for_the_rules_to_judge() -> None:
    (moc,) = reported(a_document(a_certificate("ABIM", "100002", "MOC", "3")), XML).moc
    assert (moc.total_credits, moc.credit_types) == (None, (TypeAmount(type="MOC", credits=3.0),))


def test_another_type_of_a_state_is_its_special_credit() -> None:
    special = a_certificate("NC", "", "Controlled Substance", "1", "ccid:a:2")
    (cme,) = reported(a_document(special, a_certificate("NC", "1", "AMA PRA Category 1 Credit(s)™", "2")), XML).cme
    assert cme == CmePart(
        state="NC",
        license_id="1",
        credits=2.0,
        special_credits=(TypeAmount(type="Controlled Substance", credits=1.0, client_reference="ccid:a:2"),),
    )


def test_an_npi_stands_for_the_licence_alone_and_for_the_person_beside_another_id() -> None:
    alone = reported(a_document(a_certificate("NPI", NPI, "AMA PRA Category 1", "2")), XML)
    assert (alone.cme, alone.person.npi) == ((CmePart(license_id=NPI, credits=2.0),), None)
    beside = a_certificate("ABIM", "100002", "Medical Knowledge", "2")
    beside["c"].insert(0, an_element("UniqueID", NPI, domain="NPI"))
    report = reported(a_document(beside), XML)
    assert (report.moc[0].board, report.moc[0].board_id, report.person.npi) == ("ABIM", "100002", NPI)


def test_nothing_is_merged_that_is_not_the_same() -> None:
    twice = a_document(TENNESSEE, TENNESSEE, a_certificate("TN", "555555", "AMA PRA Category 1", "2"))
    assert len(reported(twice, XML).cme) == 3
    boards = a_document(*(a_certificate("ABIM", text, "Medical Knowledge", "2") for text in ("100002", "200002")))
    assert [points.board_id for points in reported(boards, XML).moc] == ["100002", "200002"]
    assert "board-once" in judged(reported(boards, XML)).rejects


@pytest.mark.parametrize("born", ["1970-02-01", "--02-01", "02-01", "02/01", "1970-02-01T00:00:00"])
def test_the_year_of_a_birth_date_is_dropped(born: str) -> None:
    assert reported(a_document(TENNESSEE, born=born), XML).person.birth_date == MonthDay(2, 1)


@pytest.mark.parametrize("day", ["2021-12-12", "2021-12-12T23:59:59Z", "2021-12-12T00:00:00.0000000-11:00"])
def test_only_the_written_date_of_a_completion_counts(day: str) -> None:
    assert reported(a_document(TENNESSEE, day=day), XML).completed_on == DAY


@pytest.mark.parametrize(
    ("action", "asked"),
    [("add", Action.ADD), ("Delete", Action.DELETE), ("update", Action.UPDATE), (None, Action.ADD), ("", None),
     ("drop", Unparsed("drop"))],
)  # fmt: skip
def test_a_document_says_what_it_asks_for(action: str | None, asked: object) -> None:
    assert reported(a_document(TENNESSEE, action=action), XML).action == asked


def test_demographics_of_a_participant_are_read() -> None:
    participant = an_element(
        "Participants",
        None,
        an_element(
            "Participant",
            None,
            an_element("LocalIdentifier", "17", domain="idd:x:y"),
            an_element("Profession", "Nurse"),
            an_element("StateOfPrimaryPractice", "TN"),
            an_element("DEARegistration", "None"),
            an_element("PracticeArea", "Pain"),
            an_element("SurgicalProcedures", "No"),
            an_element("TimeInPractice", "6-10"),
        ),
    )
    label = an_element("CompliantToRegulation", None, an_element("AnyName", "Opioid REMS"))
    record = read(a_document(more=[participant], activity=[an_element("RegulatoryInformation", None, label)]), XML)
    assert record.findings == ()
    assert record.report is not None and record.report.rems_only
    assert record.report.rems == RemsPart(
        local_id="17", profession="Nurse", state="TN", dea_registration="None", practice_area="Pain",
        surgical_procedures=False, time_in_practice="6-10",
    )  # fmt: skip
    participant["c"] *= 2
    assert ("format", "/rems") in rules(read(a_document(more=[participant]), XML))


@pytest.mark.parametrize(("word", "listed"), zip(TIMES_IN_DOCUMENTS, TIMES_IN_PRACTICE, strict=True))
def test_a_time_in_practice_is_known_by_the_word_of_documents_and_by_that_of_the_list(word: str, listed: str) -> None:
    for given in (word, listed):
        rems = an_element("Participants", None, an_element("Participant", None, an_element("TimeInPractice", given)))
        assert read(a_document(more=[rems]), XML).report.rems.time_in_practice == listed  # type: ignore[union-attr]
        body = CompletionIn.model_validate({"rems": {"time_in_practice": given}})
        assert body.as_report("0008001", NOW, EntryMethod.API).rems.time_in_practice == listed  # type: ignore[union-attr]


def test_a_report_of_another_provider_is_refused_and_nothing_else_is_said_of_it() -> None:
    others = [an_element("ProviderOrganization", "0009999")]
    record = read(a_document(TENNESSEE, day="soon", activity=others), XML)
    assert record.report is None
    assert rules(record) == [("activity-known", "/provider_id")]
    assert learners(XML).locate("/provider_id", record).column == "Activity/ProviderOrganization"
    assert rules(read(a_document(TENNESSEE, activity=[an_element("ProviderOrganization", " 0008001 ")]), XML)) == []


def test_what_may_stand_once_is_never_lost_when_it_stands_twice() -> None:
    module = an_element("Module", None, an_element("ModuleName", "Another", moduleID="299999999"))
    record = read(a_document(TENNESSEE, activity=[module]), XML)
    assert ("format", "/activity_id") in rules(record)
    assert record.unreadable
    two_ids = a_certificate("ABIM", "1", "Medical Knowledge", "2")
    two_ids["c"].insert(0, an_element("UniqueID", "2", domain="ABS"))
    assert rules(read(a_document(two_ids), XML)) == [("format", "/certificates/1")]
    npis = [a_certificate("ABIM", "1", "Medical Knowledge", "2"), a_certificate("ABS", "1", "Accredited CME", "2")]
    for certificate, npi in zip(npis, (NPI, OTHER_NPI), strict=True):
        certificate["c"].append(an_element("UniqueID", npi, domain="NPI"))
    assert rules(read(a_document(*npis), XML)) == [("format", "/learner/npi")]


@pytest.mark.parametrize("npis", permutations("123"))
def test_of_several_npis_the_first_is_judged_whatever_process_reads_them(npis: Sequence[str]) -> None:
    certificates = [a_certificate("ABIM", "1", "Medical Knowledge", "2") for _ in npis]
    for certificate, npi in zip(certificates, npis, strict=True):
        certificate["c"].append(an_element("UniqueID", npi, domain="NPI"))
    assert reported(a_document(*certificates), XML).person.npi == npis[0]


@pytest.mark.parametrize("certificates", [21, 501])
def test_a_document_has_no_more_types_than_a_request(certificates: int) -> None:
    document = a_document(*(a_certificate("ABIM", "1", f"Type {number}", "1") for number in range(certificates)))
    assert ("too-long", "") in rules(read(document, XML))


def test_only_completed_activities_are_reported() -> None:
    record = read(a_document(TENNESSEE), XML)
    document = a_document(TENNESSEE)
    module = document["c"][1]["c"][0]
    module["c"][1] = an_element("Status", "In Progress")
    assert rules(record) == []
    assert rules(read(document, XML)) == [("format", "/status")]


def test_elements_not_known_are_named_in_one_warning() -> None:
    strange = an_element("Grades", None, an_element("Grade", "A"))
    record = read(a_document(TENNESSEE, more=[strange, strange], in_module=[an_element("Score", "9")]), XML)
    (finding,) = record.findings
    assert (finding.rule, finding.rejects) == ("element-ignored", False)
    assert finding.detail == "Elements that are not known were ignored: Activity/Module/Score, Grades."
    assert unmarked(record.report) == unmarked(reported(a_document(TENNESSEE), XML))


@pytest.mark.parametrize("namespace", ["", "{http://ns.medbiq.org/activityreport/v1/}", "{urn:other}", "p:"])
def test_elements_are_known_by_local_name(namespace: str) -> None:
    def renamed(element: Element) -> Element:
        changed: Any = dict(element, n=namespace + element["n"].rpartition("}")[2])
        if "c" in element:
            changed["c"] = [renamed(child) for child in element["c"]]
        return Element(**changed)

    assert reported(renamed(a_document(TENNESSEE)), XML) == reported(a_document(TENNESSEE), XML)


def test_what_senders_write_as_elements_is_read_as_well_as_attributes() -> None:
    certificate = an_element(
        "CreditCertificate",
        None,
        an_element("UniqueID", "444444", an_element("domain", "TN")),
        an_element(
            "CreditReceived",
            None,
            an_element("activityCertification", "AMA PRA Category 1"),
            an_element("creditUnit", "Point"),
            an_element("numberOfCredits", "2"),
        ),
    )
    record = read(a_document(certificate), XML)
    assert record.findings == ()
    assert record.report is not None and record.report.cme == (a_cme("TN", 2.0, "444444"),)


def test_pointers_lead_to_the_certificate_that_says_it() -> None:
    record = read(
        a_document(
            a_certificate("ABIM", "100002", "Medical Knowledge", "2"),
            TENNESSEE,
            a_certificate("ABIM", "100002", "Patient Safety", "1"),
        ),
        XML,
    )
    module = "Activity/Module/"
    for pointer, place in {
        "/cme/0/credits": f"{module}CreditCertificate[2]/CreditReceived",
        "/cme/0/license_id": f"{module}CreditCertificate[2]/UniqueID",
        "/cme/0": f"{module}CreditCertificate[2]",
        "/moc/0/total_credits": f"{module}CreditCertificate[1]/CreditReceived",
        "/moc/0/credit_types/1/credits": f"{module}CreditCertificate[3]/CreditReceived",
        "/moc/0/credit_types/1/client_reference": f"{module}CreditCertificate[3]/CreditID",
        "/certificates/3": f"{module}CreditCertificate[3]",
        "/completed_on": f"{module}CompletedDateTime",
        "/learner/date_of_birth": "Member/PersonalInfo/BirthDate",
        "/learner": "Member",
        "/action": "XtensibleInfo/LearnerRecordAction",
        "/permission": None,
        "": None,
    }.items():
        assert (learners(XML).locate(pointer, record).column, learners(XML).locate(pointer, record).index) == (
            place,
            None,
        )


def test_what_a_document_lacks_is_left_to_the_rules() -> None:
    report = reported(an_element("ActivityReport"), XML)
    assert (report.activity_id, report.completed_on, report.cme, report.moc, report.rems) == (None, None, (), (), None)
    (cme,) = reported(a_document(a_certificate("TN", "", "AMA PRA Category 1", "two")), XML).cme
    assert cme == CmePart(state="TN", credits=Unparsed("two"))


BODY: dict[str, Any] = {
    "activity_id": ACTIVITY_ID, "completed_on": "2021-12-12",
    "learner": {"first_name": "Rebecca", "last_name": "Test", "date_of_birth": "02/01"},
    "cme": [{"state": "TN", "credits": 2}],
}  # fmt: skip


def line(**fields: Any) -> CompletionRecord:
    """A line of a file, with the body of the API."""
    return read(json.dumps(BODY | fields), NDJSON)


def test_a_line_is_the_body_of_the_api() -> None:
    record = line()
    assert record.findings == ()
    assert record.report is not None and record.report.entry_method is EntryMethod.NDJSON
    assert unmarked(record.report) == a_report()


@pytest.mark.parametrize(
    ("fields", "permission", "action"),
    [
        ({}, True, Action.ADD), ({"permission": True, "action": "delete"}, True, Action.DELETE),
        ({"permission": False}, False, Action.ADD), ({"action": None}, True, Action.ADD),
        ({"action": "Update"}, True, Action.UPDATE), ({"action": "drop"}, True, Unparsed("drop")),
        ({"action": ""}, True, None),
    ],
)  # fmt: skip
def test_a_line_may_deny_the_permission_and_say_what_it_asks_for(
    fields: dict[str, Any], permission: bool, action: object
) -> None:
    report = line(**fields).report
    assert report is not None
    assert (report.permission, report.action) == (permission, action)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", [("unreadable", "")]), ("nonsense", [("unreadable", "")]), ("[1]", [("type", "")]),
        ("null", [("type", "")]),
        ("[" * 5_000, [("unreadable", "")]), ('{"activity_id": "\\ud800"}', [("format", "/activity_id")]),
        ('{"colour": 1}', [("field-unknown", "/colour")]), ('{"activity_id": 201759558}', [("type", "/activity_id")]),
        ('{"cme": [{"credits": NaN}]}', [("format", "/cme/0/credits")]),
        ('{"learner": {"npi": "' + "1" * 65 + '"}}', [("too-long", "/learner/npi")]),
        ('{"action": 1, "moc": "ABIM"}', [("type", "/action"), ("type", "/moc")]),
    ],
)  # fmt: skip
def test_what_the_schema_refuses_is_told_as_the_api_tells_it(text: str, said: list[tuple[str, str]]) -> None:
    record = read(text, NDJSON)
    assert record.report is None
    assert rules(record) == said
    assert all(
        finding.rejects and finding.detail.endswith(".") and finding.hint.endswith(".") for finding in record.findings
    )


def test_a_line_has_pointers_instead_of_columns() -> None:
    reader = learners(NDJSON)
    record = reader.read(RawRow(number=1, raw="{}"))
    assert (reader.locate("/cme/0/state", record).column, reader.locate("", record).column) == ("/cme/0/state", None)
