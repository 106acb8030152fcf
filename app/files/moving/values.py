"""Values that every file of another system has: moments, statuses, entry methods, ids."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time

from app.domain.batches import EntryMethod
from app.domain.credits import CreditStatus, Delivery
from app.domain.findings import Finding
from app.domain.moving.records import is_own_id
from app.domain.moving.telling import status_of_words
from app.domain.parsing import own_id_or_none, read_written_day
from app.files.mapping.refusals import refusal

STATUS, DAY = "moved-status", "moved-day"
"""The rules of records that were taken over: see `rules/enforced_elsewhere.py`."""
_STATUS_HINT = "Give accepted, rejected, pending or withdrawn."
_DAY_HINT = "Give a day as YYYY-MM-DD, or a moment as 2021-12-20T15:00:00Z."
_METHODS = {method.value: method for method in EntryMethod}
_DELIVERIES = {delivery.value: delivery for delivery in Delivery}


class Reading:
    """Reads the values of one record, and collects what is wrong with them."""

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self.findings: list[Finding] = list(findings)

    def moment(self, text: str | None, pointer: str) -> datetime | None:
        """Return a moment in UTC; a day is its first moment. None where there is none."""
        if text is None or not text.strip():
            return None
        moment = read_moment(text.strip())
        if moment is None:
            self.findings.append(refusal(DAY, pointer, "Not a day, and not a moment.", _DAY_HINT))
        return moment

    def status(self, text: str | None, pointer: str) -> CreditStatus | None:
        """Return a status; None where there is none, or an unknown one."""
        if text is None or not text.strip():
            return None
        status = status_of_words(text)
        if status is None:
            self.findings.append(refusal(STATUS, pointer, "Not a status of credit.", _STATUS_HINT))
        return status

    def delivery(self, text: str | None, pointer: str) -> Delivery | None:
        """Return where credit goes; None where the file does not say."""
        if text is None or not text.strip():
            return None
        found = _DELIVERIES.get(text.strip().lower())
        if found is None:
            hint = "Give board or transcript-only, or leave it out."
            self.findings.append(refusal("format", pointer, "Not a way of delivery.", hint))
        return found

    def entry_method(self, text: str | None, pointer: str, otherwise: EntryMethod) -> EntryMethod:
        """Return how a record came; `otherwise` where the file does not say."""
        if text is None or not text.strip():
            return otherwise
        found = _METHODS.get(text.strip().lower())
        if found is None:
            hint = f"Give one of {', '.join(_METHODS)}, or leave it out."
            self.findings.append(refusal("format", pointer, "Not a way in which records come.", hint))
        return found or otherwise


def read_moment(text: str) -> datetime | None:
    """Return a moment, in UTC where no zone is given; the first one of a day. None for what is neither."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        day = read_written_day(text)
        return datetime.combine(day, time.min, UTC) if isinstance(day, date) else None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None


def split_id(text: str | None) -> tuple[str | None, str | None]:
    """Return an id as one of this service, or as a key by which the record is found; None for what it is not."""
    given = own_id_or_none(text)
    if given is None:
        return None, None
    return (given, None) if is_own_id(given) else (None, given)
