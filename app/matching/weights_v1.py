"""Weights of evidence, version 1, in bits: log2 of how much likelier a level is of the person meant than of another.

Frozen: explanations are kept with the version, and an answer is the same whoever joins the registry. A change is
another version beside this one. The penalties were set by hand on synthetic registries (seeds 1 to 5); on no data set
that results are told of, and on nothing that senders typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import log2

from app.matching.evidence import FieldAgreement, NameAgreement, NamesCompared
from app.matching.frequencies import given_share, surname_share

VERSION = "1"
POPULATION_BITS = 20.0
"""Log2 of the number of people that a report may be about: physicians of a country, on file here or not."""
LEAST_SCORE = POPULATION_BITS + 2
"""The least score of somebody who is meant: four to one against everybody else in the population."""
LEAST_LEAD = 3.0
"""By how much the best has to lead: eight to one."""
MOST_SLIPS, MOST_SLIPS_WITH_NUMBER = 2.0, 3.0
"""How far names may be from those on file, in points of `SLIPS`."""

SURNAME_BITS, GIVEN_BITS = 14.0, 11.0
"""The most that a name says, however rare."""
SURNAME: Mapping[NameAgreement, float] = {
    NameAgreement.SAME: 0.0,
    NameAgreement.PART: -3.5,
    NameAgreement.NEAR: -4.5,
    NameAgreement.FAR: -7.5,
}
"""What is taken from the bits of a last name, by how it compares."""
GIVEN: Mapping[NameAgreement, float] = {
    NameAgreement.SAME: 0.0,
    NameAgreement.NICKNAME: -3.5,
    NameAgreement.MIDDLE: -7.5,
    NameAgreement.NEAR: -4.5,
    NameAgreement.FAR: -7.5,
}
"""The same of a first name."""
INITIAL = 2.5
"""What an initial says in all."""
DIFFERENT_NAME = -8.0
KNOWN_NAME, MOST_KNOWN_NAME = 0.4, 2.5
"""A typed name that is a name itself is less a slip than another person: so much for each doubling of its bearers."""
OTHER_GIVEN_SHARE = 1e-4
"""A first name that so many bear is no slip of another: `Joan` beside `John` is a twin. Spellings are nicknames."""
SWAPPED = -4.0
BIRTH_DATE: Mapping[FieldAgreement, float] = {FieldAgreement.SAME: 8.3, FieldAgreement.DIFFERENT: -8.0}
MIDDLE: Mapping[FieldAgreement, float] = {FieldAgreement.SAME: 2.0, FieldAgreement.DIFFERENT: -3.0}
SUFFIX: Mapping[FieldAgreement, float] = {
    FieldAgreement.SAME: 3.0,
    FieldAgreement.DIFFERENT: -7.0,
    FieldAgreement.NOT_ON_FILE: -1.0,
}
LEAST_STATE, NOT_HELD = 1.5, -4.0
CERTIFIED: Mapping[FieldAgreement, float] = {FieldAgreement.SAME: 2.0, FieldAgreement.DIFFERENT: -4.0}
SCHOOL: Mapping[FieldAgreement, float] = {FieldAgreement.SAME: 6.0, FieldAgreement.DIFFERENT: -4.0}
NUMBER = POPULATION_BITS + 3
"""What an identifier says that the person holds where it was said to be."""

SLIPS: Mapping[NameAgreement, float] = {
    NameAgreement.PART: 0.5,
    NameAgreement.NICKNAME: 0.5,
    NameAgreement.INITIAL: 0.75,
    NameAgreement.MIDDLE: 1.0,
    NameAgreement.NEAR: 1.0,
    NameAgreement.FAR: 1.5,
    NameAgreement.DIFFERENT: 2.0,
    NameAgreement.ABSENT: 2.0,
}
SLIP_SWAPPED, SLIP_NO_DATE, SLIP_NO_STATE = 1.0, 0.5, 1.0

_PEOPLE_OF_STATES = {
    "CA": 11.9, "TX": 8.8, "FL": 6.5, "NY": 6.1, "PA": 3.9, "IL": 3.9, "OH": 3.6, "GA": 3.2, "NC": 3.2, "MI": 3.0,
    "NJ": 2.8, "VA": 2.6, "WA": 2.3, "AZ": 2.2, "MA": 2.1, "TN": 2.1, "IN": 2.0, "MD": 1.9, "MO": 1.9, "WI": 1.8,
    "CO": 1.7, "MN": 1.7, "SC": 1.5, "AL": 1.5, "LA": 1.4, "KY": 1.4, "OR": 1.3, "OK": 1.2, "CT": 1.1, "PR": 1.0,
    "UT": 1.0, "IA": 1.0, "NV": 0.9, "AR": 0.9, "MS": 0.9, "KS": 0.9, "NM": 0.6, "NE": 0.6, "ID": 0.6, "WV": 0.5,
    "HI": 0.4, "NH": 0.4, "ME": 0.4, "RI": 0.3, "MT": 0.3, "DE": 0.3, "SD": 0.3, "ND": 0.2, "AK": 0.2, "DC": 0.2,
    "VT": 0.2, "WY": 0.2,
}  # fmt: skip
"""Per cent of the people counted in the 2020 Census, by state; physicians are licensed about as people live."""


@lru_cache(maxsize=65_536)
def surname_bits(form: str) -> float:
    """Return what it says that two have the same last name."""
    share = surname_share(form)
    return SURNAME_BITS if share <= 0 else min(SURNAME_BITS, -log2(share))


@lru_cache(maxsize=65_536)
def given_bits(form: str) -> float:
    """Return what it says that two have the same first name."""
    share = given_share(form)
    return GIVEN_BITS if share <= 0 else min(GIVEN_BITS, -log2(share))


@lru_cache(maxsize=1_024)
def state_bits(state: str) -> float:
    """Return what it says that somebody is licensed in a state."""
    return max(LEAST_STATE, -log2(_PEOPLE_OF_STATES.get(state, 0.2) / 100))


def _known_name(share: float) -> float:
    return min(MOST_KNOWN_NAME, KNOWN_NAME * log2(1 + share * 2**POPULATION_BITS))


def is_other_given_name(form: str) -> bool:
    """Return True if a typed first name is one that many bear, so that it is not taken for a slip of another."""
    return given_share(form) >= OTHER_GIVEN_SHARE


def weigh_names(names: NamesCompared) -> float:
    """Return the bits of a name on file beside the reported one."""
    return (
        _weigh_surname(names)
        + _weigh_given(names)
        + (SWAPPED if names.swapped else 0.0)
        + MIDDLE.get(names.middle, 0.0)
        + SUFFIX.get(names.suffix, 0.0)
    )


def _weigh_surname(names: NamesCompared) -> float:
    if names.surname not in SURNAME:
        return DIFFERENT_NAME
    bits = surname_bits(names.surname_form)
    if names.surname in (NameAgreement.NEAR, NameAgreement.FAR):
        # Whoever bears the typed name is likelier to have it typed: the commoner of the two tells how little it says.
        typed = names.typed_surname
        bits = min(bits, surname_bits(typed)) - _known_name(surname_share(typed))
    return bits + SURNAME[names.surname]


def _weigh_given(names: NamesCompared) -> float:
    if names.given is NameAgreement.INITIAL:
        return INITIAL
    if names.given is NameAgreement.ABSENT or names.given not in GIVEN:
        return DIFFERENT_NAME
    if not names.given_form:
        # Neither of the two has a first name.
        return 0.0
    bits = given_bits(names.given_form)
    if names.given in (NameAgreement.NEAR, NameAgreement.FAR):
        typed = names.typed_given
        bits = min(bits, given_bits(typed)) - _known_name(given_share(typed))
    return bits + GIVEN[names.given]


def slips_of(names: NamesCompared) -> float:
    """Return how far a reported name is from one on file, in points."""
    return SLIPS.get(names.surname, 0.0) + SLIPS.get(names.given, 0.0) + (SLIP_SWAPPED if names.swapped else 0.0)
