"""A completion that is stored, as the record of a document: what is read back from it says the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from app.domain.amounts import in_credits
from app.domain.catalogue import Catalogue
from app.domain.credits import Completion, Credit, CreditKind
from app.domain.joint_accreditation import AMA_PRA
from app.domain.rems import time_in_documents
from app.domain.reports import RemsPart

Value: TypeAlias = dict[str, Any]
"""An element, as its JSON form has it."""


def filled(fields: Value) -> Value:
    """Return an element without what it does not have; No and nought are something."""
    return {name: value for name, value in fields.items() if value is not None and value not in ([], {})}


def report_of(completion: Completion, title: str | None, certificates: Iterable[Value]) -> Value:
    """Return a completion as an `ActivityReport`, with the certificates that it has."""
    born = completion.birth_date
    nameless = completion.first_name is None or completion.last_name is None
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
            "XtensibleInfo": filled(
                {
                    "LearnerRecordAction": "add",
                    "Occasion": completion.occasion if completion.occasion > 1 else None,
                    "LearnerLink": completion.learner_id if nameless else None,
                }
            ),
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
            "TimeInPractice": time_in_documents(rems.time_in_practice),
        }
    )


def certificates_of(credit: Credit, completion: Completion, catalogue: Catalogue) -> Iterator[Value]:
    """Yield a credit as its certificates: the whole where the types do not say it, then each type."""
    domain = _domain_of(credit, completion, catalogue)
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
                    "numberOfCredits": in_credits(quarters),
                },
                "CreditID": reference if not place else None,
            }
        )


def _domain_of(credit: Credit, completion: Completion, catalogue: Catalogue) -> str:
    """Return whose number a certificate has: CME is a state's, and its board's where two of the state have a part."""
    board = catalogue.board(credit.board)
    if credit.kind is not CreditKind.CME or board is None or board.state is None:
        return credit.board
    of_state = {one.code for one in catalogue.licensing(board.state)}
    taking = {one.board for one in completion.credits if one.kind is CreditKind.CME and one.board in of_state}
    return board.state if len(taking) == 1 else credit.board
