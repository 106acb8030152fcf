"""Mails about disputes and permission: they name provider, activity and state, never a person."""

from __future__ import annotations

from app.domain.passport.disputes import Dispute, DisputeKind, DisputeStatus
from app.domain.people.mails import MailText, letter

_STATES = {
    DisputeStatus.OPEN: "The provider was told, and has until {by} to answer. After that the operator decides.",
    DisputeStatus.ANSWERED: "The provider has answered. Look whether that will do: if it will not, the operator "
    "decides.",
    DisputeStatus.REFERRED: "The operator decides now.",
    DisputeStatus.REFUSED: "It stays as it is. The reason stands on the page.",
    DisputeStatus.TAKEN_BACK: "It was taken back: nothing is asked of the provider any longer.",
}


def dispute_text(
    dispute: Dispute, link: str, *, provider: str, activity: str, answered: bool = False, changed: bool = False
) -> MailText:
    """Return the mail to a physician about where a dispute stands; `answered`, after an answer to the operator's."""
    about = f"{activity}, reported by {provider}" if activity else f"What {provider} has reported"
    permission = dispute.kind is DisputeKind.PERMISSION
    what = "the permission that you withdrew" if permission else "what you said of a record"
    return MailText(
        subject="Your permission to report credit" if permission else "Your question about a credit",
        body=letter(
            f"This is about {what}.",
            f"{about}.",
            _state(dispute, answered=answered, changed=changed),
            link,
        ),
    )


def _state(dispute: Dispute, *, answered: bool, changed: bool) -> str:
    if dispute.status is DisputeStatus.AGREED:
        if dispute.kind is DisputeKind.PERMISSION:
            return "It was withdrawn: nothing of it counts any longer."
        return "The record was changed." if changed else "The record is yours no longer."
    if answered and dispute.status is DisputeStatus.REFERRED:
        return "The provider has answered. The operator still decides."
    return _STATES[dispute.status].format(by=f"{dispute.answer_by:%m/%d/%Y}")
