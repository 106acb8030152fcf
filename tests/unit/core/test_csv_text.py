"""Formula injection: whatever a spreadsheet may take for a formula is guarded, and comes back as it was."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.csv_text import escape_formula, unescape_formula
from tests.harness.properties import examples

SIGNS = "=+-@＝＋－＠﹦﹢﹣﹫⁼₊−"
BLANKS = (
    "", "\x0b", "\x0c", "\x00", "\x1c", "\x85", "\u00a0", "\u00ad", "\u200b", "\u200e", "\u202e", "\u2007",
    "\u2028", "\u3000", "\u2060", "\ufeff", "\u180e", "\u2800", "\u3164", "\ufe0f", "\U000e0020", " \u200b\u00a0 ",
)  # fmt: skip


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("blank", BLANKS)
def test_a_sign_behind_anything_that_is_not_seen_is_guarded(blank: str, sign: str) -> None:
    text = f"{blank}{sign}1+1"
    assert escape_formula(text) == f"'{text}"
    assert unescape_formula(f"'{text}") == text


@pytest.mark.parametrize("text", ["O'Brien", "'x", "a=1", "1-2", "José", "", "'", "\u00a0x", "東京", "12/12/2021"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert escape_formula(text) == text == unescape_formula(text)


@examples(300)
@given(
    st.one_of(
        st.text(max_size=12),
        st.lists(
            st.one_of(st.sampled_from("'\t\r\n" + SIGNS), st.sampled_from(BLANKS), st.characters()), max_size=6
        ).map("".join),
    )
)
def test_text_made_safe_comes_back_and_shows_no_sign_first(text: str) -> None:
    safe = escape_formula(text)
    assert unescape_formula(safe) == text
    assert unescape_formula(escape_formula(safe)) == safe
    seen = "".join(
        c
        for c in unicodedata.normalize("NFKC", safe)
        if not c.isspace() and unicodedata.category(c) not in {"Cc", "Cf"}
    )
    assert seen[:1] not in {"=", "+", "-", "@"}
