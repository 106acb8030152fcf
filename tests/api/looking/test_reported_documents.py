"""Downloads as PARS documents: uploaded again as they are, they change nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lxml import etree

from app.services.context import Service
from tests.builders.bodies import COURSE, GRAND_ROUNDS, a_completion, an_activity, john, tina
from tests.harness.api import Api, api_of, settle
from tests.harness.refusals import assert_problem
from tests.harness.uploads import file_of, rows_of, worked

COMPLETIONS, ACTIVITIES = "/v1/learner-completions", "/v1/activities"
FORMATS = ("xml", "json")
BOTH = pytest.mark.parametrize("format", FORMATS)


def download(api: Api, path: str, format: str, **query: Any) -> bytes:
    if path == COMPLETIONS:
        # One of the slides' records lies ahead of the clock of tests: it would not be accepted today.
        query = {"completed_to": "2021-12-20"} | query
    answer = api.get(f"{path}:export", format=format, **query)
    assert answer.status == 200, answer.json
    assert answer.response.headers["Content-Type"] == f"application/{format}"
    assert answer.response.headers["Content-Disposition"].endswith(f'.{format}"')
    return answer.response.content


def listed(api: Api, path: str) -> Any:
    bounds = {"completed_to": "2021-12-20"} if path == COMPLETIONS else {}
    found = api.get(path, limit=500, **bounds).json["data"]
    return [{name: value for name, value in one.items() if name != "findings"} for one in found]


def certificates(content: bytes) -> list[tuple[str, str, str]]:
    """The domain, type and amount of each certificate of a JSON document."""
    reports = json.loads(content)["ACCMELearnerReports"]["ActivityReports"]["ActivityReport"]
    return [
        (
            held["UniqueID"]["domain"] if isinstance(held["UniqueID"], dict) else held["UniqueID"][0]["domain"],
            held["CreditReceived"]["activityCertification"],
            held["CreditReceived"]["numberOfCredits"],
        )
        for report in reports
        for held in report["Activity"]["Module"].get("CreditCertificate", ())
    ]


@pytest.fixture
def reported(api: Api) -> list[Any]:
    """Completions of many kinds: with references, several on one day, by link, by NPI, totals above their types."""
    found = []
    by_link = a_completion(completed_on="2021-12-09")
    for body in (
        a_completion(reference="ccid:example.org:1"), john(), tina(), tina("2021-12-02", total=1.75),
        a_completion(completed_on="2021-12-11", credits=0.25), a_completion(completed_on="2021-12-11", credits=0.5),
    ):  # fmt: skip
        answer = api.report(body)
        assert answer.status in (200, 201), answer.json
        found.append(answer.json)
    by_link["learner"] = {"learner_id": found[0]["learner"]["learner_id"]}
    answer = api.report(by_link)
    assert answer.status == 201, answer.json
    return [*found, answer.json]


@BOTH
@pytest.mark.usefixtures("reported")
def test_completions_that_are_downloaded_and_uploaded_are_unchanged(api: Api, service: Service, format: str) -> None:
    before = listed(api, COMPLETIONS)
    assert {record["occasion"] for record in before} == {1, 2}
    batch = worked(api, service, download(api, COMPLETIONS, format), name=f"learners.{format}")
    assert (batch["status"], batch["format"]) == ("completed", format)
    assert [
        (row["outcome"], [one["rule"] for one in row["findings"]])
        for row in rows_of(api, batch)
        if row["outcome"] != "unchanged"
    ] == []
    assert batch["counts"]["unchanged"] == batch["counts"]["read"] == len(before)
    assert listed(api, COMPLETIONS) == before
    settle(service)


@pytest.mark.usefixtures("reported")
def test_both_forms_are_one_document(api: Api, service: Service) -> None:
    xml, in_json = (download(api, COMPLETIONS, format) for format in FORMATS)
    (named,) = {etree.QName(element).localname for element in [etree.fromstring(xml)]}
    assert named in json.loads(in_json)
    assert xml.count(b"<ar:ActivityReport>") == in_json.count(b'"ReportingOrganization"')


INTERPROFESSIONAL: list[dict[str, Any]] = [
    {
        "title": "All of it",
        "learner_counts": {"physicians": 3, "professions": [{"profession": "Athletic Trainer", "learners": 4}]},
        "joint_accreditation": {
            "interprofessional": True, "professions": ["Nurse", "Wizard"], "credits": ["IPCE"],
            "credit_amounts": [{"type": "Nursing", "credits": 1.333}, {"type": "Pharmacy", "credits": 1.25}],
            "pharmacy": {
                "universal_activity_number": "UAN-1", "technician_activity_number": "x (1)", "topic": "05",
                "activity_type": "certificate-program", "live_date": "2021-03-01", "sequence_number": 7,
            },
        },
    },
    {"title": "AMA among it", "joint_accreditation": {"credits": ["AMA PRA Category 1", "Nursing"]}},
    {"title": "Nearly AMA", "joint_accreditation": {"credits": ["AMA PRA Category 1 of another", "Nursing"]}},
    {"title": "Pharmacy", "joint_accreditation": {"pharmacy": {"credits": 2}}},
    {"title": "In another order", "joint_accreditation": {
        "credits": ["Nursing", "Pharmacy"], "pharmacy": {"credits": 2.5},
        "credit_amounts": [{"type": "IPCE", "credits": 0.25}],
    }},
    {"title": "Blank", "joint_accreditation": {"interprofessional": False, "pharmacy": {}}, "learner_counts": {}},
    {"title": "More", "learner_counts": {"others": 5, "professions": [{"profession": "Mage (old)", "learners": 2}]}},
    {"title": "Other", "learner_counts": {"others": 5, "professions": [{"profession": "Other", "learners": 2}]}},
    {"title": "None", "learner_counts": {"others": 0, "professions": [{"profession": "Nurse", "learners": 0}]}},
]  # fmt: skip


@BOTH
def test_activities_that_are_downloaded_and_uploaded_are_unchanged(api: Api, service: Service, format: str) -> None:
    full = an_activity(
        internal_id="X-1", description="For all.", providership="joint", joint_providers=["Hospital & Sons"],
        commendation_tags=["C24"], mips=True, learner_counts={"physicians": 3, "others": 1},
        commercial_support=[{"source": "Robots", "in_kind": True}, {"source": "Acme", "amount": 10.5}],
        measured_outcomes=[{"outcome": "patient-health", "objective": False}],
        listing={"public": True, "url": "https://example.org/x", "fee": "no", "registration": "open"},
        rems={"type": "Opioid Analgesic", "identifier": "EG-1"},
        joint_accreditation={"interprofessional": True, "professions": ["Nurse"], "credits": ["Nursing"]},
        practice_areas=["Anesthesiology"],
    )  # fmt: skip
    for body in (full, *(an_activity(**fields) for fields in INTERPROFESSIONAL)):
        answer = api.post(ACTIVITIES, body)
        assert answer.status == 201, answer.json
    before = listed(api, ACTIVITIES)
    batch = worked(api, service, download(api, ACTIVITIES, format), kind="activities", name=f"activities.{format}")
    assert [
        (row["outcome"], [one["rule"] for one in row["findings"]])
        for row in rows_of(api, batch)
        if row["outcome"] != "unchanged"
    ] == []
    assert batch["counts"]["unchanged"] == len(before) > 2
    assert listed(api, ACTIVITIES) == before
    changed = download(api, ACTIVITIES, format).replace(b"Hospital &", b"Clinic &")
    batch = worked(api, service, changed, kind="activities", name=f"activities.{format}")
    assert (batch["counts"]["updated"], batch["counts"]["unchanged"]) == (1, len(before) - 1)
    settle(service)


REMS = [
    {"local_id": "N-1", "profession": "Nurse", "state": "TN", "dea_registration": "Individual", "practice_area": "Pain",
     "surgical_procedures": True, "time_in_practice": "6-10 years"},
    {"local_id": "P-2", "profession": "Pharmacist", "surgical_procedures": False},
]  # fmt: skip
KINDS = {COMPLETIONS: "learner-completions", ACTIVITIES: "activities"}


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize("path", KINDS)
def test_what_goes_round_through_both_forms_comes_back_to_the_byte(api: Api, service: Service, path: str) -> None:
    """XML, uploaded, JSON, uploaded, XML: nothing changed, and no form says more or less than the other."""
    made = [api.post(ACTIVITIES, an_activity(**fields)) for fields in INTERPROFESSIONAL]
    course = api.register(rems={"type": "Opioid Analgesic", "identifier": "EG-1"})
    for number, part in enumerate(REMS, 1):
        body = a_completion(course.json["activity_id"], f"2021-03-{number:02}", credits=None, learner={}, rems=part)
        made.append(api.report(body))
    assert {answer.status for answer in made} == {201}, [answer.json for answer in made]
    before, first = listed(api, path), download(api, path, "xml")
    assert b"Individual" in first if path == COMPLETIONS else b"PharmacySequenceNumber" in first
    for content, form in ((first, "xml"), (download(api, path, "json"), "json")):
        batch = worked(api, service, content, kind=KINDS[path], name=f"round.{form}")
        assert (batch["status"], batch["counts"]["unchanged"]) == ("completed", len(before)), rows_of(api, batch)
    assert listed(api, path) == before
    assert download(api, path, "xml") == first
    settle(service)


def test_rejected_credit_is_left_out_unless_it_is_asked_for(api: Api, service: Service, reported: list[Any]) -> None:
    record = next(one for one in reported if len(one["credits"]) > 1)
    credit = next(one for one in record["credits"] if one["kind"] == "moc")
    everything = certificates(download(api, COMPLETIONS, "json"))
    reject(api, service, credit)
    standing = certificates(download(api, COMPLETIONS, "json"))
    assert len(standing) == len(everything) - len(credit["credit_types"])
    rejected = certificates(download(api, COMPLETIONS, "json", status="rejected"))
    assert {domain for domain, _, _ in rejected} == {credit["board"]}
    assert len(rejected) == len(credit["credit_types"])


def reject(api: Api, service: Service, credit: Any) -> None:
    """Let its board reject a credit."""
    settle(service)
    board = api_of(api.http, service, credit["board"], role="board", board=credit["board"])
    (event,) = [
        one for one in board.get("/v1/board-feed", limit=500).json["data"] if one["credit_id"] == credit["credit_id"]
    ]
    decision = {"credit_id": credit["credit_id"], "position": event["position"], "decision": "rejected"}
    assert board.post("/v1/board-feed/decisions", {"decisions": [decision]}).status == 200


@BOTH
@pytest.mark.parametrize("path", ["/v1/credit-lines", "/v1/activity-summaries", "/v1/reports/reported-late"])
def test_a_list_that_is_no_document_says_so(api: Api, path: str, format: str) -> None:
    assert_problem(api.get(f"{path}:export", format=format), 422, "parameter-invalid")
    kind = path.rpartition("/")[2]
    assert_problem(api.post("/v1/downloads", {"kind": kind, "format": format}), 422, "invalid-request")


@BOTH
@pytest.mark.usefixtures("reported")
def test_a_document_that_is_refused_comes_back_and_can_be_sent_again(api: Api, service: Service, format: str) -> None:
    content = download(api, COMPLETIONS, format).replace(GRAND_ROUNDS.encode(), b"999999999")
    first = worked(api, service, content, name=f"learners.{format}")
    refused = first["counts"]["rejected"]
    assert refused > 0
    assert COURSE != GRAND_ROUNDS
    back = file_of(api, first, "rejected")
    again = worked(api, service, back, name=f"learners.{format}")
    assert (again["counts"]["rejected"], again["counts"]["read"]) == (refused, refused)
    mended = worked(api, service, back.replace(b"999999999", GRAND_ROUNDS.encode()), name=f"learners.{format}")
    assert mended["counts"]["unchanged"] == mended["counts"]["read"] == refused
