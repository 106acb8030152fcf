"""Erasure: a physician whose identity is taken out of everything that is stored, while ids, amounts and audit stay."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from app.domain.batches import Raw, RawRow
from app.domain.credits import Completion
from app.domain.identity.comparison_keys import full_name_key, id_key, name_key, short_id_key
from app.domain.identity.learners import Person
from app.domain.identity.physicians import Physician
from app.domain.parsing import plain_text
from app.domain.reports import CompletionReport, RemsPart

FADED = "erased-version"
"""The noun of digests of versions after they were blanked: each takes the place of the one in the audit entry."""
IDENTITIES = "erased-identities"
"""What the digest of an erased physician's kept digests is made for."""
_WORD = re.compile(r"\w+")


class PersonMarks(msgspec.Struct, frozen=True, kw_only=True):
    """What one person is recognised by in records as they were sent."""

    names: frozenset[tuple[str, str]]
    """(last, first) as name keys."""
    birth_date: str | None
    """MM/DD."""
    npis: frozenset[str]
    numbers: frozenset[str]
    """Keys of licences and board ids, without leading zeros."""

    @classmethod
    def of(cls, people: Iterable[Physician], completions: Iterable[Completion]) -> PersonMarks:
        """Gather it from the files of a person, and from what was reported of them."""
        people, completions = list(people), list(completions)
        names = {name.key for one in people for name in one.names if name.last_name}
        names |= {full_name_key(one.first_name, one.last_name) for one in completions if one.last_name}
        numbers = {number.short_key for one in people for number in (*one.licenses, *one.certifications)}
        return cls(
            names=frozenset(names),
            birth_date=next((one.birth_date for one in people if one.birth_date), None),
            npis=frozenset(npi for npi in (*(one.npi for one in people), *(one.npi for one in completions)) if npi),
            numbers=frozenset(numbers),
        )

    def is_in(self, report: CompletionReport) -> bool:
        """Whether a report says that it is about this person: by a number, or by name and birth date.

        A licence or board id counts beside their name, or where nobody is named.
        """
        person = report.person
        if person.npi in self.npis and person.npi:
            return True
        named = person.name in self.names
        nameless = not person.first_name and not person.last_name
        given = [cme.license_id for cme in report.cme] + [moc.board_id for moc in report.moc]
        if (named or nameless) and any(number and short_id_key(id_key(number)) in self.numbers for number in given):
            return True
        return named and (person.birth_date is None or str(person.birth_date) == self.birth_date)

    def is_in_row(self, row: RawRow) -> bool:
        """Whether a record as it was sent seems to be about this person: a number and a last name, or all but a number.

        Its cells are not understood here, only searched: a file of any form may hold them in any column.
        """
        texts = list(texts_of(row.raw))
        words = {word for text in texts for word in _WORD.findall(text)}
        if not self.npis.isdisjoint(words):
            return True
        keys = {name_key(text) for text in (*texts, *words)}
        named = [(last, first) for last, first in self.names if last in keys]
        if not named:
            return False
        if any(short_id_key(id_key(text)) in self.numbers for text in (*texts, *words)):
            return True
        return any(first in keys for _, first in named) and self._has_birth_date(texts)

    def _has_birth_date(self, texts: Iterable[str]) -> bool:
        if self.birth_date is None:
            return False
        month, day = self.birth_date.split("/")
        pattern = rf"(?<!\d)0?{int(month)}[/.-]0?{int(day)}(?!\d)|-{month}-{day}(?!\d)|(?<!\d){month}{day}(?!\d)"
        return any(re.search(pattern, text) for text in texts)


class LocalIdMarks(PersonMarks, frozen=True, kw_only=True):
    """What somebody is recognised by whom one provider knows by an id of its own, in the provider's own files."""

    local_id: str
    """In its normal form."""

    def is_in_row(self, row: RawRow) -> bool:
        """Whether a record as it was sent has the id, whatever its column."""
        return any(plain_text(text) == self.local_id for text in texts_of(row.raw))


def nameless_subject(subject: str, token: str) -> str:
    """Return the subject of an erased learner of REMS education: of the same provider, with a token for the id."""
    kind, provider_id, _ = subject.split(":", 2)
    return f"{kind}:{provider_id}:erased {token}"


