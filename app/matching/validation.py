"""Validation: how many physicians fit everything given.

Fitting means the same as for a report (see `exact`): the name is one on file, and each of birth date, NPI, licence,
certification and school fits if it is given. Lapsed licences and certifications count. A physician without a school
on file fits any; one without a birth date is found by a number only, where nobody of the name has the date given. A
number that is not on file does not fit, because numbers tell people apart; an NPI that sources gave for several people
fits beside the birth date only. Whom nobody fits so is looked for by evidence (`validation_by_evidence.py`).

Lookups are bounded without making the answer "one" wrong: a lookup finds all who fit, and some who do not. If one
has more than it may return, the answer is "more than one".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from app.domain.catalogue import Catalogue
from app.domain.identity.comparison_keys import full_name_key, id_key, school_key
from app.domain.identity.learners import Holding, Learner
from app.domain.identity.matches import Result
from app.domain.identity.validations import Lookup, LookupKey, LookupResults, ValidationRequest
from app.domain.parsing import MonthDay, is_npi

NAMESAKES = 100
"""The most people of one name that a validation compares one by one; beyond it, the caller must give more."""
LAST_DATE = "~"
"""Sorts after every birth date."""


class Evidence(NamedTuple):
    """A validation's evidence as comparison keys; None where it is not given."""

    last: str
    first: str
    birth_date: str | None
    npi: str | None
    licensing: tuple[str, ...] | None
    """Boards that license in the state given."""
    license_key: str | None
    license_npi: str | None
    """The licence number if it has the form of an NPI: it is tried as both."""
    certifying: str | None
    board_key: str | None
    school: str | None
    sandbox: bool

    @property
    def asks_license(self) -> bool:
        """Whether a licence has to fit."""
        return self.licensing is not None or self.license_key is not None

    @property
    def gives_number(self) -> bool:
        """Whether an identifier was given."""
        return self.npi is not None or self.license_key is not None or self.board_key is not None

    @property
    def asks_certification(self) -> bool:
        """Whether a certification has to fit."""
        return self.certifying is not None or self.board_key is not None


def evidence_of(request: ValidationRequest, catalogue: Catalogue) -> Evidence:
    """Return the evidence of a validation that no rule refuses."""
    last, first = full_name_key(request.first_name, request.last_name)
    board = catalogue.certifying(request.board) if request.board else None
    license_id, state = request.license_id, request.state
    return Evidence(
        last,
        first,
        str(request.birth_date) if isinstance(request.birth_date, MonthDay) else None,
        request.npi,
        tuple([licensing.code for licensing in catalogue.licensing(state)]) if state else None,
        id_key(license_id) if license_id else None,
        license_id if license_id and is_npi(license_id) else None,
        board.code if board is not None else None,
        id_key(request.board_id) if request.board_id else None,
        school_key(request.medical_school) or None,
        request.sandbox,
    )


def lookups_of(evidence: Evidence) -> list[Lookup]:
    """Return the lookups that together find everybody who fits, by the evidence that fewest people share."""
    if "" in (evidence.license_key, evidence.board_key):
        # Nobody has a number without a letter or digit.
        return []
    if evidence.npi is not None:
        return [_lookup(evidence, LookupKey.NPI, number=evidence.npi)]
    if evidence.license_key is not None:
        by_npi = (
            [_lookup(evidence, LookupKey.NPI, number=evidence.license_npi)] if evidence.license_npi is not None else []
        )
        if evidence.licensing is None:
            return [*_namesakes(evidence, LookupKey.NAME_LICENSED, number=evidence.license_key), *by_npi]
        return [
            *(
                _lookup(evidence, LookupKey.LICENSE, board=board, number=evidence.license_key)
                for board in evidence.licensing
            ),
            *by_npi,
        ]
    if evidence.board_key is not None:
        if evidence.certifying is None:
            return _namesakes(evidence, LookupKey.NAME_CERTIFIED, number=evidence.board_key)
        return [_lookup(evidence, LookupKey.CERTIFICATION, board=evidence.certifying, number=evidence.board_key)]
    if evidence.licensing is not None:
        return [
            lookup
            for board in evidence.licensing
            for lookup in _namesakes(evidence, LookupKey.NAME_LICENSED, board=board)
        ]
    if evidence.certifying is not None:
        return _namesakes(evidence, LookupKey.NAME_CERTIFIED, board=evidence.certifying)
    return _namesakes(evidence, LookupKey.NAME)


def _namesakes(evidence: Evidence, by: LookupKey, *, board: str = "", number: str = "") -> list[Lookup]:
    """Return the lookups by name: of the birth date and, beside a number, of those without one on file."""
    given = replace(_lookup(evidence, by, board=board, number=number), unless_born="")
    if evidence.birth_date is None or not number:
        return [given]
    return [given, replace(given, born_from="", born_to="", unless_born=evidence.birth_date)]


