"""Completions of other learners that may be the record that is sent, as the records before it leave them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from sqlalchemy import Connection

from app.domain.completion_changes import Change, Pair
from app.domain.credits import Completion
from app.domain.held import references_in
from app.domain.identity.matches import Match
from app.domain.reports import Action, CompletionReport
from app.rules.same_record import NamedKey, named_keys, named_keys_in, named_keys_of
from app.store import completions, same_records

RecordKey: TypeAlias = tuple[str, str, date, NamedKey]
"""(provider, activity, day, key of a person)"""


@dataclass(slots=True)
class SameRecords:
    """Completions by the keys of the persons in whose names they stand."""

    _by_key: defaultdict[RecordKey, dict[str, Completion]] = field(default_factory=lambda: defaultdict(dict))

    def put(self, completion: Completion) -> None:
        """Keep a completion in the place of its earlier version; one that was withdrawn is only removed."""
        for key in keys_in(completion):
            if completion.withdrawn_at is None:
                self._by_key[key][completion.completion_id] = completion
            else:
                self._by_key[key].pop(completion.completion_id, None)

    def note(self, change: Change) -> None:
        """Let the records that follow see a change."""
        if change.before is not None:
            for key in keys_in(change.before):
                self._by_key[key].pop(change.before.completion_id, None)
        self.put(change.completion)

    def drop_of(self, pairs: Collection[Pair]) -> list[Completion]:
        """Take out the completions of some learners in some activities, and return them."""
        every = {id: completion for completions in self._by_key.values() for id, completion in completions.items()}
        dropped = [completion for completion in every.values() if completion.pair in pairs]
        for completion in dropped:
            for key in keys_in(completion):
                self._by_key[key].pop(completion.completion_id, None)
        return dropped

    def beside(self, report: CompletionReport, match: Match) -> list[Completion]:
        """Return the completions of other learners that may be the record sent, the oldest first."""
        if not _is_asked(report, match) or match.learner is None:
            return []
        found = {
            id: completion
            for key in keys_of(report)
            for id, completion in self._by_key.get(key, {}).items()
            if completion.subject != match.learner.physician_id
        }
        return [found[id] for id in sorted(found)]


def keys_of(report: CompletionReport) -> Iterator[RecordKey]:
    """Yield the keys of a report that has an activity and a day."""
    assert report.activity_id is not None and isinstance(report.completed_on, date)
    for key in named_keys_of(report):
        yield report.provider_id, report.activity_id, report.completed_on, key


def keys_in(completion: Completion) -> Iterator[RecordKey]:
    """Yield the keys of a completion."""
    for key in named_keys_in(completion):
        yield completion.provider_id, completion.activity_id, completion.completed_on, key


def keys_asked(reports: Sequence[CompletionReport], matches: Sequence[Match]) -> set[RecordKey]:
    """Return the keys of those reports that may be records of others."""
    asked = [report for report, match in zip(reports, matches, strict=True) if _is_asked(report, match)]
    return {key for report in asked for key in keys_of(report)}


def _is_asked(report: CompletionReport, match: Match) -> bool:
    """Whether a report may be a record that stands for somebody else: it credits a physician who was found."""
    return (
        match.learner is not None
        and report.action is not Action.DELETE
        and bool(report.activity_id)
        and isinstance(report.completed_on, date)
        and bool(report.person.name[0])
    )


def lock_keys(reports: Sequence[CompletionReport], matches: Sequence[Match]) -> Iterator[str]:
    """Yield what must not be reported by two at once, who might find two learners: each person, each reference."""
    for report, match in zip(reports, matches, strict=True):
        if _is_asked(report, match):
            yield "|".join((report.provider_id, report.activity_id or "", *report.person.name))
            for reference in references_in(report):
                yield "|".join((report.provider_id, report.activity_id or "", reference))


def load(connection: Connection, reports: Sequence[CompletionReport], matches: Sequence[Match]) -> SameRecords:
    """Load the completions of other learners that may be the records sent: one statement, which rarely finds any."""
    asked = [
        (report, match.learner.physician_id)
        for report, match in zip(reports, matches, strict=True)
        if match.learner is not None and _is_asked(report, match)
    ]
    by_key = _named_by_key(
        same_records.find(
            connection,
            {(report.provider_id, report.activity_id or "", *report.person.name) for report, _ in asked},
            {
                (report.provider_id, report.activity_id or "", reference)
                for report, _ in asked
                for reference in references_in(report)
            },
        )
    )
    ids = {
        named.completion_id
        for report, physician_id in (asked if by_key else ())
        for key in keys_of(report)
        for named in by_key.get(key, ())
        if named.subject != physician_id
    }
    loaded = SameRecords()
    for completion in completions.load_by_ids(connection, ids):
        loaded.put(completion)
    return loaded


def _named_by_key(found: Iterable[same_records.NamedCompletion]) -> dict[RecordKey, list[same_records.NamedCompletion]]:
    by_key: defaultdict[RecordKey, list[same_records.NamedCompletion]] = defaultdict(list)
    for named in found:
        for key in named_keys(named.last_key, named.first_key, named.birth_date or ""):
            by_key[named.provider_id, named.activity_id, named.completed_on, key].append(named)
    return by_key
