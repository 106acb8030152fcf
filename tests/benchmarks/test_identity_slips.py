from __future__ import annotations

import ast
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.identity import resolvable, slip_names, slips
from benchmarks.identity.resolvable import Everybody, is_one_edit, is_typed_as
from benchmarks.identity.slips import SLIPS, Known, Maker, Typed, near_dates

STATES = ["CA", "NY", "TX"]
JOHN = Known(
    id="john",
    first="John",
    last="O'Brien-Müller",
    middle="Paul",
    suffix="Jr.",
    other_last_names=("García",),
    date="07/04",
    licences=(("CA", "00123"),),
)
SON = Known(
    id="son", first="John", last="O'Brien-Müller", middle="", suffix="", other_last_names=(), date="11/30",
    licences=(("CA", "00777"),),
)  # fmt: skip
JANE = Known(
    id="jane", first="Jane", last="Van der Berg", middle="", suffix="", other_last_names=(), date="07/04",
    licences=(("CA", "55"), ("NY", "0066")),
)  # fmt: skip
SASHA = Known(
    id="sasha", first="Aleksandr", last="Ivanov", middle="", suffix="", other_last_names=(), date=None,
    licences=(("TX", "9"),),
)  # fmt: skip
PEOPLE = [JOHN, SON, JANE, SASHA]


@pytest.mark.parametrize("module", [slips, slip_names, resolvable])
def test_the_maker_of_slips_and_who_could_be_meant_know_nothing_of_matching(module):
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert not [name for name in imported if name and name.startswith("app")]


@given(st.integers(0, 10_000), st.sampled_from(PEOPLE))
def test_a_seed_makes_the_same_reports_again(seed: int, person: Known):
    once, again = (Maker(seed, STATES, PEOPLE).report(person, 3) for _ in range(2))
    assert once == again


def test_a_seed_makes_the_same_reports_in_another_process():
    """The order of a set is another one in each process."""
    script = (
        "from random import Random; from benchmarks.identity.slips import Known, Maker, SLIPS\n"
        "one = Known(id='1', first='Jane', last='Van Dyke', middle='Ann', suffix='', other_last_names=('Roe',),"
        " date='03/14', licences=(('NY', '0123'), ('CA', 'A77')))\n"
        "maker = Maker(1, ['CA', 'NY', 'TX'], [one])\n"
        "print([maker.report_with(one, slip) for slip in SLIPS for _ in range(5)])"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", script], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(made) == 1


@given(st.integers(0, 10_000), st.sampled_from([JOHN, SON, JANE]), st.sampled_from(SLIPS))
def test_a_slip_changes_the_report_and_leads_no_farther_than_it_says(seed: int, person: Known, slip):
    typed = Maker(seed, STATES, PEOPLE).report_with(person, slip)
    if typed is None:
        return
    assert typed.slips == (slip.name,)
    assert (typed.first, typed.last, typed.state, typed.number, typed.date) != (person.first, person.last, *[None] * 3)
    farther = {
        "surname nobody knows", "date wholly wrong", "state not held", "digit of the number",
        "number of somebody else", "number of a namesake", "suffix added",
    }  # fmt: skip
    if slip.name not in farther:
        assert person.id in Everybody(PEOPLE).within(typed)


@given(st.integers(0, 10_000), st.sampled_from([JOHN, SON, JANE]))
def test_somebody_is_within_no_slips_of_a_report_without_any(seed: int, person: Known):
    assert person.id in Everybody(PEOPLE).within(Maker(seed, STATES, PEOPLE).plain(person))


@pytest.mark.parametrize(
    ("typed", "within"),
    [
        (Typed(first="Jon", last="Garcia", date="07/04", state="CA"), {"john"}),
        (Typed(first="J.", last="OBrien Mueller", date="07/05", state="CA"), set()),
        (Typed(first="J.", last="OBrien Muller", date="07/05", state="CA"), {"john"}),
        (Typed(first="Jane", last="Berg", date="04/07", state="NY"), {"jane"}),
        (Typed(first="Van der Berg", last="Jane", date="07/04", state="CA"), {"jane"}),
        (Typed(first="Jane", last="Berg", date="07/04", state="TX"), set()),
        (Typed(first="Sasha", last="Ivanov", date="01/01", state="TX"), set()),
        (Typed(first="Sasha", last="Ivanov", date="01/01", state="TX", number="9"), {"sasha"}),
        (Typed(first="John", last="O'Brien-Müller", date="07/04", state="CA", number="123"), set()),
        (Typed(first="John", last="O'Brien-Müller", date="07/04", state="CA", number="123", was_number=True), {"john"}),
        (Typed(first="John", last="O'Brien-Müller, III", date="07/04", state="CA"), set()),
    ],
)
def test_who_could_be_meant(typed: Typed, within: set[str]):
    assert Everybody(PEOPLE).within(typed) == within


@given(st.text("abcd", min_size=1, max_size=6), st.text("abcd", min_size=1, max_size=6))
def test_one_edit_is_what_one_change_of_a_text_makes(one: str, other: str):
    letters = sorted({*one, *other})
    changed = {one[:place] + one[place + 1 :] for place in range(len(one))}
    changed |= {one[:place] + letter + one[place:] for place in range(len(one) + 1) for letter in letters}
    changed |= {one[:place] + letter + one[place + 1 :] for place in range(len(one)) for letter in letters}
    changed |= {one[:place] + one[place + 1] + one[place] + one[place + 2 :] for place in range(len(one) - 1)}
    if one != other:
        assert is_one_edit(one, other) is (other in changed)


def test_a_near_date_is_near_the_other_way_round():
    random = Random(1)
    maker = Maker(1, STATES, PEOPLE)
    for _ in range(200):
        date = maker.any_date()
        near = random.choice(sorted(near_dates(date)))
        assert date in near_dates(near)


def test_somebody_has_what_was_typed_where_no_slip_is_between():
    typed = Maker(1, STATES, PEOPLE).plain(JOHN)
    typed = replace(typed, number=None)
    assert is_typed_as(typed, JOHN)
    assert not is_typed_as(replace(typed, last=f"{typed.last}x"), JOHN)
    assert not is_typed_as(replace(typed, date="01/02"), JOHN)
    assert not is_typed_as(replace(typed, state="none"), JOHN)
