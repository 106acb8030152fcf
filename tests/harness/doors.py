"""Every door at which a birth date is compared with the registry, as somebody who guesses uses it."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.domain.identity.validations import ValidationRequest
from app.domain.parsing import read_month_day
from app.domain.passport.licensees import LicenseeQuestion
from app.services.context import Service, operator, transact
from app.services.passport import joining, licensees
from app.services.passport.joining import JoinRequest
from tests.builders.bodies import a_completion
from tests.builders.pars_documents import learners
from tests.builders.pars_documents import report as pars_report
from tests.builders.people import import_people
from tests.builders.sent_files import lines, tab_text
from tests.harness.access.people import mails
from tests.harness.api import Answer, Api, api_of
from tests.harness.uploads import rows_of, worked

COMPLETIONS = "/v1/learner-completions"
PERSON = {"first_name": "Ada", "last_name": "Wonderly"}
LICENSE = {"state": "TN", "license_id": "555001"}
BORN = "06/15"
_numbers = itertools.count(1)


def far_name(number: int) -> str:
    """Return a last name that is like no other."""
    return "Q" + "".join(random.Random(number).choices("abcdefghijklmnoprstuvw", k=9))


def import_ada(service: Service, born: str = BORN, **fields: str) -> None:
    """Import Ada Wonderly, whom no provider of the demo world has met."""
    row = {**PERSON, "date_of_birth": born, "licenses": "TN-M:555001", "npi": "1234567893"} | fields
    assert import_people(service, row).refused == []


@dataclass(frozen=True)
class Guess:
    """What a door answered to a birth date."""

    right: bool
    """Whether it told that the date is right."""
    said: Any
    """The answer, without ids and moments."""


Door = Callable[[Api, Service, str], Guess]


def _body(born: str, **more: Any) -> dict[str, Any]:
    # Each is a record of its own: what an earlier one left must not stand in its way.
    day = f"2021-{next(_numbers) % 11 + 1:02}-{next(_numbers) % 27 + 1:02}"
    return a_completion("201759558", "2021-12-12", **PERSON, born=born, **LICENSE, credits=0.25, **more) | {
        "client_reference": f"guess {day} {next(_numbers)}"
    }


def _of(answer: Answer) -> Guess:
    faults = [{k: v for k, v in error.items() if k != "request_id"} for error in answer.json.get("errors", [])]
    return Guess("learner-unmatched" not in answer.codes, (answer.status, faults))


def validate(api: Api, service: Service, born: str) -> Guess:
    answer = api.post("/v1/learner-validations", {**PERSON, **LICENSE, "date_of_birth": born})
    return Guess(answer.json["result"] == "one", answer.json)


def report(api: Api, service: Service, born: str) -> Guess:
    return _of(api.report(_body(born)))


def report_once(api: Api, service: Service, born: str) -> Guess:
    return _of(api.report(_body(born), Idempotency_Key=f"guess {next(_numbers)}"))


def preview(api: Api, service: Service, born: str) -> Guess:
    answer = api.post(f"{COMPLETIONS}:preview", _body(born)).json
    rules = {finding["rule"] for finding in answer["findings"]}
    return Guess("learner-unmatched" not in rules, answer)


def bulk(api: Api, service: Service, born: str) -> Guess:
    (result,) = api.post(f"{COMPLETIONS}:bulk", {"items": [_body(born)]}).json["items"]
    codes = {error["code"] for error in result.get("problem", {}).get("errors", [])}
    return Guess("learner-unmatched" not in codes, codes or result["status"])


def _own_completion(api: Api) -> tuple[str, str]:
    made = api.report(a_completion(credits=0.25, occasion=next(_numbers)))
    assert made.status in (200, 201), made.json
    return f"{COMPLETIONS}/{made.json['completion_id']}", made.response.headers["ETag"]


def correct(api: Api, service: Service, born: str) -> Guess:
    path, etag = _own_completion(api)
    return _of(api.send("PUT", path, headers={"If-Match": etag}, json=_body(born)))


def patch(api: Api, service: Service, born: str) -> Guess:
    path, etag = _own_completion(api)
    learner = {**PERSON, "date_of_birth": born, "learner_id": None}
    body = {"learner": learner, "cme": [{**LICENSE, "credits": 0.25}]}
    headers = {"If-Match": etag, "Content-Type": "application/merge-patch+json"}
    return _of(api.send("PATCH", path, headers=headers, json=body))


def put_by_reference(api: Api, service: Service, born: str) -> Guess:
    body = _body(born)
    return _of(api.send("PUT", f"{COMPLETIONS}/by-reference/{body['client_reference']}", json=body))


def file_of_validations(api: Api, service: Service, born: str, *, dry_run: bool = False) -> Guess:
    sent = lines([{**PERSON, **LICENSE, "date_of_birth": born}])
    batch = worked(api, service, sent, "learner-validations", dry_run=dry_run)
    (row,) = rows_of(api, batch)
    return Guess(row["outcome"] == "one", row)


def dry_run_of_validations(api: Api, service: Service, born: str) -> Guess:
    return file_of_validations(api, service, born, dry_run=True)


def file_of_completions(api: Api, service: Service, born: str, *, action: str = "Add", dry_run: bool = False) -> Guess:
    cells = {
        "Record Action": action, "ACCME Activity ID": "201759558", "Completion Date": "12/12/2021",
        "First Name": "Ada", "Last Name": "Wonderly", "Date of Birth": born, "Licensing State": "Tennessee",
        "Licensing ID": "555001", "Number of CME Credits": 0.25,
    }  # fmt: skip
    batch = worked(api, service, tab_text([cells]), dry_run=dry_run)
    (row,) = rows_of(api, batch)
    rules = {finding["rule"] for finding in row["findings"]}
    return Guess("learner-unmatched" not in rules, sorted(rules))


def dry_run_of_completions(api: Api, service: Service, born: str) -> Guess:
    return file_of_completions(api, service, born, dry_run=True)


def file_of_deletes(api: Api, service: Service, born: str) -> Guess:
    return file_of_completions(api, service, born, action="Delete")


def dry_run_of_deletes(api: Api, service: Service, born: str) -> Guess:
    return file_of_completions(api, service, born, action="Delete", dry_run=True)


def file_of_updates(api: Api, service: Service, born: str) -> Guess:
    return file_of_completions(api, service, born, action="Update")


def ask_to_join(api: Api, service: Service, born: str) -> Guess:
    address = f"guess{next(_numbers)}@example.org"
    known = ValidationRequest(**PERSON, **LICENSE, birth_date=read_month_day(born))
    asked = JoinRequest(known=known, code="", address=address, host="192.0.2.1")
    told = transact(operator(service), joining.ask, asked)
    (mail,) = [mail for mail in mails(service) if mail.to == address]
    return Guess("/passport/join/" in mail.body, told)


def search_transcripts(api: Api, service: Service, born: str, *, verb: str = "search") -> Guess:
    board = api_of(api.http, service, f"Board {next(_numbers)}", role="board", board="TN-M")
    answer = board.post(f"/v1/transcripts:{verb}", {**PERSON, **LICENSE, "date_of_birth": born})
    return Guess(answer.json["data"] != [], answer.json)


def total_transcripts(api: Api, service: Service, born: str) -> Guess:
    return search_transcripts(api, service, born, verb="totals")


def look_licensee_up(api: Api, service: Service, born: str) -> Guess:
    known = ValidationRequest(**PERSON, **LICENSE, birth_date=read_month_day(born))
    board = operator(service, board="TN-M")
    found = asyncio.run(licensees.look_up(board, LicenseeQuestion(known=known)))
    return Guess(found is not None, found.transcript if found is not None else None)


def file_of_licensees(api: Api, service: Service, born: str, *, dry_run: bool = False) -> Guess:
    board = api_of(api.http, service, f"Board {next(_numbers)}", role="board", board="TN-M")
    sent = lines([{**PERSON, **LICENSE, "date_of_birth": born}])
    batch = worked(board, service, sent, "transcripts", permission_attested=None, dry_run=dry_run)
    (row,) = rows_of(board, batch)
    return Guess(row["outcome"] == "one", row)


def dry_run_of_licensees(api: Api, service: Service, born: str) -> Guess:
    return file_of_licensees(api, service, born, dry_run=True)


def document(api: Api, service: Service, born: str) -> Guess:
    answer = api.post("/pars/learner-activities", learners([pars_report(_body(born))]))
    (record,) = answer.json["ACCMELearnerReports"]["ActivityReports"]["ActivityReport"]
    rules = {finding["Rule"] for finding in record.get("Finding", ())}
    return Guess("learner-unmatched" not in rules, sorted(rules))


def match_document(api: Api, service: Service, born: str) -> Guess:
    name = {"GivenName": PERSON["first_name"], "FamilyName": PERSON["last_name"]}
    number = {"value": LICENSE["license_id"], "domain": LICENSE["state"]}
    asked = {"Member": {"Name": name, "PersonalInfo": {"BirthDate": born}}, "UniqueID": number}
    answer = api.post("/pars/learner-match", {"LearnerMatch": asked})
    return Guess(answer.json["LearnerMatch"]["Result"] == "one", answer.json)


def find_transcript(
    api: Api, service: Service, born: str, *, operation: str = "GetLearnerTranscriptbyLearner"
) -> Guess:
    board = api_of(api.http, service, f"Board {next(_numbers)}", role="board", board="TN-M")
    asked = {
        "FirstName": PERSON["first_name"], "LastName": PERSON["last_name"], "BirthDate": born,
        "StateOfLicensure": LICENSE["state"], "StateMedicalLicenseID": LICENSE["license_id"],
    }  # fmt: skip
    answer = board.get(f"/pars/{operation}", **asked)
    if operation.endswith("PDF"):
        # The bytes of a PDF have moments in them; that there is one is what is told.
        return Guess(answer.status == 200, answer.status)
    found = answer.json.get("ACCMETranscripts") or answer.json.get("LearnerTranscriptCredits", {}).get("Totals")
    return Guess(bool(found), answer.json)


def find_transcript_file(api: Api, service: Service, born: str) -> Guess:
    return find_transcript(api, service, born, operation="GetLearnerTranscriptbyLearnerPDF")


def find_transcript_totals(api: Api, service: Service, born: str) -> Guess:
    return find_transcript(api, service, born, operation="GetLearnerTranscriptCreditsByDate")


BY_OPERATION: dict[str, list[Door]] = {
    "validate_learner": [validate],
    "upload_batch": [
        file_of_validations, dry_run_of_validations, file_of_completions, dry_run_of_completions, file_of_deletes,
        dry_run_of_deletes, file_of_updates, file_of_licensees, dry_run_of_licensees,
    ],
    "report_completion": [report, report_once],
    "preview_completion": [preview],
    "report_completions": [bulk],
    "correct_completion": [correct],
    "put_completion": [put_by_reference],
    "change_completion": [patch],
    "save_learner_activities": [document],
    "match_learner": [match_document],
    "find_licensee_transcript": [find_transcript],
    "find_licensee_transcript_file": [find_transcript_file],
    "total_licensee_credits": [find_transcript_totals],
    "ask_to_join": [ask_to_join],
    "search_transcripts": [search_transcripts],
    "total_transcripts": [total_transcripts],
    "look_licensee_up": [look_licensee_up],
}  # fmt: skip
"""The doors of each operation; the keys are those of `budget.DOORS`."""
NOT_OF_PROVIDERS = (
    ask_to_join, search_transcripts, total_transcripts, look_licensee_up, file_of_licensees, dry_run_of_licensees,
    find_transcript, find_transcript_file,
    find_transcript_totals,
)  # fmt: skip
"""Doors at which nobody asks for a provider: that one has found somebody helps nobody there."""
EVERY_DOOR = [door for doors in BY_OPERATION.values() for door in doors]
