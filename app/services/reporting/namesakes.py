"""Everybody who may be meant by some names, whatever their birth dates: whom a date that is tried may be about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from app.domain.identity.learners import Learner
from app.matching.names import FIRST, ParsedName
from app.matching.without_date import FEW, fitting, forms_without_date
from app.store.registry import learners, name_forms
from app.store.registry.name_forms import UnderForm


class SoughtName(msgspec.Struct, frozen=True, kw_only=True):
    """A name under which somebody is sought."""

    key: tuple[str, str]
    """(last, first) as name keys."""
    parsed: ParsedName
    states: Sequence[str]
    """Codes of the states of licence that were given."""
    by_number: bool
    """Whether an identifier was given: whoever has it is known already, whatever their name."""


def load_people(connection: Connection, sought: Mapping[int, SoughtName]) -> dict[int, list[Learner]]:
    """Return for each name everybody under it, and under one that is alike, as two statements for all names.

    Where states are given, those who are licensed in none of them are left out: nobody means them. The same statements
    run whether there is anybody or not.
    """
    if not sought:
        return {}
    forms = {
        place: forms_without_date(name.parsed, name.states) for place, name in sought.items() if not name.by_number
    }
    under = _by_form(name_forms.load_under(connection, set().union(*forms.values())))
    alike = {place: _alike(sought[place].parsed, under, keys) for place, keys in forms.items()}
    ids = set().union(*alike.values()) if forms else set()
    named = {(*name.key, state) for name in sought.values() for state in name.states or ("",)}
    loaded = learners.load_namesakes(connection, named, ids or _NOBODY)
    by_id = {learner.physician_id: learner for learner in loaded}
    by_name: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for learner in loaded:
        for key in learner.names:
            by_name[key].add(learner.physician_id)
    return {
        place: [by_id[id] for id in sorted(by_name[name.key] | alike.get(place, set())) if id in by_id]
        for place, name in sought.items()
    }


_NOBODY = {""}
Under = Mapping[tuple[str, str, str], Mapping[str, list[str]]]
"""Ids of those under (kind, form, state), by the forms of their other names."""


def _by_form(people: Iterable[UnderForm]) -> Under:
    under: defaultdict[tuple[str, str, str], defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for person in people:
        under[person.kind, person.form, person.state][person.beside].append(person.physician_id)
    return under


def _alike(parsed: ParsedName, under: Under, keys: Iterable[tuple[str, str, str]]) -> set[str]:
    """Return the ids of those under some forms whose other name may be the one that was given."""
    found: set[str] = set()
    for kind, form, state in keys:
        by_beside = under.get((kind, form, state), {})
        few = kind == FIRST and sum(map(len, by_beside.values())) <= FEW
        for beside in by_beside if few else fitting(parsed, kind, form, by_beside):
            found.update(by_beside[beside])
    return found
