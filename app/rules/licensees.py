"""What a question for somebody's transcript has to say: more than a validation, since names alone tell nobody."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.catalogue import Catalogue
from app.domain.findings import Finding, Severity
from app.domain.passport.licensees import LicenseeQuestion
from app.rules.validations import judge_validation


def judge_licensee(question: LicenseeQuestion, catalogue: Catalogue) -> tuple[Finding, ...]:
    """Return everything that is wrong with a question, whoever is on file. With any finding, nobody is looked for."""
    return (*judge_validation(question.known, catalogue), *_names_alone(question), *_periods(question))


def _names_alone(question: LicenseeQuestion) -> Iterator[Finding]:
    known = question.known
    if not (known.birth_date or known.npi or known.license_id or known.board_id):
        detail = "Names alone tell nobody from others of the name."
        hint = "Give a licence number, a board ID, an NPI, or the birth month and day as MM/DD."
        yield _fault("/license_id", detail, hint)


def _periods(question: LicenseeQuestion) -> Iterator[Finding]:
    for name, period in (("completed", question.completed), ("submitted", question.submitted)):
        if period.first is not None and period.last is not None and period.last < period.first:
            hint = f"Exchange {name}_from and {name}_to, or leave one out."
            yield _fault(f"/{name}_to", "The last day is before the first.", hint)


def _fault(pointer: str, detail: str, hint: str) -> Finding:
    return Finding(rule="format", severity=Severity.REJECT, pointer=pointer, detail=detail, hint=hint)
