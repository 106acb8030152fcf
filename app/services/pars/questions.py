"""Where what was reported stands: asked by the learner, by a certificate's key, or by the id of the answer.

What is given of a learner is compared with what this provider has reported, exactly and all of it, and never with the
registry: an answer says nothing that the provider has not said. So no birth date can be guessed here, and whatever does
not fit is answered as what was never reported.
"""

from __future__ import annotations

from datetime import date

import msgspec
from sqlalchemy import Connection

from app.core.errors import NotFound
from app.domain.catalogue import Catalogue
from app.domain.credits import Completion, Credit
from app.domain.identity.comparison_keys import code_key, id_key
from app.domain.parsing import MonthDay
from app.files.shapes.stored_records import Value, certificates_of, filled, report_of
from app.schemas.queries import CompletionQuery
from app.services.activities import lookup
from app.services.completions import lists, records
from app.services.context import Caller, Work
from app.services.pars.learner_answers import status_of

MOST = 500
"""Completions that one question is answered with."""
_NPI = "npi"


class LearnerQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Whose completion is asked for, as it was reported."""

    activity_id: str
    birth_date: MonthDay | None
    completed_on: date
    number: str
    """A number of the learner's: with a board, a licence, or the NPI."""
    domain: str | None
    """The board's code, the state or `NPI`; None for any."""


def find_by_learner(connection: Connection, caller: Caller, asked: LearnerQuestion) -> list[Value]:
    """Return the completions of a learner in an activity on a day; raises `NotFound` where none fits."""
    query = CompletionQuery(
        activity_id=[asked.activity_id], completed_from=asked.completed_on, completed_to=asked.completed_on
    )
    catalogue = caller.service.catalogue
    found = [one for one in _all(connection, caller, query) if _fits(one, asked, catalogue)]
    return _told(connection, caller, found)


def find_by_credit_id(connection: Connection, caller: Caller, credit_id: str) -> list[Value]:
    """Return the completions with a certificate that bears a key; raises `NotFound` where there is none."""
    found = _all(connection, caller, CompletionQuery(client_reference=[credit_id]))
    return _told(connection, caller, found)


def find(connection: Connection, caller: Caller, completion_id: str) -> tuple[list[Value], int]:
    """Return one completion as a record, and its version; raises `NotFound` for any that is not the provider's."""
    completion = records.get(connection, caller, completion_id)
    return _told(connection, caller, [completion]), completion.version


def withdraw(work: Work, completion_id: str, if_match: str | None) -> Value:
    """Withdraw a completion with all its credits; return what is told of it.

    Raises `NotFound`, and `PreconditionFailed` when it has another version than asked.
    """
    completion = records.get(work.connection, work.caller, completion_id)
    records.withdraw(work, completion_id, if_match)
    module = {
        "ModuleName": {"moduleID": completion.activity_id},
        "CompletedDateTime": completion.completed_on.isoformat(),
        "CreditCertificate": [
            filled(
                {
                    "CreditID": next(iter(credit.client_references), None),
                    "Board": credit.board,
                    "Status": "withdrawn",
                    "Code": "deleted",
                    "Message": "It was withdrawn.",
                }
            )
            for credit in completion.credits
        ],
    }
    return filled(
        {
            "Number": 1,
            "Outcome": "deleted",
            "LearnerId": completion.completion_id,
            "Activity": {"Module": filled(module)},
            "XtensibleInfo": {"LearnerRecordAction": "delete"},
        }
    )


def _all(connection: Connection, caller: Caller, query: CompletionQuery) -> list[Completion]:
    """Return the completions of a query, piece by piece: an activity may have thousands on one day."""
    found: list[Completion] = []
    after = None
    while True:
        page = lists.page(connection, caller, query, after=after, limit=MOST)
        found += [completion for _, completion in page.rows]
        if len(page.rows) < MOST:
            return found
        after = page.rows[-1][0]


def _fits(completion: Completion, asked: LearnerQuestion, catalogue: Catalogue) -> bool:
    """Whether everything that is given is what was reported."""
    born = str(asked.birth_date) if asked.birth_date is not None else None
    return completion.birth_date == born and any(
        id_key(number) == id_key(asked.number) for number in _numbers(completion, asked.domain, catalogue)
    )


def _numbers(completion: Completion, domain: str | None, catalogue: Catalogue) -> list[str]:
    if domain is not None and code_key(domain) == _NPI:
        return [completion.npi] if completion.npi else []
    boards = _boards(domain, catalogue) if domain is not None else None
    numbers = [credit.number_reported for credit in completion.credits if boards is None or credit.board in boards]
    if domain is None:
        numbers.append(completion.npi)
    return [number for number in numbers if number]


def _boards(domain: str, catalogue: Catalogue) -> set[str]:
    certifying = catalogue.certifying(domain)
    return {board.code for board in ((certifying,) if certifying is not None else catalogue.licensing(domain))}


def _told(connection: Connection, caller: Caller, found: list[Completion]) -> list[Value]:
    if not found:
        raise NotFound("There is no such completion.")
    return [_record(connection, caller, completion, place) for place, completion in enumerate(found, 1)]


def _record(connection: Connection, caller: Caller, completion: Completion, place: int) -> Value:
    """Return a completion as it was reported, each certificate with where it stands."""
    catalogue = caller.service.catalogue
    certificates = [
        certificate | _stands(credit, catalogue)
        for credit in completion.credits
        for certificate in certificates_of(credit, completion, catalogue)
    ]
    title = lookup.find(connection, caller, completion.activity_id).title
    told = {"Number": place, "Outcome": "found", "LearnerId": completion.completion_id}
    return told | report_of(completion, title, certificates)


def _stands(credit: Credit, catalogue: Catalogue) -> Value:
    return status_of(credit, catalogue, credit.status.value)
