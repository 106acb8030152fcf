"""Whom a date that is tried may be about: the forms of names bring everybody whom all of the registry would."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from msgspec.structs import replace
from sqlalchemy import Connection

from app.domain.catalogue import Catalogue
from app.domain.identity.candidates import Candidates
from app.domain.identity.learners import Learner
from app.domain.reports import CompletionReport
from app.matching.by_evidence import forms_asked, name_of, states_asked, states_of
from app.matching.names import form_keys, parse_names
from app.matching.without_date import reported_by_own_date
from app.services.context import Service
from app.services.registry import imports
from app.services.reporting.namesakes import SoughtName, load_people
from benchmarks.identity import doors
from benchmarks.identity.population import physicians
from benchmarks.identity.synthetic import cases_of
from tests.builders.people import physicians_on_file

PHYSICIANS, REPORTS, SEED = 1_000, 2_000, 37
WITHOUT_STATE = 5
"""Every so many reports name no state."""


def _sought(service: Service, report: CompletionReport) -> SoughtName:
    states = states_asked(report, service.catalogue)
    return SoughtName(key=report.person.name, parsed=name_of(report), states=states, by_number=False)


class Reached:
    """Who would be among the candidates of matching, if their own date were given."""

    def __init__(self, everybody: Iterable[Learner], catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.under: defaultdict[tuple[str, ...], dict[str, Learner]] = defaultdict(dict)
        for learner in everybody:
            forms = form_keys(parse_names(learner.written), "any", states_of(learner, catalogue))
            for key in forms | learner.names if learner.birth_date is not None else ():
                self.under[key][learner.physician_id] = learner

    def by(self, report: CompletionReport) -> list[Learner]:
        asked = forms_asked(name_of(report), "any", states_asked(report, self.catalogue))
        found: dict[str, Learner] = {}
        for key in asked | {report.person.name}:
            found |= self.under[key]
        return list(found.values())


def test_forms_of_names_bring_everybody_whom_all_of_the_registry_would(service: Service) -> None:
    made = list(physicians(service.catalogue, PHYSICIANS, SEED))
    counts = imports.import_rows(service, enumerate((row for _, row in made), 1))
    assert not counts.refused
    asked = [case.asked for case in cases_of([known for known, _ in made], SEED, REPORTS, 3.0)]
    reports = [doors.report_of(one, "201759558", service.clock()) for one in asked]
    for place, report in enumerate(reports):
        # Whoever has a number that is given is known by it, whatever their name.
        state = {"state": None} if place % WITHOUT_STATE == 0 else {}
        reports[place] = replace(report, cme=tuple(replace(part, license_id=None, **state) for part in report.cme))
    reached = Reached(physicians_on_file(service).values(), service.catalogue)
    nobody = Candidates.of([])

    def found(connection: Connection) -> dict[int, list[Learner]]:
        return load_people(connection, {place: _sought(service, report) for place, report in enumerate(reports)})

    brought = service.database.read(found)
    meant = 0
    for place, report in enumerate(reports):
        for_all = reported_by_own_date(report, reached.by(report), nobody, service.catalogue)
        of_forms = reported_by_own_date(report, brought[place], nobody, service.catalogue)
        assert {one.physician_id for one in of_forms} == {one.physician_id for one in for_all}
        meant += len(of_forms)
    assert meant > REPORTS // 2
