"""Whom a record is about, and what stands of them already in its activity."""

from __future__ import annotations

from datetime import date

import msgspec

from app.domain.credits import Completion, Gone, held_quarters, rems_subject
from app.domain.identity.matches import Match
from app.domain.reports import CompletionReport


def subject_of(report: CompletionReport, match: Match) -> str | None:
    """Return whom a record is about: the matched learner, or for REMS only the provider's own id of the person."""
    if match.learner is not None:
        return match.learner.physician_id
    if report.rems_only and report.rems is not None and report.rems.local_id:
        return rems_subject(report.provider_id, report.rems.local_id)
    return None


class Standing(msgspec.Struct):
    """The completions of one learner in one activity that have not been withdrawn; it changes as records are judged."""

    completions: list[Completion] = msgspec.field(default_factory=list)
    gone: set[Gone] = msgspec.field(default_factory=set)
    """Withdrawn credit, loaded for deletes only."""

    def on(self, day: date) -> list[Completion]:
        """Return the completions of a day, by occasion."""
        return sorted((c for c in self.completions if c.completed_on == day), key=lambda c: c.occasion)

    def held(self, target: str) -> int:
        """Return the quarters that count against a target over all days."""
        return sum([held_quarters(completion.credits).get(target, 0) for completion in self.completions])

    def without(self, completion_id: str) -> Standing:
        """Return what stands beside one completion."""
        return Standing([c for c in self.completions if c.completion_id != completion_id], self.gone)

    def put(self, completion: Completion) -> None:
        """Replace a completion's earlier version by this one; a withdrawn completion is only removed."""
        self.completions = [c for c in self.completions if c.completion_id != completion.completion_id]
        if completion.withdrawn_at is None:
            self.completions.append(completion)
