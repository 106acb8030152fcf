"""Certifying and licensing boards as dated facts. The facts themselves are the catalogue's files."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any

import msgspec

from app.domain.comparison_keys import code_key


class BoardKind(enum.StrEnum):
    """What a board does."""

    CERTIFYING = "certifying"
    """Certifies specialists and receives MOC/CC points."""
    LICENSING = "licensing"
    """Licenses physicians of a state and receives CME credit."""


class Need(enum.StrEnum):
    """Whether a piece of identity must be given to report to a board."""

    REQUIRED = "required"
    """Without it the record is refused."""
    OPTIONAL = "optional"
    """It may be given, and must fit when it is."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Days from `since` through `until`, both included; None leaves that side open."""

    since: date | None = None
    until: date | None = None

    def covers(self, day: date) -> bool:
        """Tell whether the day lies in the span."""
        return (self.since is None or day >= self.since) and (self.until is None or day <= self.until)


MOST_REMEMBERED = 4_096


@cache
def _keys(name: str, aliases: tuple[str, ...]) -> frozenset[str]:
    return frozenset(code_key(text) for text in (name, *aliases))


class CreditType(msgspec.Struct, frozen=True, kw_only=True):
    """A board's own category of credit, the other names it goes by, and when it can be earned."""

    name: str
    aliases: tuple[str, ...] = ()
    completions: Span = msgspec.field(default_factory=Span)

    @property
    def keys(self) -> frozenset[str]:
        """Every key under which the type is recognised."""
        return _keys(self.name, self.aliases)


class FactChange(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of a board that are different for completions from a day on."""

    since: date
    source: str
    facts: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One board, with the facts by which records for it are judged."""

    code: str
    name: str
    kind: BoardKind
    source: str
    decides: bool
    aliases: tuple[str, ...] = ()
    state: str | None = None
    profession: str | None = None
    board_id: Need = Need.REQUIRED
    birth_date: Need = Need.REQUIRED
    once_per_day: bool = False
    once_per_day_exempt_formats: frozenset[str] = frozenset()
    participation: tuple[Span, ...] = ()
    completions: Span = field(default_factory=Span)
    activities: Span = field(default_factory=Span)
    credit_types: tuple[CreditType, ...] = ()
    special_credits: tuple[str, ...] = ()
    advice: frozenset[str] = frozenset()
    changes: tuple[FactChange, ...] = ()
    """What is different from a day on, oldest first."""
    _types: dict[str, CreditType | None] = field(init=False, default_factory=dict, repr=False, compare=False)
    """The types by how they were asked for before: files ask for the same over and over."""

    def on(self, day: date | None) -> Board:
        """Return the board as it is for completions of a day; as the file begins when there is no day."""
        if not self.changes:
            return self
        different = {
            name: value
            for change in self.changes
            if day is not None and day >= change.since
            for name, value in change.facts
        }
        return replace(self, **different) if different else self

    def participates(self, on: date) -> bool:
        """Tell whether the board is sent the credit of a completion of that day."""
        return any(span.covers(on) for span in self.participation)

    def is_sent(self, on: date) -> bool:
        """Tell whether the board is sent credit of that day: certifying boards always, licensing ones that take part.

        Source: slides, Why is this so valuable for your learners.
        """
        return self.kind is BoardKind.CERTIFYING or self.participates(on)

    def counts_once_per_day(self, activity_format: str) -> bool:
        """Tell whether the board takes one record per activity, learner and day in that format."""
        return self.once_per_day and activity_format not in self.once_per_day_exempt_formats

    def credit_type(self, text: str) -> CreditType | None:
        """Return the board's type that goes by this name or alias."""
        if text in self._types:
            return self._types[text]
        key = code_key(text)
        found = next((known for known in self.credit_types if key in known.keys), None)
        if len(self._types) < MOST_REMEMBERED:
            self._types[text] = found
        return found

    def type_name(self, text: str) -> str:
        """Return the board's own name for a type, or the text itself where the board's types are not known."""
        known = self.credit_type(text)
        return known.name if known else text
