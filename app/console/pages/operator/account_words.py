"""What merging or splitting physicians does to their accounts in CME Passport, said before the button."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.passport.accounts import Meeting, PassportAccount, in_precedence, meeting_of

DOUBTED = (
    "It has to be confirmed again, by a joining code or by you: until then it shows nothing, nor do links that it "
    "gave. Joining codes and links in mails work no longer. Its holder is mailed."
)
_MET = {
    Meeting.OWN: "Both are of one person. The second is closed, and links that it gave end. Its holder is mailed.",
    Meeting.CLOSED: (
        "The one that is confirmed stays, and shows the credit of both. The other, which nothing has confirmed, is "
        "closed. Both holders are mailed."
    ),
    Meeting.DECIDED: (
        "Both are confirmed, or neither is: both go on working until you decide, under Passport, which one stays. "
        "Both holders are mailed."
    ),
}
_SPLIT = "Who is on file has a CME Passport account, which stays with who stays."
_ONE_ACCOUNT = "One of them has a CME Passport account"


def split_in_words(accounts: Sequence[PassportAccount]) -> list[str]:
    """Say what a split does to the accounts of who is split; nothing where there is none."""
    if not accounts:
        return []
    if any(account.confirmed_at is not None for account in accounts):
        return [_SPLIT, DOUBTED]
    return [f"{_SPLIT} Nothing has confirmed it yet, so it shows nothing. Joining codes and links in mails end."]


def merge_in_words(leaves: Sequence[PassportAccount], stays: Sequence[PassportAccount]) -> list[str]:
    """Say what a merge does to the accounts of both; nothing where neither has one."""
    if leaves and stays:
        first, *others = in_precedence([*leaves, *stays])
        met = dict.fromkeys(meeting_of(first, other) for other in others)
        return ["Both have a CME Passport account, and a physician has one.", *(_MET[meeting] for meeting in met)]
    if not (leaves or stays):
        return []
    if any(account.confirmed_at is not None for account in (*leaves, *stays)):
        return [f"{_ONE_ACCOUNT}, which is confirmed: it will show the credit of both."]
    return [f"{_ONE_ACCOUNT}, which nothing has confirmed: once it is, it shows the credit of both."]
