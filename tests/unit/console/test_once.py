"""Keys of forms: one that a page drew names what is done, anything else names nothing."""

from __future__ import annotations

import pytest

from app.console.once import key_of
from app.core.clock import new_id


def test_the_key_that_a_page_drew_is_the_forms() -> None:
    key = new_id()
    assert key_of({"key": [key], "token": ["x"]}) == key


@pytest.mark.parametrize("sent", [{}, {"key": []}, {"key": [" "]}, {"key": ["a\0bcdefgh"]}, {"key": ["k" * 101]}])
def test_what_no_page_draws_is_no_key(sent: dict[str, list[str]]) -> None:
    assert key_of(sent) is None
