from __future__ import annotations

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.matching import nicknames
from app.matching.nicknames import is_nickname


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("william", "bill"), ("robert", "bob"), ("margaret", "peggy"), ("elizabeth", "beth"), ("jose", "pepe"),
        ("francisco", "paco"), ("aleksandr", "sasha"), ("venkatesh", "venkat"), ("stephen", "steven"),
    ],
)  # fmt: skip
def test_a_short_form_and_its_name_are_a_pair_in_either_order(name: str, short: str):
    assert is_nickname(name, short)
    assert is_nickname(short, name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("john", "ivan"), ("bill", "fred"), ("emily", "emma"), ("aaron", "erin"), ("agnes", "inez"), ("mary", "marie"),
        ("louis", "louise"), ("ernest", "ernestine"), ("michael", "micah"), ("margaret", "daisy"), ("john", "john"),
        ("", ""), ("william", ""),
    ],
)  # fmt: skip
def test_two_names_in_their_own_right_are_no_pair(one: str, other: str):
    assert not is_nickname(one, other)


def test_a_pair_is_one_step():
    assert is_nickname("sandra", "alexandra")
    assert is_nickname("sandra", "alessandra")
    assert not is_nickname("alexandra", "alessandra")


def test_every_line_of_a_list_is_read():
    for name in ("nicknames.tsv", "short_forms.tsv"):
        lines = files("app.matching").joinpath("data", name).read_text("ascii").splitlines()
        for line in lines:
            assert line.startswith("# ") or line.count("\t") == 1
        listed = [line.split("\t") for line in lines if "\t" in line]
        for long, short_forms in listed:
            for short in short_forms.split(" "):
                assert long.isalpha() and short.isalpha() and long.islower() and short.islower() and long != short
                assert is_nickname(long, short)


@given(st.sampled_from(sorted({name for pair in nicknames._pairs() for name in pair})), st.text(max_size=8))
def test_whatever_is_asked_the_order_does_not_matter(one: str, other: str):
    assert is_nickname(one, other) is is_nickname(other, one)
    assert not is_nickname(one, one)
