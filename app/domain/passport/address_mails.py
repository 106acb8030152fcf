"""Mails about a new mail address of an account. None names a person, and none the other address."""

from __future__ import annotations

from app.domain.people.mails import MailText, letter


def prove_text(link: str, *, service: str) -> MailText:
    """Return the mail to an address that somebody wants to use from now on."""
    return MailText(
        subject="Is this your address for CME Passport?",
        body=letter(
            f"Somebody who has an account at {service} wants to sign in with this address from now on. Is it you? Then "
            "open this link:",
            link,
            "The link works once, for 24 hours. Did you not ask for this? Then leave it: nothing changes without it.",
        ),
    )


def has_account_text(*, service: str) -> MailText:
    """Return the mail to an address that signs somebody in already."""
    return MailText(
        subject="This address is in use already",
        body=letter(
            f"Somebody who has an account at {service} wanted to sign in with this address. It signs you in already: "
            "nothing has changed.",
            "Was it you? Then close the account that you have under this address first, or use another one.",
        ),
    )


def agree_text(link: str, *, service: str) -> MailText:
    """Return the mail to the address that an account has, of which somebody asked for another."""
    return MailText(
        subject="Another address for your CME Passport account?",
        body=letter(
            f"Somebody who was signed in to your account at {service} asked for another mail address. Was it you? Then "
            "confirm it here, and it is changed at once. Was it not you? Then stop it here:",
            link,
            "If nothing is said here, the address is changed in seven days.",
        ),
    )


def changed_text(link: str) -> MailText:
    """Return the mail to the new address of an account."""
    return MailText(
        subject="Your CME Passport account has this address now",
        body=letter("Your mail address was changed, and you were signed out everywhere. Sign in with this one:", link),
    )
