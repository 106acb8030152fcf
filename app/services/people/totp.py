"""The second factor: authenticators enrolled, their codes and recovery codes verified, both reset by the operator."""

from __future__ import annotations

import enum
from datetime import timedelta

from app.core.errors import Conflict, NotFound
from app.domain.audit import PersonAudit
from app.domain.people import mails as texts
from app.domain.people import totp
from app.domain.people.mails import MailKind
from app.domain.people.persons import StaffPerson
from app.domain.people.sessions import TRIES_A_LINK, WRONG_A_DAY, Session
from app.services.context import Work
from app.services.people import mail
from app.store.people import persons, sign_in

_SECRET, _RECOVERY = "totp", "recovery-code"
_DAY = timedelta(days=1)


class FactorVerdict(enum.Enum):
    """What a code has led to."""

    RIGHT = "right"
    WRONG = "wrong"
    ENDED = "ended"
    """Too many were wrong: the session ended, and the person begins anew."""


def begin(work: Work, session: Session) -> bytes:
    """Begin to enrol an authenticator; return its secret, the same until the first code of it was given."""
    person = _lock(work, session)
    sealed = persons.pending_secret(work.connection, person.person_id)
    known = work.service.keyring.unseal(_SECRET, sealed, person.person_id) if sealed is not None else None
    if known is not None:
        return known
    secret = totp.new_secret()
    pending = work.service.keyring.seal(_SECRET, secret, person.person_id)
    persons.change(work.connection, person.person_id, {"totp_pending": pending})
    return secret


def confirm(work: Work, session: Session, code: str) -> list[str] | None:
    """Enrol the authenticator whose code is given; return new recovery codes, shown this once; None for a wrong code.

    What was enrolled before works no longer, and all other sessions end.
    """
    person = _lock(work, session)
    connection, person_id = work.connection, person.person_id
    sealed = persons.pending_secret(connection, person_id)
    secret = work.service.keyring.unseal(_SECRET, sealed, person_id) if sealed is not None else None
    step = totp.step_of(secret, code, work.now, None) if secret is not None else None
    if secret is None or step is None:
        return None
    persons.change(
        connection,
        person_id,
        {
            "totp_secret": work.service.keyring.seal(_SECRET, secret, person_id),
            "totp_pending": None,
            "totp_step": step,
        },
    )
    codes = _new_recovery_codes(work, person_id)
    sign_in.end_sessions(connection, person_id, work.now, but=session.session_id)
    sign_in.confirm_session(connection, session.session_id, work.now)
    work.audit("enrol-totp", person_id, PersonAudit(session_id=session.session_id))
    _notify(work, person_id, "An authenticator was enrolled: from now on its codes are asked for as well.")
    return codes


def renew_recovery_codes(work: Work, session: Session) -> list[str]:
    """Put ten new recovery codes in place of all others; return them, shown this once."""
    person = _lock(work, session)
    if person.totp_secret is None:
        raise Conflict("There is no authenticator for which recovery codes could stand in.")
    codes = _new_recovery_codes(work, person.person_id)
    work.audit("renew-recovery-codes", person.person_id, PersonAudit(session_id=session.session_id))
    return codes


def _new_recovery_codes(work: Work, person_id: str) -> list[str]:
    codes = totp.new_recovery_codes()
    digests = [_digests(work, person_id, code)[0] for code in codes]
    persons.replace_recovery_codes(work.connection, person_id, digests, work.now)
    return codes


def _digests(work: Work, person_id: str, code: str) -> list[str]:
    read = totp.read_recovery_code(code)
    return work.service.keyring.keyed_digests(_RECOVERY, f"{person_id} {read}") if read is not None else []


def verify(work: Work, session: Session, given: str) -> FactorVerdict:
    """Confirm a session by a code of the authenticator, or by a recovery code, each of which works once."""
    connection, person_id = work.connection, session.person_id
    person = persons.lock(connection, person_id)
    if person is None or person.totp_secret is None:
        return FactorVerdict.ENDED
    # Codes of mails are not counted: anybody may try them, and would keep out whoever needs a second factor.
    wrong = sign_in.wrong_factors(connection, person_id, work.now - _DAY)
    tries_left = sign_in.take_session_try(connection, session.session_id, TRIES_A_LINK)
    if not tries_left or wrong >= WRONG_A_DAY:
        sign_in.end_session(connection, session.session_id, work.now)
        work.audit("sign-out", person_id, PersonAudit(session_id=session.session_id))
        return FactorVerdict.ENDED
    factor = _factor_of(work, person, given)
    if factor is None:
        return FactorVerdict.WRONG
    sign_in.confirm_session(connection, session.session_id, work.now)
    work.audit("confirm", person_id, PersonAudit(session_id=session.session_id, factor=factor))
    if factor == "recovery-code":
        left = persons.count_recovery_codes(connection, person_id)
        _notify(work, person_id, f"A recovery code was used in place of your authenticator. {left} are left.")
    return FactorVerdict.RIGHT


def _factor_of(work: Work, person: StaffPerson, given: str) -> str | None:
    """Return which factor a code is, used up; None for a wrong one."""
    connection, person_id = work.connection, person.person_id
    secret = work.service.keyring.unseal(_SECRET, person.totp_secret or "", person_id)
    step = totp.step_of(secret, given, work.now, persons.last_step(connection, person_id)) if secret else None
    if step is not None:
        persons.change(connection, person_id, {"totp_step": step})
        return "totp"
    used = any(
        persons.use_recovery_code(connection, person_id, digest, work.now)
        for digest in _digests(work, person_id, given)
    )
    return "recovery-code" if used else None


def reset(work: Work, person_id: str) -> None:
    """Take a person's authenticator and recovery codes, and end their sessions: they enrol another. For operators."""
    person = persons.lock(work.connection, person_id)
    if person is None or person.removed_at is not None:
        raise NotFound("There is no such person.")
    empty = {"totp_secret": None, "totp_pending": None, "totp_step": None}
    persons.change(work.connection, person_id, empty)
    persons.replace_recovery_codes(work.connection, person_id, (), work.now)
    sign_in.end_sessions(work.connection, person_id, work.now)
    work.audit("reset-totp", person_id, PersonAudit())
    _notify(work, person_id, "The operator has taken your authenticator from your account. You can enrol another.")


def _lock(work: Work, session: Session) -> StaffPerson:
    """Return the person of a session, locked; raises `Conflict` where an authenticator is to be given first."""
    person = persons.lock(work.connection, session.person_id)
    if person is None or person.removed_at is not None:
        raise NotFound("There is no such person.")
    if person.totp_secret is not None and session.confirmed_at is None:
        raise Conflict("The code of the authenticator that is enrolled has to be given first.")
    return person


def _notify(work: Work, person_id: str, sentence: str) -> None:
    text = texts.notice_text(sentence, service=work.service.settings.service_name)
    mail.queue(work, person_id, MailKind.NOTICE, text)
