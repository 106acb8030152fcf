"""Mails to physicians whose account is touched as entries of the registry are joined or divided. None names anybody."""

from __future__ import annotations

from app.domain.people.mails import MailText, letter

_CLOSED = "Your CME Passport account was closed"


def closed_as_second_text(link: str, *, service: str, support: str) -> MailText:
    """Return the mail to the holder of an account that nothing had confirmed, of a physician who has another."""
    return MailText(
        subject=_CLOSED,
        body=letter(
            f"Two entries that {service} had of you were found to be one physician, and both had an account. A "
            "physician has one: the account under another address stays, because it was confirmed, and this one was "
            "closed. It had shown nothing yet, so nothing is lost: your credit stands in the other.",
            "Is the other yours? Then sign in with its address:",
            link,
            f"Is it not? Then ask {support}.",
        ),
    )


def kept_as_first_text(link: str, *, service: str) -> MailText:
    """Return the mail to the holder of the account that stays when another of the same physician is closed."""
    return MailText(
        subject="Your CME Passport account shows more credit",
        body=letter(
            f"Two entries that {service} had of you were found to be one physician. Your account shows the credit of "
            "both. Another account of the same physician, which nothing had confirmed, was closed. Look at it here:",
            link,
        ),
    )


def closed_as_own_second_text(link: str, *, service: str) -> MailText:
    """Return the mail to somebody who had two accounts of one physician under one address."""
    return MailText(
        subject="One of your CME Passport accounts was closed",
        body=letter(
            f"Two entries that {service} had of you were found to be one physician, and you had an account for each. "
            "One stays, with the credit of both. Links that the other had shared have ended; give new ones here:",
            link,
        ),
    )


def two_accounts_text(*, service: str, support: str) -> MailText:
    """Return the mail to both holders of accounts of one physician, between whom the operator decides."""
    return MailText(
        subject="Two CME Passport accounts for one physician",
        body=letter(
            f"Two entries that {service} had were found to be one physician, and both have an account. A physician "
            f"has one: {support} was told, and will decide which stays. Until then both work as before; you are mailed "
            "what was decided.",
            f"Are both accounts yours, or is the other a stranger's? Then tell {support}.",
        ),
    )


def parted_text(link: str, *, service: str, opened_again: bool) -> MailText:
    """Return the mail to the holder of an account that had been one of two, when the joining was undone."""
    again = "Your account is open again. Links that it had shared stay ended."
    return MailText(
        subject="Your CME Passport account stays yours",
        body=letter(
            f"The operator of {service} had taken two entries for one physician, and has undone that. "
            + (again if opened_again else "Your account stays yours, and nothing has to be decided."),
            "Sign in here:",
            link,
        ),
    )


def doubted_text(link: str, *, service: str, support: str) -> MailText:
    """Return the mail to the holder of an account whose physician was found to be two people."""
    return MailText(
        subject="Your CME Passport account has to be confirmed again",
        body=letter(
            f"The operator of {service} found that an entry on file was about two physicians, and has divided it. "
            "Your account was confirmed before that, so it is not certain whose credit it should show. Until it is "
            "confirmed again it shows nothing, and links that it gave show nothing either. Nothing is deleted.",
            f"Enter a new joining code of a provider that has reported credit for you here, or ask {support}:",
            link,
        ),
    )
