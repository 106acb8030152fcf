"""Records that were taken over from another system: what their boards are told, and the statuses of other systems."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from app.domain.credits import CreditStatus
from app.domain.identity.comparison_keys import code_key

REPORTED, CORRECTED, WITHDRAWN = "credit.reported", "credit.corrected", "credit.withdrawn"
"""Events of boards' feeds."""


class TellBoards(enum.StrEnum):
    """What boards are told of records that are taken over."""

    NONE = "none"
    """Nothing: they have heard of them from the system before."""
    PENDING = "pending"
    """Of credit that its board has not decided on: it is put in its feed, to be decided on here."""


def events_of_change(event: str, credit_id: str, untold: set[str]) -> tuple[str, ...]:
    """Return the events by which a board is told what happened to a credit, in their order.

    The first that a board hears of a credit is that it was reported, with the whole record. `untold` are credits of
    another system of which it has heard nothing from here; one that it is told of now is taken out.
    """
    if credit_id not in untold:
        return (event,)
    untold.discard(credit_id)
    return (REPORTED, WITHDRAWN) if event == WITHDRAWN else (REPORTED,)


_WORDS: Mapping[str, CreditStatus] = {
    code_key(word): status
    for status, words in {
        CreditStatus.PENDING: ("pending", "submitted", "received", "processing", "in process", "sent", "queued"),
        CreditStatus.ACCEPTED: ("accepted", "approved", "processed", "posted", "completed", "success"),
        CreditStatus.REJECTED: ("rejected", "denied", "failed", "declined", "not accepted"),
        CreditStatus.WITHDRAWN: ("withdrawn", "deleted", "removed", "retracted", "cancelled", "canceled"),
    }.items()
    for word in words
}


def status_of_words(text: str) -> CreditStatus | None:
    """Return the status that another system's word for it means; None for a word that is not known."""
    return _WORDS.get(code_key(text))
