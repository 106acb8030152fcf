"""Matching without a database: the same keys and the same pure functions, the registry passed over once.

Importing a million physicians takes as long as everything else that is measured of a seed. Here the keys of all reports
are collected first; whoever of the population has one of them is a candidate, as the statements of the service
find them. A test holds that the answers are those of the doors.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from app.domain.catalogue import Catalogue
from app.domain.identity.candidates import Candidates, Wanted
from app.domain.identity.comparison_keys import full_name_key, short_id_key
from app.domain.identity.learners import Learner, RegistryRow, WrittenName
from app.domain.identity.matches import Match, Result
from app.domain.reports import CompletionReport
from app.matching.by_evidence import (
    find_by_evidence,
    forms_of_report,
    index_forms,
    namesake_keys,
    needs_evidence,
    states_of,
)
from app.matching.exact import collect_keys, find_learner
from app.matching.names import form_keys, parse_names
from benchmarks.identity.doors import Answers


def match(
    people: Iterable[tuple[str, RegistryRow]], reports: Sequence[CompletionReport], catalogue: Catalogue
) -> tuple[list[Match], list[Match], float]:
    """Return who is meant by each report as the service decides it, and by exact matching alone.

    Physicians' ids are those that are given with them. Returned too: the seconds of matching, the pass aside.
    """
    keys = [collect_keys(report, catalogue) for report in reports]
    forms = [forms_of_report(report, catalogue) for report in reports]
    exact_keys, form_wanted = Wanted(), Wanted()
    for of_one, of_forms in zip(keys, forms, strict=True):
        exact_keys.add(of_one)
        form_wanted.add(of_forms)
    exactly, by_forms = [], []
    for id, row in people:
        learner = learner_of(id, row)
        if _has_key(learner, exact_keys):
            exactly.append(learner)
        if _has_form(learner, form_wanted, catalogue):
            by_forms.append(learner)
    candidates, index = Candidates.of(exactly), index_forms(by_forms, catalogue)
    begun = time.perf_counter()
    exact = [find_learner(report, candidates, catalogue, of_one) for report, of_one in zip(reports, keys, strict=True)]
    matches = [
        find_by_evidence(report, found, candidates.under(of_one, report).values(), index, candidates, catalogue)
        if needs_evidence(report, found)
        else found
        for report, of_one, found in zip(reports, keys, exact, strict=True)
    ]
    return matches, exact, time.perf_counter() - begun


def answers_of(ids: Sequence[str], matches: Sequence[Match]) -> Answers:
    """Return matches as the doors' answers."""
    return Answers(
        results={id: told.result for id, told in zip(ids, matches, strict=True)},
        found={
            id: told.learner.physician_id
            for id, told in zip(ids, matches, strict=True)
            if told.result is Result.ONE and told.learner is not None
        },
        microseconds=0.0,
    )


def learner_of(id: str, row: RegistryRow) -> Learner:
    """Return a physician as matching knows them once they are imported."""
    return Learner(
        physician_id=id,
        names=frozenset([full_name_key(first, last) for first, last in row.all_names()]),
        written=tuple(
            [WrittenName(first, last, row.middle_name or "", row.suffix or "") for first, last in row.all_names()]
        ),
        birth_date=str(row.birth_date) if row.birth_date else None,
        npi=row.npi,
        licenses=row.with_keys().licenses,
        certifications=(),
        medical_school=row.medical_school,
    )


def _has_form(learner: Learner, wanted: Wanted, catalogue: Catalogue) -> bool:
    states = states_of(learner, catalogue)
    if not wanted.namesakes.isdisjoint(namesake_keys(learner, states)):
        return True
    born = learner.birth_date
    return born is not None and not wanted.forms.isdisjoint(form_keys(parse_names(learner.written), born, states))


def _has_key(learner: Learner, wanted: Wanted) -> bool:
    born = learner.birth_date or ""
    return (
        any((last, first, born) in wanted.names for last, first in learner.names)
        or learner.npi in wanted.npis
        or any(
            (held.board, held.key) in wanted.licenses or (held.board, short_id_key(held.key)) in wanted.short_licenses
            for held in learner.licenses
        )
    )
