"""What a record of another system says, beside what is on file: the names of what differs, never values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from app.domain.catalogue import Catalogue
from app.domain.credits import Completion, Credit, CreditStatus
from app.domain.identity.comparison_keys import code_key, id_key
from app.domain.moving.records import PastCredit
from app.domain.parsing import MonthDay, plain_text
from app.domain.reports import RemsPart, quarters_of
from app.rules.rems_answers import rems_in_place_of
from app.services.moving.building import quarters_of_credit
from app.services.moving.parts import JudgedRecord, is_cme


def differences(judged: JudgedRecord, stands: Completion, catalogue: Catalogue) -> list[str]:
    """Return what a completion on file has otherwise than a record that has its id."""
    return [*dict.fromkeys(_differences(judged, stands, catalogue))]


def _differences(judged: JudgedRecord, stands: Completion, catalogue: Catalogue) -> Iterator[str]:
    report = judged.report
    if stands.withdrawn_at is not None:
        yield "it was withdrawn here"
        return
    born = report.person.birth_date
    for name, there, here in (
        ("activity", report.activity_id, stands.activity_id),
        ("completion date", report.completed_on, stands.completed_on),
        ("occasion", report.occasion or stands.occasion, stands.occasion),
        ("first name", report.person.first_name, stands.first_name),
        ("last name", report.person.last_name, stands.last_name),
        ("date of birth", str(born) if isinstance(born, MonthDay) else None, stands.birth_date),
        ("NPI", report.person.npi, stands.npi),
    ):
        if there != here:
            yield name
    if judged.moved.entry_said and report.entry_method != stands.entry_method:
        yield "way of entry"
    if not judged.moved.assumed and not _same_moment(report.received_at, stands.submitted_at):
        yield "time of submission"
    if not judged.moved.without_rems and not _same_rems(report.rems, stands.rems):
        yield "answers for REMS"
    yield from _credit_differences(judged.moved.credits, stands.credits, catalogue)


def _same_rems(there: RemsPart | None, here: RemsPart | None) -> bool:
    return there == here if there is None else rems_in_place_of(there, here) == here


def _credit_differences(there: Sequence[PastCredit], here: Sequence[Credit], catalogue: Catalogue) -> Iterator[str]:
    by_id = {credit.credit_id: credit for credit in here}
    left = list(here)
    for moved in there:
        stands = by_id.get(moved.credit_id or "")
        if stands is None:
            stands = next((credit for credit in left if is_alike(moved, credit, catalogue)), None)
        if stands is None or stands not in left:
            yield "credit"
            continue
        left.remove(stands)
        if not is_alike(moved, stands, catalogue):
            yield "credit"
        if id_key(moved.number) != id_key(stands.number_reported):
            yield "the learner's number with a board"
        if not _same_status(moved, stands):
            yield "status of credit"
        if not {*map(plain_text, moved.references)} <= {*map(plain_text, stands.client_references)}:
            yield "references"
    if left:
        yield "credit"


def find_alike(judged: JudgedRecord, beside: Iterable[Completion], catalogue: Catalogue) -> Completion | None:
    """Return the completion of a day that has all of a record's credit as the record has it; None where none has.

    For records without an id of this service. A record of answers for REMS alone is found by these.
    """
    report = judged.report
    for stands in beside:
        if report.occasion not in (None, stands.occasion):
            continue
        left = list(stands.credits)
        for moved in judged.moved.credits:
            found = next((c for c in left if is_alike(moved, c, catalogue) and _same_status(moved, c)), None)
            if found is None:
                break
            left.remove(found)
        else:
            same_rems = report.rems is None or rems_in_place_of(report.rems, stands.rems) == stands.rems
            if same_rems and (judged.moved.credits or report.rems is not None):
                return stands
    return None


def is_alike(moved: PastCredit, stands: Credit, catalogue: Catalogue) -> bool:
    """Return True if credit is for the same board, of the same amount and types."""
    types = sorted((code_key(amount.type or ""), quarters_of(amount.credits)) for amount in moved.types)
    return (
        _may_be_of(moved, stands.board, catalogue)
        and quarters_of_credit(moved) == stands.quarters
        and types == sorted((code_key(name), quarters) for name, quarters in stands.credit_types)
    )


def _may_be_of(moved: PastCredit, board: str, catalogue: Catalogue) -> bool:
    if moved.board is None:
        return is_cme(moved, catalogue)
    if is_cme(moved, catalogue):
        return any(of_state.code == board for of_state in catalogue.licensing(moved.board))
    known = catalogue.certifying(moved.board)
    return known is not None and known.code == board


def _same_status(moved: PastCredit, stands: Credit) -> bool:
    """Whether credit stands as its board decided there; what only waits there may be decided on here."""
    if moved.assumed:
        return True
    if moved.status is CreditStatus.PENDING and stands.status is CreditStatus.ACCEPTED and stands.delivery != "board":
        return True
    return (moved.status, moved.reason, moved.text) == (stands.status, stands.status_reason, stands.status_text) and (
        moved.status_at is None or _same_moment(moved.status_at, stands.status_at)
    )


def _same_moment(there: datetime, here: datetime) -> bool:
    """Whether two moments are one, as exactly as the other system tells it."""
    return there == (here if there.microsecond else here.replace(microsecond=0))
