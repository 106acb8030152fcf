"""Verification codes: 60 random bits, no look-alikes, and whatever hands make of them is read back."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.passport.verification_codes import ALPHABET, LENGTH, new_verification_code, parse_verification_code


def test_a_code_has_sixty_bits_in_three_groups_and_no_letter_that_looks_like_another() -> None:
    assert math.log2(len(set(ALPHABET))) * LENGTH == 60
    codes = {new_verification_code() for _ in range(2_000)}
    assert len(codes) == 2_000
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}", code) for code in codes)
    assert {sign for code in codes for sign in code} == {*ALPHABET, "-"}


@pytest.mark.parametrize(
    "typed",
    [
        "7K4M-9QXD-2TRA",
        "7k4m9qxd2tra",
        " 7K4M 9QXD 2TRA\n",
        "7K4M\u20139QXD\u20142TRA",
        "7K4M\u00a09QXD\u200b2TRA",
        "7-K-4-M-9-Q-X-D-2-T-R-A",
        "\uff17K4M-\uff19QXD-2TRA",
    ],
)
def test_case_spaces_and_dashes_are_forgiven(typed: str) -> None:
    assert parse_verification_code(typed) == "7K4M-9QXD-2TRA"


def test_look_alikes_are_forgiven() -> None:
    assert parse_verification_code("OoIi-LlUu-0000") == "0011-11VV-0000"


@pytest.mark.parametrize(
    "typed", ["", "7K4M-9QXD-2TR", "7K4M-9QXD-2TRAA", "7K4M-9QXD-2TR!", "7K4M-9QXD-2TR\u00c4", "7" * 200, "-" * 200]
)
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    assert parse_verification_code(typed) is None


@given(st.text(alphabet=ALPHABET, min_size=LENGTH, max_size=LENGTH))
def test_a_code_as_it_is_printed_is_read_as_it_is(signs: str) -> None:
    code = f"{signs[:4]}-{signs[4:8]}-{signs[8:]}"
    assert parse_verification_code(code) == code
