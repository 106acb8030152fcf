"""Where completions stand: asked by the learner, by a key, or by id; and whom a learner's data fit."""

from __future__ import annotations

from typing import Any

import pytest

from app.services.context import Service
from tests.api.pars.documents import LEARNERS, certificates, outcomes, read, records, send_xml
from tests.builders.bodies import COURSE, GRAND_ROUNDS, a_completion, john
from tests.builders.pars_documents import learners, report, xml
from tests.builders.people import import_people
from tests.harness.api import Api, api_of
from tests.harness.refusals import assert_problem

ASKED = {"moduleID": GRAND_ROUNDS, "CompletionDate": "2021-12-12", "BirthDate": "--02-01", "UniqueID": "444444"}
STATUS = f"{LEARNERS}/status"


@pytest.fixture
def reported(api: Api) -> str:
    (record,) = records(api.post(LEARNERS, learners([report(a_completion(reference="ccid:x:1"))])))
    return str(record["LearnerId"])


def test_a_status_is_found_by_the_learner_as_reported(api: Api, reported: str) -> None:
    for asked in (ASKED, ASKED | {"domain": "TN"}, ASKED | {"BirthDate": "1970-02-01", "CompletionDate": "12/12/2021"}):
        (record,) = records(api.get(STATUS, **asked))
        assert record["LearnerId"] == reported
        (certificate,) = certificates(record)
        assert (certificate["Board"], certificate["Status"]) == ("TN-M", "pending")


@pytest.mark.parametrize(
    "wrong",
    [
        {"BirthDate": "02/02"}, {"UniqueID": "444445"}, {"CompletionDate": "2021-12-13"}, {"moduleID": COURSE},
        {"domain": "ME"}, {"domain": "NPI"}, {"BirthDate": ""}, {"moduleID": "999999999"},
    ],
)  # fmt: skip
def test_whatever_does_not_fit_is_answered_as_what_never_was(api: Api, reported: str, wrong: dict[str, str]) -> None:
    absent = api.get(STATUS, CreditId="never")
    answer = api.get(STATUS, **(ASKED | wrong))
    assert answer.status == 404
    assert answer.json | {"request_id": ""} == absent.json | {"request_id": ""}


def test_another_providers_completion_is_absent(api: Api, service: Service, reported: str) -> None:
    other = api_of(api.http, service, "Other", providers=["0008002"])
    absent = other.get(STATUS, CreditId="never").json | {"request_id": ""}
    for path, asked in ((STATUS, ASKED), (STATUS, {"CreditId": "ccid:x:1"}), (f"{LEARNERS}/{reported}", {})):
        assert other.get(path, **asked).json | {"request_id": ""} == absent
    assert other.delete(f"{LEARNERS}/{reported}").status == 404


def test_a_status_is_found_by_the_key_of_a_certificate(api: Api, reported: str) -> None:
    (record,) = records(api.get(STATUS, CreditId="ccid:x:1"))
    assert (record["LearnerId"], certificates(record)[0]["CreditID"]) == (reported, "ccid:x:1")


def test_all_that_is_missing_is_told_at_once(api: Api) -> None:
    answer = api.get(STATUS, BirthDate="never")
    assert answer.status == 422
    told = {error["parameter"] for error in answer.json["errors"]}
    assert told == {"moduleID", "CompletionDate", "UniqueID", "BirthDate"}


def test_what_is_read_can_be_sent_back_and_changes_nothing(api: Api) -> None:
    (record,) = records(api.post(LEARNERS, learners([report(john())])))
    path = f"{LEARNERS}/{record['LearnerId']}"
    assert outcomes(api.post(LEARNERS, api.get(path).json)) == ["unchanged"]
    in_xml = api.send("GET", path, headers={"Accept": "text/xml"})
    assert outcomes(send_xml(api, LEARNERS, in_xml.response.content)) == ["unchanged"]


def test_a_second_record_of_a_day_is_read_with_its_occasion_and_can_be_sent_back(api: Api) -> None:
    api.report(a_completion())
    second = api.report(a_completion(occasion=2)).json
    found = assert_the_same_when_sent_back(api, second["completion_id"])
    assert found["XtensibleInfo"]["Occasion"] == 2


def test_who_was_reported_by_a_link_is_read_by_it_and_can_be_sent_back(api: Api) -> None:
    link = api.report(a_completion(COURSE, "2021-02-14")).json["learner"]["learner_id"]
    linked = api.report(a_completion(license_id=None) | {"learner": {"learner_id": link}}).json
    assert_the_same_when_sent_back(api, linked["completion_id"])


def test_answers_for_rems_are_read_in_the_words_of_documents(api: Api) -> None:
    activity = api.register(rems={"type": "Opioid Analgesic"}).json["activity_id"]
    rems = {"local_id": "17", "profession": "Nurse", "time_in_practice": "6-10"}
    nurse = api.report(a_completion(activity, credits=None) | {"rems": rems}).json
    found = assert_the_same_when_sent_back(api, nurse["completion_id"])
    assert found["Participants"]["Participant"]["TimeInPractice"] == "6-10 years"


def test_credit_of_both_boards_of_a_state_is_read_with_the_board_of_each_and_can_be_sent_back(
    api: Api, service: Service
) -> None:
    import_people(
        service,
        {"first_name": "Olga", "last_name": "Both", "date_of_birth": "02/11", "licenses": "TN-M:910011;TN-O:910012"},
    )
    person = {"first_name": "Olga", "last_name": "Both", "born": "02/11"}
    body = a_completion(**person)
    body["cme"] = [
        {"state": board, "license_id": number, "credits": 2}
        for board, number in (("TN-M", "910011"), ("TN-O", "910012"))
    ]
    both = api.report(body).json
    assert {credit["board"] for credit in both["credits"]} == {"TN-M", "TN-O"}
    assert_the_same_when_sent_back(api, both["completion_id"])


