"""Codes of authenticators are those of RFC 6238, and each works once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.people import totp

SHA1, SHA256, SHA512 = (b"1234567890" * 7, 20), (b"1234567890" * 7, 32), (b"1234567890" * 7, 64)
VECTORS = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]
"""RFC 6238, appendix B: seconds, and the codes of eight digits by SHA-1, SHA-256 and SHA-512."""


@pytest.mark.parametrize(("seconds", "sha1", "sha256", "sha512"), VECTORS)
def test_codes_are_those_of_the_standard(seconds: int, sha1: str, sha256: str, sha512: str) -> None:
    step = totp.step_at(datetime.fromtimestamp(seconds, UTC))
    expected = ((SHA1, "sha1", sha1), (SHA256, "sha256", sha256), (SHA512, "sha512", sha512))
    for (text, length), algorithm, code in expected:
        assert totp.code_at(text[:length], step, digits=8, algorithm=algorithm) == code
    assert totp.code_at(SHA1[0][:20], step) == sha1[2:]


def test_a_code_works_within_a_step_of_its_own_and_never_again() -> None:
    secret, now = totp.new_secret(), datetime(2026, 11, 30, 12, tzinfo=UTC)
    step = totp.step_at(now)
    for beside in (-1, 0, 1):
        assert totp.step_of(secret, totp.code_at(secret, step + beside), now, None) == step + beside
    assert totp.step_of(secret, totp.code_at(secret, step), now, step) is None
    late = now + timedelta(seconds=2 * totp.STEP_SECONDS)
    assert totp.step_of(secret, totp.code_at(secret, step), late, None) is None


@pytest.mark.parametrize("given", ["", "12345", "1234567", "12345x", "１２３４５６", "-12345"])
def test_what_is_no_code_of_six_digits_is_none(given: str) -> None:
    assert totp.read_digits(given) is None


def test_blanks_within_a_code_are_those_of_who_types_it() -> None:
    assert totp.read_digits(" 123 456 ") == "123456"
    (code, *_) = totp.new_recovery_codes()
    assert totp.read_recovery_code(code.upper().replace("-", " ")) == code.replace("-", "")


def test_recovery_codes_are_ten_and_no_two_are_alike() -> None:
    codes = totp.new_recovery_codes()
    assert len(set(codes)) == 10
    assert all(totp.read_recovery_code(code) for code in codes)
    assert totp.read_recovery_code("abcd-efgh-jkm0") is None
