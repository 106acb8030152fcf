"""What the public list says of an activity: whether it is listed at all, and what it can be found by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from app.domain.activities import Activity, Registration
from app.domain.amounts import in_quarters
from app.domain.catalogue import Catalogue
from app.domain.choices import DeliveryMethod, Fee, Labelled, RegistrationMode
from app.domain.identity.comparison_keys import code_key, phrase_key
from app.domain.joint_accreditation import profession_named
from app.domain.parsing import plain_text
from app.domain.passport.search import PassportFacet, PublicActivity
from app.domain.passport.words import words_of
from app.domain.states import STATES, find_state

FREE_TEXT = frozenset({PassportFacet.SPECIALTY, PassportFacet.CITY, PassportFacet.COUNTRY, PassportFacet.PROFESSION})
"""Facets whose values are as providers wrote them: the spelling that most have stands for all."""
Named = Mapping[str, str]
"""Values of a facet: the key by which they are compared, and their name."""


class BoardPoints(msgspec.Struct, frozen=True, kw_only=True):
    """A registration for one certifying board as it is searched for."""

    board: str
    quarters: int
    types: Named


def is_listed(activity: Activity) -> bool:
    """Return True if physicians find an activity: listed by its provider, complete, not closed and no sandbox's.

    One that has ended is listed until its provider closes it, and found where past ones are asked for.
    """
    return (
        activity.listing_public is True
        and not activity.closed
        and not activity.sandbox
        and not any(activity.missing_to_activate())
    )


def facet_values(listed: PublicActivity, catalogue: Catalogue) -> dict[PassportFacet, Named]:
    """Return the values that an activity has for each facet but credit types, which are those of its registrations."""
    activity = listed.activity
    kind = activity.kind
    boards = {found.board: found.board for found in activity.registrations if found.board}
    return {
        PassportFacet.SPECIALTY: _named(activity.listing.get("specialties") or ()),
        PassportFacet.BOARD: {code: catalogue.board_name(code) for code in boards},
        PassportFacet.ACTIVITY_FORMAT: {kind.code: kind.name} if kind is not None else {},
        PassportFacet.DELIVERY_METHOD: _labelled(DeliveryMethod, activity.delivery_methods),
        PassportFacet.STATE: dict(_state(activity.state)),
        PassportFacet.CITY: _named([activity.city or ""]),
        PassportFacet.COUNTRY: _named([activity.country or ""]),
        PassportFacet.MOC: _yes_no(bool(boards)),
        PassportFacet.FEE: _labelled(Fee, [activity.listing.get("fee")]),
        PassportFacet.REGISTRATION: _labelled(RegistrationMode, [activity.listing.get("registration")]),
        PassportFacet.REMS: _yes_no(activity.rems is not None),
        PassportFacet.MIPS: _yes_no(bool(activity.mips)),
        PassportFacet.INTERPROFESSIONAL: _yes_no(bool(activity.joint_accreditation.get("interprofessional"))),
        PassportFacet.PROFESSION: _named(activity.joint_accreditation.get("professions") or ()),
        PassportFacet.JOINT_ACCREDITATION: _yes_no(listed.jointly_accredited),
    }


def board_points(activity: Activity, catalogue: Catalogue) -> Iterator[BoardPoints]:
    """Yield the registrations of an activity for boards; one without points has the activity's AMA amount."""
    for registration in activity.registrations:
        if registration.board:
            points = activity.maximum(registration.board) or 0
            types = {code_key(name): name for name in type_names(registration, catalogue)}
            yield BoardPoints(board=registration.board, quarters=round(in_quarters(points)), types=types)


def type_names(registration: Registration, catalogue: Catalogue) -> list[str]:
    """Return the credit types of a registration, each by its board's own name."""
    board = catalogue.board(registration.board)
    return [board.type_name(name) if board is not None else name for name in registration.credit_types]


def title_words(listed: PublicActivity) -> list[str]:
    """Return the words of the title."""
    return words_of(listed.activity.title or "")


def all_words(listed: PublicActivity) -> list[str]:
    """Return the words by which an activity is found: of title, description, provider and city."""
    activity = listed.activity
    return words_of(
        "\n".join((activity.title or "", activity.description or "", listed.provider_name, activity.city or ""))
    )


def key_of(facet: PassportFacet, value: str) -> str:
    """Return the key of a value of a facet that somebody asks for; codes are resolved by who asks."""
    if facet is PassportFacet.STATE:
        return find_state(value) or phrase_key(plain_text(value))
    if facet is PassportFacet.PROFESSION:
        value = profession_named(value) or value
    return phrase_key(plain_text(value)) if facet in FREE_TEXT else value


def _state(text: str | None) -> Iterator[tuple[str, str]]:
    if text and text.strip():
        code = find_state(text)
        yield (code, STATES[code]) if code is not None else (phrase_key(plain_text(text)), text.strip())


def _named(texts: Iterable[str]) -> Named:
    return {key: " ".join(text.split()) for text in texts if text and (key := phrase_key(plain_text(text)))}


def _labelled(values: type[Labelled], given: Iterable[str | None]) -> Named:
    known = {member.value: member.label for member in values}
    return {value: known[value] for value in given if value is not None and value in known}


def _yes_no(holds: bool) -> Named:
    return {"true": "Yes"} if holds else {"false": "No"}
