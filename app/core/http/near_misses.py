"""Names that are not known, and those that may be meant: the nearest, or where else a name belongs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, get_args, get_origin

from app.core.body_types import members_of, stripped, type_at

_NEAR = 0.65
"""How alike two names are, between 0 and 1, of which one is taken for the other."""
_LONGEST = 64
"""Characters of a name that are compared."""
_MOST_LISTED = 30
_MOST_PLACES = 3
_DEEPEST = 6
_OTHER_NAMES = {
    **dict.fromkeys(("dob", "birthdate", "birthday"), "date_of_birth"),
    **dict.fromkeys(("license", "licence", "licensenumber", "licencenumber"), "license_id"),
    **dict.fromkeys(("date", "completiondate", "completedat"), "completed_on"),
    **dict.fromkeys(("amount", "hours"), "credits"),
    **dict.fromkeys(("page", "offset", "pagetoken"), "cursor"),
    **dict.fromkeys(("perpage", "pagesize", "size"), "limit"),
    **dict.fromkeys(("order", "orderby", "sortby"), "sort"),
    **dict.fromkeys(("learners", "learnersrems", "completions"), "learner-completions"),
}
"""Names that other services have for the same, without what separates their words, and the name here."""
_OF_PAGES = frozenset(("limit", "cursor", "include"))
"""Parameters of lists, which nothing has that answers with a whole list."""
_FIRST_WORD = re.compile(r"[A-Za-z][a-z0-9]*")
_BETWEEN_WORDS = re.compile(r"[^a-z0-9]+")


def plain(name: str) -> str:
    """Return a name without what separates its words, and in small letters: `firstName` as `first_name`."""
    return _BETWEEN_WORDS.sub("", name[:_LONGEST].lower())


def nearest(name: str, known: Iterable[str], most: int = 1) -> list[str]:
    """Return the known names that a name may be meant for, the nearest first."""
    known = list(known)
    by_plain = {plain(one): one for one in known}
    if plain(name) in by_plain:
        return [by_plain[plain(name)]]
    if (meant := _OTHER_NAMES.get(plain(name))) in known:
        return [meant]
    near = get_close_matches(plain(name), by_plain, most + 2, _NEAR)
    word = _FIRST_WORD.match(name[:_LONGEST])
    # `completed_since` is nearer to `completed_from` than to `completion_id`, whatever their letters say.
    near.sort(key=lambda one: word is None or not one.startswith(word[0].lower()))
    return [by_plain[one] for one in near[:most]]


def hint_at(name: str, known: Collection[str], what: str) -> str:
    """Return what to do about a name that is not known: use the nearest one, or one of all."""
    if name in _OF_PAGES and "sort" in known:
        return "Leave it out: there are no pages here; all that fits the filters is in one answer."
    if near := nearest(name, known, 2):
        return f"Did you mean {' or '.join(near)}?"
    if not known:
        return f"Leave it out: no {what} is known here."
    if len(known) > _MOST_LISTED:
        return f"Leave it out; /docs lists the {what}s that are known here."
    return f"Leave it out. Known here: {', '.join(known)}."


def hint_at_field(body: Any, location: Sequence[str | int]) -> str:
    """Return what to do about a field of a body that its type does not have at a location."""
    path = tuple("" if isinstance(part, int) else part for part in location[:-1])
    return _hint_at_field(body, path, str(location[-1])[:_LONGEST])


def hint_at_list(body: Any) -> str:
    """Return what to do about a list in the place of a body, which is one object."""
    fields = members_of(body)
    (name, field) = next(iter(fields.items()), ("", None))
    if len(fields) == 1 and get_origin(stripped(field)) is list:
        return f'Send it as a member of an object: {{"{name}": [ … ]}}.'
    return "Send one object, in braces, and no list of them."


@lru_cache(1_024)
def _hint_at_field(body: Any, path: tuple[str, ...], name: str) -> str:
    model = stripped(type_at(body, path))
    known = list(members_of(model))
    only_answered = getattr(model, "only_answered", {})
    answered = next((hint for field, hint in only_answered.items() if plain(field) == plain(name)), "")
    if not answered and nearest(name, known):
        return hint_at(name, known, "field")
    places = [place for place, fields in _objects(body) if plain(name) in map(plain, fields)]
    if places and len(places) <= _MOST_PLACES:
        return f"It belongs in {' or '.join(place or 'the body itself' for place in places)}. {answered}".rstrip()
    return answered or hint_at(name, known, "field")


def _objects(annotation: Any, at: str = "", depth: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the place of every object of a type, such as `cme[].special_credits[]`, with its fields."""
    fields = members_of(annotation)
    if fields:
        yield at, fields
    for name, field in fields.items() if depth < _DEEPEST else ():
        inner, place = stripped(field), f"{at}.{name}" if at else name
        while get_origin(inner) is list:
            inner, place = stripped(get_args(inner)[0]), f"{place}[]"
        yield from _objects(inner, place, depth + 1)
