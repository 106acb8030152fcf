"""Evidence: how what was reported of somebody compares with a physician on file, field by field. Pure."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from functools import lru_cache

import msgspec
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from app.matching.names import ParsedName
from app.matching.nicknames import is_nickname

_NEAR_LETTERS, _FAR_LETTERS, _ALIKE_LETTERS = 4, 7, 5
_ALIKE = 0.93


class NameAgreement(enum.StrEnum):
    """How a first or a last name compares."""

    SAME = "same"
    """The same, or one of its transliterations; of first names the one that somebody is called by."""
    PART = "part"
    """Of last names: half of a double name in common, or a particle left out."""
    NICKNAME = "nickname"
    """Of first names: one is a short form of the other."""
    MIDDLE = "middle"
    """Of first names: one of the two goes by the middle name of the other."""
    INITIAL = "initial"
    """Of first names: one is only the initial of the other."""
    NEAR = "near"
    """One typing error apart."""
    FAR = "far"
    """Two typing errors apart, or alike at the beginning."""
    ABSENT = "absent"
    """One of the two has no such name."""
    DIFFERENT = "different"
    """Another name."""


class FieldAgreement(enum.StrEnum):
    """How any other field compares."""

    SAME = "same"
    """It agrees."""
    ABSENT = "absent"
    """It was not given, or is not on file."""
    NOT_ON_FILE = "not-on-file"
    """It was given, and nothing is on file to compare it with."""
    DIFFERENT = "different"
    """It does not agree."""


class NamesCompared(msgspec.Struct, frozen=True, kw_only=True):
    """One name on file beside the reported one."""

    surname: NameAgreement
    surname_form: str
    """What the weight of the last name is drawn from: the form in common, or that on file."""
    typed_surname: str
    given: NameAgreement
    given_form: str
    typed_given: str
    middle: FieldAgreement
    suffix: FieldAgreement
    swapped: bool


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """How the identifiers and states that were given compare: each kind once, at worst."""

    agree: tuple[str, ...] = ()
    """Kinds of identifiers that the physician holds where they were said to be."""
    differ: tuple[str, ...] = ()
    """Kinds of identifiers that they do not hold there."""
    states: tuple[str, ...] = ()
    """Codes of the states of licence that were given."""
    state: FieldAgreement = FieldAgreement.ABSENT
    certified: FieldAgreement = FieldAgreement.ABSENT
    """Whether the boards that were named certify them."""
    school: FieldAgreement = FieldAgreement.ABSENT


def compare_names(given: ParsedName, on_file: ParsedName) -> list[NamesCompared]:
    """Compare a reported name with one on file, as written and with first and last name exchanged."""
    compared = [_compare(given, on_file, swapped=False)]
    if not (given.surnames & on_file.surnames) and (
        given.surnames & on_file.givens or given.givens & on_file.surname_forms
    ):
        compared.append(_compare(given.swap(), on_file, swapped=True))
    return compared


def _compare(given: ParsedName, on_file: ParsedName, *, swapped: bool) -> NamesCompared:
    surname, surname_form, typed_surname = _compare_surnames(given, on_file)
    first, given_form, typed_given = _compare_given(given, on_file)
    return NamesCompared(
        surname=surname,
        surname_form=surname_form,
        typed_surname=typed_surname,
        given=first,
        given_form=given_form,
        typed_given=typed_given,
        middle=FieldAgreement.ABSENT if first is NameAgreement.MIDDLE else _compare_more(given, on_file),
        suffix=_compare_suffixes(given.suffix, on_file.suffix),
        swapped=swapped,
    )


def _compare_surnames(given: ParsedName, on_file: ParsedName) -> tuple[NameAgreement, str, str]:
    """Return the level, the form that was compared, and the form that was typed."""
    if shared := given.surnames & on_file.surnames:
        return NameAgreement.SAME, min(shared), ""
    if shared := given.surname_forms & on_file.surname_forms:
        return NameAgreement.PART, max(sorted(shared), key=len), ""
    if not given.surnames or not on_file.surnames:
        return NameAgreement.ABSENT, "", ""
    return _nearest(given.surnames, on_file.surnames)


def _compare_given(given: ParsedName, on_file: ParsedName) -> tuple[NameAgreement, str, str]:
    typed, known = given.called, on_file.called
    if not typed or not known:
        return (NameAgreement.ABSENT if typed or known else NameAgreement.SAME), "", ""
    shared = given.givens & on_file.givens
    if typed == known or (shared and max(map(len, shared)) > 1):
        return (NameAgreement.SAME if len(known) > 1 else NameAgreement.INITIAL), max(sorted(shared), key=len), ""
    if len(typed) == 1 or len(known) == 1:
        agree = typed.startswith(known) or known.startswith(typed)
        return (NameAgreement.INITIAL if agree else NameAgreement.DIFFERENT), max(typed, known, key=len), ""
    if is_nickname(typed, known):
        return NameAgreement.NICKNAME, known, typed
    if typed in on_file.more or known in given.more:
        return NameAgreement.MIDDLE, typed if typed in on_file.more else known, typed
    return _nearest(given.givens, on_file.givens)


def _nearest(typed: frozenset[str], known: frozenset[str]) -> tuple[NameAgreement, str, str]:
    """Return how near the nearest two of some forms are."""
    best, best_known, best_typed = NameAgreement.DIFFERENT, min(known), min(typed)
    for one in sorted(typed):
        for other in sorted(known):
            level = _distance(one, other)
            if level is NameAgreement.NEAR:
                return level, other, one
            if level is NameAgreement.FAR and best is NameAgreement.DIFFERENT:
                best, best_known, best_typed = level, other, one
    return best, best_known, best_typed


@lru_cache(maxsize=65_536)
def _distance(one: str, other: str) -> NameAgreement:
    shorter = min(len(one), len(other))
    if shorter < _NEAR_LETTERS:
        return NameAgreement.DIFFERENT
    edits = OSA.distance(one, other, score_cutoff=2)
    if edits <= 1:
        return NameAgreement.NEAR
    if edits == 2 and shorter >= _FAR_LETTERS:
        return NameAgreement.FAR
    if shorter >= _ALIKE_LETTERS and JaroWinkler.similarity(one, other) >= _ALIKE:
        return NameAgreement.FAR
    return NameAgreement.DIFFERENT


def are_near(one: str, other: str) -> bool:
    """Return True if two words are one or two typing errors apart."""
    return _distance(one, other) is not NameAgreement.DIFFERENT


def near_among(one: str, others: Sequence[str]) -> set[str]:
    """Return those of many words that are the same as one, or one or two typing errors apart from it."""
    edited = process.extract(one, others, scorer=OSA.distance, score_cutoff=2, limit=None)
    alike = process.extract(one, others, scorer=JaroWinkler.similarity, score_cutoff=_ALIKE, limit=None)
    likely = {found for found, _, _ in (*edited, *alike)}
    return {other for other in likely if one == other or are_near(one, other)}


def _compare_more(given: ParsedName, on_file: ParsedName) -> FieldAgreement:
    """Compare middle names: an initial agrees with every name that begins so."""
    if not given.more or not on_file.more or given.givens & on_file.givens - {given.called, on_file.called}:
        return FieldAgreement.ABSENT
    for one in given.more:
        for other in on_file.more:
            if one == other or (min(len(one), len(other)) == 1 and one[0] == other[0]):
                return FieldAgreement.SAME
            if _distance(one, other) is NameAgreement.NEAR or is_nickname(one, other):
                return FieldAgreement.SAME
    return FieldAgreement.DIFFERENT


def _compare_suffixes(given: str, on_file: str) -> FieldAgreement:
    if not given:
        return FieldAgreement.ABSENT
    if not on_file:
        return FieldAgreement.NOT_ON_FILE
    return FieldAgreement.SAME if given == on_file else FieldAgreement.DIFFERENT


def compare_dates(given: str | None, on_file: str | None) -> FieldAgreement:
    """Compare two birth dates as MM/DD: they are the same, or they differ; nothing is near."""
    if given is None:
        return FieldAgreement.ABSENT
    if on_file is None:
        return FieldAgreement.NOT_ON_FILE
    return FieldAgreement.SAME if given == on_file else FieldAgreement.DIFFERENT


def worst(levels: Sequence[FieldAgreement]) -> FieldAgreement:
    """Return the level of several fields of a kind: different if any differs."""
    if FieldAgreement.DIFFERENT in levels:
        return FieldAgreement.DIFFERENT
    return FieldAgreement.SAME if FieldAgreement.SAME in levels else FieldAgreement.ABSENT
