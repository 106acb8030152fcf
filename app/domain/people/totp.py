"""Codes of authenticator apps (TOTP, RFC 6238) and recovery codes."""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote

STEP_SECONDS = 30
DIGITS = 6
STEPS_BESIDE = 1
"""Steps before and after the present one that count: clocks of phones differ."""
SECRET_BYTES = 20
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Of recovery codes: none is taken for another."""
_CODE_LETTERS = 12


def new_secret() -> bytes:
    """Return a new secret of 160 bits (RFC 4226, 4)."""
    return secrets.token_bytes(SECRET_BYTES)


def step_at(moment: datetime) -> int:
    """Return the number of the step that a moment lies in."""
    return int(moment.timestamp()) // STEP_SECONDS


def code_at(secret: bytes, step: int, *, digits: int = DIGITS, algorithm: str = "sha1") -> str:
    """Return the code of a step."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), algorithm)
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_of(secret: bytes, code: str, now: datetime, after: int | None) -> int | None:
    """Return the step whose code was given, near a moment and after the last step that was used; None for none."""
    given = read_digits(code)
    if given is None:
        return None
    present = step_at(now)
    for step in range(present - STEPS_BESIDE, present + STEPS_BESIDE + 1):
        if (after is None or step > after) and hmac.compare_digest(code_at(secret, step), given):
            return step
    return None


def read_digits(given: str) -> str | None:
    """Return a code of six digits without the blanks people type within it; None for anything else."""
    code = "".join(given.split())
    return code if len(code) == DIGITS and code.isascii() and code.isdigit() else None


def shown_secret(secret: bytes) -> str:
    """Return a secret as apps take it by hand."""
    return base64.b32encode(secret).decode().rstrip("=")


def address_of(secret: bytes, *, account: str, issuer: str) -> str:
    """Return the `otpauth://` address that a QR code holds."""
    label = quote(f"{issuer}:{account}", safe=":@")
    return (
        f"otpauth://totp/{label}?secret={shown_secret(secret)}&issuer={quote(issuer)}"
        f"&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
    )


def new_recovery_codes() -> list[str]:
    """Return ten new codes, of 59 random bits each, as they are shown: `abcd-efgh-jkmn`."""
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(_CODE_LETTERS)) for _ in range(RECOVERY_CODES)]
    return ["-".join(code[place : place + 4] for place in range(0, _CODE_LETTERS, 4)) for code in codes]


def read_recovery_code(given: str) -> str | None:
    """Return a recovery code without what people type within it; None for what is none."""
    code = "".join(letter for letter in given.lower() if letter not in " -\t")
    return code if len(code) == _CODE_LETTERS and set(code) <= set(_LETTERS) else None
