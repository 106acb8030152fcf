"""Exact matching, the first stage: names, birth month and day, and ids must all fit the same physician.

It decides most reports; who is not found by it is looked for by evidence (`reports.py`). Every part of a report has
its own evidence. A physician matches when the names, the birth date and
the NPI fit, and the evidence of every part does: the licence of each CME part, the certification of
each MOC part. Absent evidence is neutral; given evidence must fit. An NPI that sources gave for several people
needs the birth date beside it, and a licence number that was issued again is whose it was on the day of completion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from app.domain.catalogue import Catalogue
from app.domain.identity.candidates import Candidates, Wanted
from app.domain.identity.comparison_keys import damage_of, id_key, name_key, short_id_key
from app.domain.identity.learners import Holding, Learner, Person
from app.domain.identity.matches import NOT_ASKED, Match, Result, needs_birth_date
from app.domain.parsing import MonthDay, Unparsed, is_npi
from app.domain.reports import CompletionReport
from app.matching.parts import asks_license, certification_of, fits_moc, gives_number, licenses_of, npi_proves


def collect_keys(report: CompletionReport, catalogue: Catalogue) -> Wanted:
    """Collect the keys that a report's physician may be found by."""
    wanted = Wanted()
    person = report.person
    if report.rems_only or _is_damaged(person):
        return wanted
    if person.learner_id is not None:
        wanted.learner_ids.add((report.provider_id, person.learner_id))
    if isinstance(person.birth_date, MonthDay):
        last, first = person.name
        wanted.names.add((last, first, str(person.birth_date)))
    if person.npi and is_npi(person.npi):
        wanted.npis.add(person.npi)
    for cme in report.cme:
        if not cme.license_id:
            continue
        if is_npi(cme.license_id):
            wanted.npis.add(cme.license_id)
        key = id_key(cme.license_id)
        for board in catalogue.licensing(cme.state) if cme.state else ():
            wanted.licenses.add((board.code, key))
            if cme.license_was_number:
                wanted.short_licenses.add((board.code, short_id_key(key)))
    for moc in report.moc:
        certifying = catalogue.certifying(moc.board) if moc.board else None
        if certifying is not None and moc.board_id:
            wanted.certifications.add((certifying.code, id_key(moc.board_id)))
            if moc.id_was_number:
                wanted.short_certifications.add((certifying.code, short_id_key(id_key(moc.board_id))))
    return wanted


def can_look_for(report: CompletionReport, catalogue: Catalogue) -> bool:
    """Return True if a report gives enough to look for its physician."""
    person = report.person
    if not report.asks_for_learner:
        return False
    if isinstance(person.birth_date, Unparsed) or _is_damaged(person):
        return False
    if person.learner_id is not None:
        return True
    if not (person.first_name and person.last_name):
        return False
    return person.birth_date is not None or not needs_birth_date(report, catalogue)


def _is_damaged(person: Person) -> bool:
    """Whether a name is none that could be compared: nobody is looked for by what is left of it."""
    return damage_of(person.first_name) is not None or damage_of(person.last_name) is not None


def find_learner(
    report: CompletionReport, candidates: Candidates, catalogue: Catalogue, wanted: Wanted | None = None
) -> Match:
    """Return the one physician among the candidates that fits every part of a report.

    `wanted` holds the report's keys if they were collected before. A number cell may have lost leading zeros: 7 also
    means 007, and if both belong to people who fit otherwise, nobody is matched.
    """
    if not can_look_for(report, catalogue):
        return NOT_ASKED
    candidates = candidates.in_world(report.sandbox)
    wanted = collect_keys(report, catalogue) if wanted is None else wanted
    pool = candidates.under(wanted, report)
    unknown_licenses = tuple(_unknown_licenses(report, candidates, catalogue))
    npi = report.person.npi
    unknown_npis = ("/learner/npi",) if npi and is_npi(npi) and not candidates.has_npi(npi) else ()

    fitting = [learner for learner in pool.values() if _fits_person(learner, report.person)]
    fitting = _without_undated(fitting, pool.values(), report)
    found = _fits_every_part(fitting, report, candidates, catalogue, strict=True)
    if not found and fitting:
        # Somebody who fits in all but a certification is no miss: the board just does not certify them. Where a
        # namesake with the same birth date is certified, the two may be one person: then nothing can be said of either.
        found = _fits_every_part(fitting, report, candidates, catalogue, strict=False)
        if len(found) > 1 or (found and _certified_beside(found[0][0], fitting, report, catalogue)):
            found = []
    if len(found) == 1:
        ((learner, cme),) = found
        return Match(
            result=Result.ONE,
            learner=learner,
            cme=cme,
            moc=tuple([certification_of(learner, moc, catalogue) for moc in report.moc]),
            unknown_licenses=unknown_licenses,
            unknown_npis=unknown_npis,
        )
    return Match(
        result=Result.SEVERAL if found else Result.NONE,
        missed=() if found else tuple(_missed(fitting, report, candidates, catalogue)),
        unknown_licenses=unknown_licenses,
        unknown_npis=unknown_npis,
    )


