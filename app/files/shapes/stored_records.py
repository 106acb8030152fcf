"""A completion that is stored, as the record of a document: what is read back from it says the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from app.domain.amounts import in_credits
from app.domain.catalogue import Catalogue
from app.domain.credits import Completion, Credit, CreditKind
from app.domain.reports import RemsPart

Value: TypeAlias = dict[str, Any]
"""An element, as its JSON form has it."""
AMA_PRA = "AMA PRA Category 1"


def filled(fields: Value) -> Value:
    """Return an element without what it does not have; No and nought are something."""
    return {name: value for name, value in fields.items() if value is not None and value not in ([], {})}


def number_of(credits: float) -> float | int:
    """Return an amount without a fraction where it has none."""
    return int(credits) if credits == int(credits) else credits


def report_of(completion: Completion, title: str | None, certificates: Iterable[Value]) -> Value:
    """Return a completion as an `ActivityReport`, with the certificates that it has."""
    born = completion.birth_date
    return filled(
        {
            "Member": {
                "Name": filled({"GivenName": completion.first_name, "FamilyName": completion.last_name}),
                "PersonalInfo": filled({"BirthDate": f"--{born.replace('/', '-')}" if born else None}),
            },
            "Participants": {"Participant": _participant(completion.rems)} if completion.rems is not None else None,
            "Activity": {
                "ProviderOrganization": completion.provider_id,
                "Module": filled(
                    {
                        "ModuleName": filled({"value": title, "moduleID": completion.activity_id}),
                        "Status": "Completed",
                        "CompletedDateTime": completion.completed_on.isoformat(),
                        "CreditCertificate": list(certificates),
                    }
                ),
            },
            "XtensibleInfo": {"LearnerRecordAction": "add"},
        }
    )


def _participant(rems: RemsPart) -> Value:
    return filled(
        {
            "LocalIdentifier": {"value": rems.local_id} if rems.local_id else None,
            "StateOfPrimaryPractice": rems.state,
            "DEARegistration": rems.dea_registration,
            "Profession": rems.profession,
            "PracticeArea": rems.practice_area,
            "SurgicalProcedures": rems.surgical_procedures,
            "TimeInPractice": rems.time_in_practice,
        }
    )


def certificates_of(credit: Credit, completion: Completion, catalogue: Catalogue) -> Iterator[Value]:
    """Yield a credit as its certificates: the whole where the types do not say it, then each type."""
    board = catalogue.board(credit.board)
    state = board.state if board is not None else None
    domain = state if credit.kind is CreditKind.CME and state else credit.board
    total, types = credit.quarters, credit.credit_types
    amounts: list[tuple[str, int]] = [*types]
    if credit.kind is CreditKind.CME:
        amounts.insert(0, (AMA_PRA, total))
    elif total != max((quarters for _, quarters in types), default=-1):
        amounts.insert(0, ("MOC", total))
    own = [key for key in credit.client_references if key not in completion.client_references]
    reference = next(iter(own or credit.client_references), None)
    ids: list[Value] = [filled({"value": credit.number_reported, "domain": domain})]
    if completion.npi and completion.npi != credit.number_reported:
        ids.append({"value": completion.npi, "domain": "NPI"})
    for place, (kind, quarters) in enumerate(amounts):
        yield filled(
            {
                "UniqueID": ids[0] if len(ids) == 1 else ids,
                "CreditReceived": {
                    "activityCertification": kind,
                    "creditUnit": "Point",
                    "numberOfCredits": number_of(in_credits(quarters)),
                },
                "CreditID": reference if not place else None,
            }
        )
