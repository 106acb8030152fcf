"""Rules about learner validations: they see the form alone, never what the registry holds.

To add one: a generator function over a `ValidationCase`, declared for `Scope.VALIDATION` alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from app.domain.catalogue import Catalogue
from app.domain.findings import Finding
from app.domain.identity.comparison_keys import damage_of
from app.domain.identity.validations import ValidationRequest
from app.domain.parsing import Unparsed, describe_month_day, is_npi
from app.rules.engine import VALIDATION_RULES, Fault, Scope, ask, rule, select
from app.rules.record import NOTHING_GUESSED
from app.rules.slips import how_to_give_names

_FORM = "slides, Learner validation tool: first and last name are required, beyond that nothing is"
_FIELDS = "accreditor's field descriptions"


class ValidationCase(msgspec.Struct, frozen=True, kw_only=True):
    """A validation before the rules, with the board facts."""

    request: ValidationRequest
    catalogue: Catalogue


@rule("name-required", Scope.VALIDATION, source=_FORM)
def validated_name_required(case: ValidationCase) -> Iterator[Fault]:
    """A validation gives first and last name."""
    for field, given in (("first_name", case.request.first_name), ("last_name", case.request.last_name)):
        if not given:
            yield Fault(
                f"/{field}",
                f"The learner's {field.replace('_', ' ')} is missing.",
                how_to_give_names(case.request.first_name, case.request.last_name),
            )


@rule("name-legible", Scope.VALIDATION, source=NOTHING_GUESSED)
def validated_name_legible(case: ValidationCase) -> Iterator[Fault]:
    """A name, and a medical school's, can be read: no letter is lost, escaped, misread or of another alphabet."""
    request = case.request
    for field, name, given in (
        ("first_name", "learner's first name", request.first_name),
        ("last_name", "learner's last name", request.last_name),
        ("medical_school", "medical school's name", request.medical_school),
    ):
        damage = damage_of(given)
        if damage is not None:
            yield Fault(f"/{field}", f"The {name} {damage.detail}.", damage.hint)


@rule("birth-date-valid", Scope.VALIDATION, source=_FIELDS)
def validated_birth_date_valid(case: ValidationCase) -> Iterator[Fault]:
    """A birth date, where given, is a real month and day; 02/29 is one."""
    born = case.request.birth_date
    if isinstance(born, Unparsed):
        yield Fault("/date_of_birth", describe_month_day(born.text), "Give MM/DD, for example 03/14.")


@rule("npi-valid", Scope.VALIDATION, source="CMS, National Provider Identifier check digit")
def validated_npi_valid(case: ValidationCase) -> Iterator[Fault]:
    """An NPI, where given, has ten digits beginning with 1 or 2, and its check digit fits."""
    given = case.request.npi
    if given is not None and not is_npi(given):
        yield Fault("/npi", "Not a valid NPI.", "Check its ten digits, or leave it out.")


@rule("state-required", Scope.VALIDATION, source=_FIELDS)
def validated_state_known(case: ValidationCase) -> Iterator[Fault]:
    """A state, where given, is one that licenses physicians."""
    given = case.request.state
    if given is not None and not case.catalogue.licensing(given):
        yield Fault(
            "/state",
            "Not a state that licenses physicians.",
            "Give the state of licence by its two letters or full name, for example TN or Tennessee.",
        )


@rule("board-known", Scope.VALIDATION, source=_FIELDS)
def validated_board_known(case: ValidationCase) -> Iterator[Fault]:
    """A certifying board, where given, is given by a code or name that is known."""
    given = case.request.board
    if given is not None and case.catalogue.certifying(given) is None:
        yield Fault(
            "/board",
            "Unknown certifying board.",
            "Give its code, for example ABIM; /v1/boards lists them all. A state board is given by its state.",
        )


_SELECTION = select(VALIDATION_RULES.values(), {Scope.VALIDATION})


def judge_validation(request: ValidationRequest, catalogue: Catalogue) -> tuple[Finding, ...]:
    """Return everything the rules have to say about a validation. With any finding, no learner is looked for."""
    return ask(_SELECTION, ValidationCase(request=request, catalogue=catalogue))