def _fits_person(learner: Learner, person: Person) -> bool:
    """Return True if names, birth date and NPI fit, as far as they are given."""
    if not _fits_name(learner, person):
        return False
    if isinstance(person.birth_date, MonthDay) and learner.birth_date not in (None, str(person.birth_date)):
        return False
    if not (person.npi and is_npi(person.npi)):
        return True
    return learner.npi == person.npi and npi_proves(learner, person)


def _without_undated(fitting: list[Learner], pool: Iterable[Learner], report: CompletionReport) -> list[Learner]:
    """Return those who fit without people whose birth date is not on file, unless a number tells who is meant.

    A date never fits somebody who has none: they are found by a number, where nobody of the name has the date given.
    Who has both need not fit otherwise: the NPI that was given may be their namesake's.
    """
    person = report.person
    if not isinstance(person.birth_date, MonthDay) or all(learner.birth_date for learner in fitting):
        return fitting
    born = str(person.birth_date)
    by_number = person.learner_id is not None or gives_number(report)
    if by_number and not any(learner.birth_date == born and _fits_name(learner, person) for learner in pool):
        return fitting
    return [learner for learner in fitting if learner.birth_date is not None]


def _fits_name(learner: Learner, person: Person) -> bool:
    """Return True if the name fits; half of one, beside a learner id, fits any name with that half."""
    if person.first_name and person.last_name:
        return person.name in learner.names
    last, first = name_key(person.last_name), name_key(person.first_name)
    return any(last in ("", known[0]) and first in ("", known[1] or known[0]) for known in learner.names)


def _fits_every_part(
    fitting: Iterable[Learner], report: CompletionReport, candidates: Candidates, catalogue: Catalogue, *, strict: bool
) -> list[tuple[Learner, tuple[tuple[Holding, ...], ...]]]:
    """Return those who fit every part, with the licences that each CME part goes to."""
    found = []
    for learner in fitting:
        cme = tuple([licenses_of(learner, cme_part, report, candidates, catalogue) for cme_part in report.cme])
        if not all(cme) and any(
            not held and asks_license(cme_part, report, catalogue)
            for held, cme_part in zip(cme, report.cme, strict=True)
        ):
            continue
        if all(fits_moc(learner, moc=moc, catalogue=catalogue, strict=strict) for moc in report.moc):
            found.append((learner, cme))
    return found


def _certified_beside(
    learner: Learner, fitting: Iterable[Learner], report: CompletionReport, catalogue: Catalogue
) -> bool:
    """Whether somebody else who fits the person has a certification that the learner lacks."""
    lacking = [
        board.code
        for moc in report.moc
        if moc.board and (board := catalogue.certifying(moc.board)) and not learner.certified_by(board.code)
    ]
    return any(other.certified_by(code) for other in fitting if other is not learner for code in lacking)


def _unknown_licenses(report: CompletionReport, candidates: Candidates, catalogue: Catalogue) -> Iterator[str]:
    for index, cme in enumerate(report.cme):
        boards = catalogue.licensing(cme.state) if cme.state else ()
        if not cme.license_id or (cme.state and not boards):
            continue
        if is_npi(cme.license_id) and candidates.has_npi(cme.license_id):
            continue
        if not cme.state:
            # Without a state only the physician's own licences can be compared, which matching does.
            continue
        key, was_number = id_key(cme.license_id), cme.license_was_number
        if not any(candidates.holds_license(board.code, key, was_number=was_number) for board in boards):
            yield f"/cme/{index}/license_id"


def _missed(
    fitting: list[Learner], report: CompletionReport, candidates: Candidates, catalogue: Catalogue
) -> Iterator[str]:
    """Yield the pointers of parts that nobody who fits otherwise fits; `/learner` if that is all parts, or none."""
    parts: list[tuple[str, Callable[[Learner], object]]] = [
        (f"/cme/{index}", partial(licenses_of, cme=cme, report=report, candidates=candidates, catalogue=catalogue))
        for index, cme in enumerate(report.cme)
        if asks_license(cme, report, catalogue)
    ]
    parts += [
        (f"/moc/{index}", partial(fits_moc, moc=moc, catalogue=catalogue, strict=True))
        for index, moc in enumerate(report.moc)
    ]
    missed = [pointer for pointer, fits in parts if not any(fits(learner) for learner in fitting)]
    if not fitting or not missed or len(missed) == len(parts):
        yield "/learner"
    else:
        yield from missed
