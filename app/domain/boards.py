"""Certifying and licensing boards as dated facts, read from the catalogue's files."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any

import msgspec

from app.domain.identity.comparison_keys import code_key


class BoardKind(enum.StrEnum):
    """Whether a board certifies specialists or licenses physicians."""

    CERTIFYING = "certifying"
    """Certifies specialists and receives MOC/CC points."""
    LICENSING = "licensing"
    """Licenses physicians of a state and receives CME credit."""


class Need(enum.StrEnum):
    """Whether a report to a board must carry a piece of identity."""

    REQUIRED = "required"
    """The record is refused without it."""
    OPTIONAL = "optional"
    """It may be absent; when given, it must match."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Days from `since` through `until`, both included; None leaves that side open."""

    since: date | None = None
    until: date | None = None

    def covers(self, day: date) -> bool:
        """Return True if the day lies in the span."""
        return (self.since is None or day >= self.since) and (self.until is None or day <= self.until)


class Accreditation(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider is accredited."""

    span: Span = Span()
    """From when until when."""
    joint: bool = False
    """Whether for interprofessional education as well."""


MOST_REMEMBERED = 4_096


@cache
def _keys(name: str, aliases: tuple[str, ...]) -> frozenset[str]:
    return frozenset(code_key(text) for text in (name, *aliases))


class CreditType(msgspec.Struct, frozen=True, kw_only=True):
    """A board's own category of credit: its name, its aliases, and when it can be earned."""

    name: str
    aliases: tuple[str, ...] = ()
    completions: Span = msgspec.field(default_factory=Span)

    @property
    def keys(self) -> frozenset[str]:
        """Every key under which the type is recognised."""
        return _keys(self.name, self.aliases)


class FactChange(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of a board that differ for completions from a day on."""

    since: date
    source: str
    facts: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One board and the facts that records for it are judged by."""

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
    """Dated changes, oldest first."""
    _types: dict[str, CreditType | None] = field(init=False, default_factory=dict, repr=False, compare=False)
    """Credit types by the text they were looked up by: files repeat the same few."""

    def on(self, day: date | None) -> Board:
        """Return the board as of a completion date; without a date, as its file begins."""
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
        """Return True if the board takes part on a completion date."""
        return any(span.covers(on) for span in self.participation)

    def is_sent(self, on: date) -> bool:
        """Return True if credit of that day is sent: always to certifying boards, else to those that take part.

        Source: slides, Why is this so valuable for your learners.
        """
        return self.kind is BoardKind.CERTIFYING or self.participates(on)

    def counts_once_per_day(self, activity_format: str) -> bool:
        """Return True if the board accepts one record per activity, learner and day in this format."""
        return self.once_per_day and activity_format not in self.once_per_day_exempt_formats

    def credit_type(self, text: str) -> CreditType | None:
        """Return the board's credit type with this name or alias."""
        if text in self._types:
            return self._types[text]
        key = code_key(text)
        found = next((known for known in self.credit_types if key in known.keys), None)
        if len(self._types) < MOST_REMEMBERED:
            self._types[text] = found
        return found

    def type_name(self, text: str) -> str:
        """Return the board's own name for a credit type, or the text itself if the board has no such type."""
        known = self.credit_type(text)
        return known.name if known else text
