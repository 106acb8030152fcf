"""The token of a form that was sent: found without reading the rest, and however its name is written."""

from __future__ import annotations

import pytest

from app.console.visitors import token_of


@pytest.mark.parametrize(
    ("body", "token"),
    [
        (b"token=abc", "abc"),
        (b"%2Flearner%2Ffirst_name=Tina&key=1&token=a%2Bc&do=next", "a+c"),
        (b"%74%6f%6b%65%6e=abc", "abc"),
        (b"tok%65n=abc&x=%", "abc"),
        (b"a=token%3Dabc&tokens=1&Token=2&%74=3", ""),
        (b"token=a&token=b", ""),
        (b"token=a&%74oken=b", ""),
        (b"token=&token=b", "b"),
        (b"token", ""),
        (b"", ""),
    ],
)
def test_a_form_has_one_token_or_none(body: bytes, token: str) -> None:
    assert token_of(body) == token