def texts_of(raw: Raw | Any) -> Iterator[str]:
    """Yield every text and number in a record as it was sent."""
    if isinstance(raw, str):
        try:
            inner = msgspec.json.decode(raw) if raw.lstrip().startswith("{") else None
        except msgspec.DecodeError:
            inner = None
        if inner is None:
            yield raw
        else:
            yield from texts_of(inner)
    elif isinstance(raw, Mapping):
        for value in raw.values():
            yield from texts_of(value)
    elif isinstance(raw, list):
        for value in raw:
            yield from texts_of(value)
    elif raw is not None and not isinstance(raw, bool):
        # A number cell has lost its zeros, and whole numbers may be floats.
        yield f"{raw:.0f}" if isinstance(raw, float) and raw.is_integer() else str(raw)


def blank_row(row: RawRow) -> RawRow:
    """Return a record as it was sent with nothing in it, in the form of its file."""
    raw: Raw
    if isinstance(row.raw, str):
        raw = "{}"
    elif isinstance(row.raw, list):
        raw = [None] * len(row.raw)
    else:
        raw = {"n": row.raw["n"]}
    return RawRow(number=row.number, raw=raw)


def blank_rems(rems: RemsPart | None) -> RemsPart | None:
    """Return participation in risk-mitigation education without what names the person."""
    return None if rems is None else replace(rems, local_id=None, dea_registration=None)


def blank_completion(completion: Completion) -> Completion:
    """Return a completion without its person: ids, dates, amounts, statuses and the sender's references stay."""
    return replace(
        completion,
        first_name=None,
        last_name=None,
        birth_date=None,
        npi=None,
        rems=blank_rems(completion.rems),
        credits=tuple(replace(one, number_reported=None, number_on_file=None) for one in completion.credits),
    )


def blank_version(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of a version as `blank_completion` leaves it."""
    blank = {**document} | dict.fromkeys(("first_name", "last_name", "birth_date", "npi"))
    if document["rems"] is not None:
        blank["rems"] = {**document["rems"], "local_id": None, "dea_registration": None}
    blank["credits"] = [{**credit, "reported_id": None, "registry_id": None} for credit in document["credits"]]
    return blank


def blank_report(report: CompletionReport) -> CompletionReport:
    """Return a held report without its person."""
    return replace(
        report,
        person=Person(),
        cme=tuple(replace(part, license_id=None) for part in report.cme),
        moc=tuple(replace(part, board_id=None) for part in report.moc),
        rems=blank_rems(report.rems),
    )


def identity_texts(person: Physician) -> Iterator[str]:
    """Yield the texts of which keyed digests are kept, so that the person is known again: each of their numbers."""
    if person.npi:
        yield npi_text(person.npi)
    for kind, numbers in (("license", person.licenses), ("certification", person.certifications)):
        yield from (number_text(kind, number.board, number.short_key) for number in numbers)


def npi_text(npi: str) -> str:
    """Return the text of an NPI."""
    return f"npi {npi}"


def number_text(kind: str, board: str, short_key: str) -> str:
    """Return the text of a number with a board, without leading zeros."""
    return f"{kind} {board} {short_key}"


class RemsErasure(msgspec.Struct, frozen=True, kw_only=True):
    """What the erasure of a learner of REMS education takes out, or would take out."""

    provider_id: str
    completions: int
    """Whose person is blanked, in all their versions."""
    answers: int
    rows: int
    originals: tuple[str, ...]
    dry_run: bool

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        fields: dict[str, Any] = msgspec.to_builtins(self)
        return fields


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure takes out, or would take out."""

    physician_id: str
    aliases: tuple[str, ...]
    completions: int
    """Whose person is blanked, in all their versions."""
    credits: int
    """That stand, and go on standing without a person."""
    providers: tuple[str, ...]
    held_records: int
    answers: int
    """Kept under idempotency keys, and dropped."""
    rows: int
    """Of files, as sent, and blanked."""
    originals: tuple[str, ...]
    """Batches whose file as uploaded is dropped, since rows of it are theirs."""
    unsearchable_files: tuple[str, ...]
    """Batches whose file as uploaded is dropped, since no records are kept in which they could be looked for."""
    abandoned_uploads: int
    """Files that never became a batch, and are dropped: they were never searched either."""
    dry_run: bool

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        fields: dict[str, Any] = msgspec.to_builtins(self)
        return fields
