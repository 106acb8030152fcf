"""The mail that tells a physician what happened to their credit: provider, activity and state, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from app.domain.passport.notices import NoticeKind
from app.domain.people.mails import MailText, letter, listed

MOST_LINES = 100
"""Lines of one mail; the others are counted."""
_STATES = {
    NoticeKind.REPORTED: "reported",
    NoticeKind.CORRECTED: "an amount was corrected",
    NoticeKind.REJECTED: "rejected by a board",
    NoticeKind.WITHDRAWN: "withdrawn",
}
_SUBJECTS = {
    NoticeKind.REPORTED: "Credit was reported for you",
    NoticeKind.CORRECTED: "Your credit was corrected",
    NoticeKind.REJECTED: "A board has rejected credit of yours",
    NoticeKind.WITHDRAWN: "Credit of yours was withdrawn",
}


class ToldLine(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to credit of an activity."""

    kind: NoticeKind
    provider: str
    activity: str


def told_text(lines: Sequence[ToldLine], *, links_opened: int, credits: str, shares: str, settings: str) -> MailText:
    """Return the mail about all that happened since the last; `links_opened`, how many shares were opened."""
    parts = []
    if lines:
        said = [f"{line.activity}, {line.provider}: {_STATES[line.kind]}" for line in lines[:MOST_LINES]]
        if len(lines) > MOST_LINES:
            said.append(f"And {len(lines) - MOST_LINES} more.")
        parts += ["This happened to your credit:", listed(said), "Where each stands:", credits]
    if links_opened:
        opened = "A link" if links_opened == 1 else f"{links_opened} links"
        parts += [f"{opened} to your transcript {'was' if links_opened == 1 else 'were'} opened:", shares]
    parts += ["Choose what you are mailed of, and when:", settings]
    return MailText(subject=_subject(lines), body=letter(*parts))


def _subject(lines: Sequence[ToldLine]) -> str:
    kinds = {line.kind for line in lines}
    if not kinds:
        return "A link to your transcript was opened"
    return _SUBJECTS[kinds.pop()] if len(kinds) == 1 else "What happened to your credit"