def _lookup(evidence: Evidence, by: LookupKey, *, board: str = "", number: str = "") -> Lookup:
    last, first, birth_date, npi, licensing, license_key, license_npi, certifying, board_key, school, sandbox = evidence
    asks_license = licensing is not None or license_key is not None
    asks_certification = certifying is not None or board_key is not None
    low, high = (birth_date, birth_date) if birth_date is not None else ("", LAST_DATE)
    if npi is not None:
        decides = school is None and not asks_license and not asks_certification
    else:
        # A lookup by licence checks the certification too; one by certification checks no licence. And a lookup by
        # an NPI that was given as a licence does not check whether they are licensed in the state.
        by_certification = license_key is None and board_key is not None
        either = license_npi is not None and licensing is not None
        decides = school is None and not either and not (asks_license and by_certification)
    certifying_too, certified_too = (certifying or "", board_key or "") if decides and asks_license else ("", "")
    # Where nothing is left to compare, two people are as good as a hundred.
    most = 1 if decides else NAMESAKES
    return Lookup(
        by=by,
        last=last,
        first=first,
        born_from=low,
        born_to=high,
        unless_born=birth_date or "",
        board=board,
        number=number,
        certifying=certifying_too,
        certified=certified_too,
        most=most,
        decides=decides,
        sandbox=sandbox,
    )


class ValidationMatch(NamedTuple):
    """How many fit; if one, who, and which of the boards named have them on file."""

    result: Result
    physician_id: str | None = None
    boards: tuple[str, ...] = ()


_MORE, _NOBODY = ValidationMatch(Result.SEVERAL), ValidationMatch(Result.NONE)


def decide(evidence: Evidence, lookups: Sequence[Lookup], found: LookupResults) -> ValidationMatch:
    """Decide how many of those found fit. A lookup with more than it may return means several."""
    ids: set[str] = set()
    decided = True
    for lookup, held in zip(lookups, found.ids, strict=True):
        if len(held) > lookup.most:
            return _MORE
        ids.update(held)
        decided = decided and lookup.decides
    if not decided:
        ids = {physician_id for physician_id in ids if fits(found.learners[physician_id], evidence)}
    if len(ids) != 1:
        return _MORE if ids else _NOBODY
    (only,) = ids
    if not decided:
        return ValidationMatch(Result.ONE, only, matched_boards(found.learners[only], evidence))
    boards = [lookup.board for lookup, held in zip(lookups, found.ids, strict=True) if lookup.board and held]
    if lookups[0].certifying:
        boards.append(lookups[0].certifying)
    return ValidationMatch(Result.ONE, only, tuple(boards))


def those_who_fit(everybody: Sequence[Learner], evidence: Evidence) -> list[Learner]:
    """Return those whom everything given fits, of all on file.

    People without a birth date on file are among them only where nobody of the name has the date given.
    """
    fitting = [learner for learner in everybody if fits(learner, evidence)]
    name = (evidence.last, evidence.first)
    if evidence.birth_date is None or not any(
        name in learner.names and learner.birth_date == evidence.birth_date for learner in everybody
    ):
        return fitting
    return [learner for learner in fitting if learner.birth_date is not None]


def fits(learner: Learner, evidence: Evidence) -> bool:
    """Return True if everything given fits a physician."""
    return (
        (evidence.last, evidence.first) in learner.names
        and (evidence.birth_date is None or _fits_birth_date(learner, evidence))
        and (evidence.npi is None or (learner.npi == evidence.npi and npi_proves(learner, evidence)))
        and (not evidence.asks_license or _fits_license(learner, evidence))
        and (not evidence.asks_certification or any(is_meant(held, evidence) for held in learner.certifications))
        and (evidence.school is None or school_key(learner.medical_school) in ("", evidence.school))
    )


def _fits_birth_date(learner: Learner, evidence: Evidence) -> bool:
    return learner.birth_date == evidence.birth_date or (learner.birth_date is None and evidence.gives_number)


def matched_boards(learner: Learner, evidence: Evidence) -> tuple[str, ...]:
    """Return the boards named in the request, directly or by state, that have the matched physician on file.

    Other boards are not returned: that would disclose stored values.
    """
    by_number = evidence.license_key is not None and not has_npi_given_as_license(learner, evidence)
    licensed = {held.board for held in learner.licenses if not by_number or held.key == evidence.license_key}
    named = tuple(board for board in evidence.licensing or () if board in licensed)
    return (*named, evidence.certifying) if evidence.certifying is not None else named


def _fits_license(learner: Learner, evidence: Evidence) -> bool:
    by_npi = has_npi_given_as_license(learner, evidence)
    if evidence.licensing is None:
        return by_npi or any(held.key == evidence.license_key for held in learner.licenses)
    return any(
        held.board in evidence.licensing
        and (evidence.license_key is None or by_npi or held.key == evidence.license_key)
        for held in learner.licenses
    )


def has_npi_given_as_license(learner: Learner, evidence: Evidence) -> bool:
    """Return True if the licence number that was given is the physician's NPI."""
    return evidence.license_npi is not None and learner.npi == evidence.license_npi and npi_proves(learner, evidence)


def npi_proves(learner: Learner, evidence: Evidence) -> bool:
    """Return True unless sources gave the NPI for others too, and the birth date does not tell who is meant."""
    return not learner.npi_disputed or (evidence.birth_date is not None and learner.birth_date is not None)


def is_meant(held: Holding, evidence: Evidence) -> bool:
    """Return True if a certification is of the board that was given, and has the id that was given."""
    return evidence.certifying in (None, held.board) and evidence.board_key in (None, held.key)
