"""Mails of CME Passport. None names a physician: who receives one may be somebody else."""

from __future__ import annotations

from app.domain.people.mails import MailText, letter


def open_text(link: str, *, service: str) -> MailText:
    """Return the mail by which an account is opened."""
    return MailText(
        subject="Open your CME Passport account",
        body=letter(
            "Open this link to open your account:",
            link,
            "The link works once, for 24 hours. Later, sign in with this address: a new link is mailed each time.",
            f"Did you not ask {service} for this? Then leave it: nothing is opened without it.",
        ),
    )


def nobody_text(link: str, *, service: str, support: str) -> MailText:
    """Return the mail to somebody whom no one physician on file fits."""
    return MailText(
        subject="Your CME Passport account could not be opened",
        body=letter(
            f"You asked {service} for an account. What you gave does not fit exactly one physician on file.",
            "Write the name as your licensing board has it, with the month and day of your birth, and the licence "
            "number with its state, or your NPI. A provider that has reported credit for you can give you a joining "
            "code, which stands in place of the licence. Then try again:",
            link,
            f"If it still does not work, ask {support}.",
            "Did you not ask for this? Then leave it: nothing was opened.",
        ),
    )


def there_is_text(link: str, *, service: str) -> MailText:
    """Return the mail to somebody who asked for the account that they have."""
    return MailText(
        subject="You have a CME Passport account",
        body=letter(
            f"You asked {service} for an account, and have one under this address. Sign in here:",
            link,
            "Did you not ask for this? Then leave it: nothing has changed.",
        ),
    )


def taken_text(*, service: str, support: str) -> MailText:
    """Return the mail to somebody who asked for an account that there is."""
    return MailText(
        subject="Your CME Passport account could not be opened yet",
        body=letter(
            f"You asked {service} for an account. There is one already for whom you described, under another address.",
            f"Is it yours? Then sign in with that address. Is it not? {support} was told, and will decide whose it is; "
            "you are mailed what was decided.",
            "Did you not ask for this? Then leave it: nothing was opened.",
        ),
    )


def claimed_text(link: str, *, service: str) -> MailText:
    """Return the mail to the holder of an account that somebody else has asked for."""
    return MailText(
        subject="Somebody asked for your CME Passport account",
        body=letter(
            f"Somebody gave {service} your name, birthday and licence, and asked for an account under another address. "
            "Nothing has changed: your account stays yours while the operator looks at it.",
            "Was it not you? Then say so here:",
            link,
        ),
    )


def decided_text(*, service: str, given: bool) -> MailText:
    """Return the mail to the holder of an account about which the operator has decided."""
    if given:
        return MailText(
            subject="Your CME Passport account was closed",
            body=letter(
                f"The operator of {service} found that the account under this address belongs to somebody else, and "
                "closed it. Links that it had shared have ended."
            ),
        )
    return MailText(
        subject="Your CME Passport account stays yours",
        body=letter(f"The operator of {service} looked at who asked for your account. It stays yours."),
    )


def given_text(link: str, *, service: str) -> MailText:
    """Return the mail to somebody to whom an account was given that was another's."""
    return MailText(
        subject="You can open your CME Passport account now",
        body=letter(
            f"The operator of {service} found that the account is yours, and closed the one that stood in the way. "
            "Open yours here:",
            link,
        ),
    )


def kept_text(*, service: str, support: str) -> MailText:
    """Return the mail to somebody who asked for an account that stays another's."""
    return MailText(
        subject="Your CME Passport account could not be opened",
        body=letter(
            f"The operator of {service} looked at what you asked for, and left the account with its holder.",
            f"If that is wrong, ask {support}.",
        ),
    )


def confirmed_text(link: str, *, service: str) -> MailText:
    """Return the mail to somebody whose account was confirmed."""
    return MailText(
        subject="Your CME Passport account was confirmed",
        body=letter(f"Your account at {service} was confirmed. It shows your credit now:", link),
    )


def closed_text(link: str) -> MailText:
    """Return the mail to somebody who closed their account."""
    return MailText(
        subject="Your CME Passport account was closed",
        body=letter(
            "Your account was closed, and the links that it had shared have ended. Your credit stays with boards and "
            "providers.",
            "You can open an account again at any time:",
            link,
        ),
    )