def assert_the_same_when_sent_back(api: Api, completion_id: str) -> dict[str, Any]:
    """Read a completion, and send it back: it is the same, and unchanged. Return it as it was read."""
    document = api.get(f"{LEARNERS}/{completion_id}").json
    (record,) = records(api.post(LEARNERS, document))
    assert (record["Outcome"], record["LearnerId"]) == ("unchanged", completion_id), record
    (found,) = document["ACCMELearnerReports"]["ActivityReports"]["ActivityReport"]
    return dict(found)


def test_a_completion_is_withdrawn_by_its_id(api: Api, reported: str) -> None:
    path = f"{LEARNERS}/{reported}"
    (record,) = records(api.delete(path))
    assert (record["Outcome"], certificates(record)[0]["Status"]) == ("deleted", "withdrawn")
    assert (api.delete(path).status, api.get(path).status) == (404, 404)


PERSON = {"Member": {"Name": {"GivenName": "Rebecca", "FamilyName": "Test"}, "PersonalInfo": {"BirthDate": "--02-01"}}}


@pytest.mark.parametrize("here", [LEARNERS, "/v1/learner-completions"])
def test_a_withdrawal_with_a_stale_etag_is_refused(api: Api, reported: str, here: str) -> None:
    path = f"{here}/{reported}"
    read = api.get(path).response.headers["etag"]
    corrected = report(a_completion(credits=3, reference="ccid:x:1"), "update")
    assert outcomes(api.post(LEARNERS, learners([corrected]))) == ["updated"]
    changed = api.get(path).response.headers["etag"]
    assert changed != read
    for stale in (read, f"W/{changed}", "mine"):
        assert_problem(api.send("DELETE", path, headers={"If-Match": stale}), 412, "precondition-failed")
    assert api.send("DELETE", path, headers={"If-Match": changed}).status in (200, 204)
    assert api.get(path).status == 404


@pytest.mark.parametrize("form", ["JSON", "XML"])
def test_a_match_says_how_many_and_gives_the_link(api: Api, form: str) -> None:
    def ask(asked: dict[str, Any]) -> Any:
        document = {"LearnerMatch": asked}
        path = "/pars/learner-match"
        return read(api.post(path, document) if form == "JSON" else send_xml(api, path, xml(document).encode()))

    name = {"first_name": "Rebecca", "last_name": "Test", "date_of_birth": "02/01"}
    plain = name | {"state": "TN", "license_id": "444444"}
    expected = api.post("/v1/learner-validations", plain).json
    found = ask(PERSON | {"UniqueID": {"value": "444444", "domain": "TN"}})
    assert (found["Result"], found["LearnerLink"]) == ("one", expected["learner_id"])
    assert found["Message"].startswith("One learner was matched. The LearnerLink may stand in a completion")
    assert found["Board"] in (["TN-M"], "TN-M")
    missed = [ask(PERSON | {"UniqueID": {"value": "77", "domain": domain}}) for domain in ("ME", "ABA")]
    assert [one["Result"] for one in missed] == ["none", "none"]
    assert "LearnerLink" not in missed[0]


def test_a_match_without_a_name_is_refused_and_an_unknown_element_named(api: Api) -> None:
    answer = api.post("/pars/learner-match", {"LearnerMatch": {"Member": {"Name": {"GivenName": "Rebecca"}}}})
    assert (answer.status, answer.codes) == (422, {"name-required"})
    told = api.post("/pars/learner-match", {"LearnerMatch": PERSON | {"ShoeSize": "44"}}).json["LearnerMatch"]
    assert [(one["Rule"], "ShoeSize" in one["Message"]) for one in told["Finding"]] == [("element-ignored", True)]


LICENSEE = {"FirstName": "Rebecca", "LastName": "Test", "StateOfLicensure": "TN", "StateMedicalLicenseID": "444444"}


def test_a_board_reads_transcripts_and_totals_of_its_licensees_alone(api: Api, service: Service) -> None:
    api.report(a_completion())
    board = api_of(api.http, service, "Tennessee", role="board", board="TN-M")
    (found,) = board.get("/pars/GetLearnerTranscriptbyLearner", **LICENSEE).json["ACCMETranscripts"]
    assert found["Member"]["Name"]["FullName"] == "Rebecca Test"
    modules = [one["Activity"]["Module"] for one in found["ActivityTranscript"]]
    assert GRAND_ROUNDS in {one["ModuleName"]["moduleID"] for one in modules}
    days = {"StartDate": "2021-12-12", "EndDate": "12/12/2021"}
    totalled = board.get("/pars/GetLearnerTranscriptCreditsByDate", **LICENSEE, **days).json
    (totals,) = totalled["LearnerTranscriptCredits"]["Totals"]
    assert totals["AMAPRACategory1"] == 2
    pdf = board.get("/pars/GetLearnerTranscriptbyLearnerPDF", **LICENSEE)
    assert (pdf.status, pdf.response.content[:5]) == (200, b"%PDF-")
    other = api_of(api.http, service, "Maryland", role="board", board="MD-M")
    assert other.get("/pars/GetLearnerTranscriptbyLearner", **LICENSEE).json["ACCMETranscripts"] == []
    in_xml = other.send(
        "GET", "/pars/GetLearnerTranscriptbyLearner", headers={"Accept": "application/xml"}, params=LICENSEE
    )
    assert in_xml.response.text.endswith("<ACCMETranscripts/>\n")
