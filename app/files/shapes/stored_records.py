"""What is stored, as the records of documents: what is read back from them says the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from app.domain.activities import Activity, Registration
from app.domain.amounts import in_credits
from app.domain.catalogue import Catalogue
from app.domain.choices import DeliveryMethod, Fee, Labelled, OutcomeMeasured, RegistrationMode
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


def metrics_of(activity: Activity) -> Value:
    """Return an activity as `MedicalEducationMetrics`."""
    details = activity.details
    return filled(
        {
            "ActivityDescription": filled({"commercialSupportAmount": list(_support(details))}),
            "Lom": {"general": _general(activity)},
            "healthcareMetadata": {"healthcareEducation": _education(activity)},
            "ParticipationMetrics": filled({"participantsByCategory": list(_participants(details))}),
            "XtensibleInfo": _added(activity),
        }
    )


def _general(activity: Activity) -> Value:
    ids = {
        "ACCME Activity ID": activity.activity_id,
        "Provider Activity ID": activity.internal_id,
        "URL": activity.listing.get("url"),
    }
    return filled(
        {
            "identifier": [{"catalog": catalog, "entry": entry} for catalog, entry in ids.items() if entry],
            "title": activity.title,
            "description": activity.description,
        }
    )


def _education(activity: Activity) -> Value:
    kind = activity.kind
    credits = activity.ama_pra_credits
    partners = list(activity.details.get("joint_providers") or ())
    amounts: list[Value] = (
        [{"activityCertification": AMA_PRA, "numberOfCredits": number_of(credits)}] if credits is not None else []
    )
    amounts += [{"activityCertification": name} for name in activity.joint_accreditation.get("credits") or ()]
    if partners:
        amounts[:1] = [{**(amounts or [{}])[0], "nonAccreditedProvider": partners}]
    support = activity.details.get("commercial_support")
    joint = activity.joint_accreditation
    return filled(
        {
            "credits": amounts,
            "activityLocation": filled(
                {"city": activity.city, "stateOrProvince": activity.state, "country": activity.country}
            ),
            "startDateTime": str(activity.start_date),
            "endDateTime": str(activity.end_date),
            "activitySponsorship": activity.providership,
            "activityFormat": kind.name if kind is not None else activity.format,
            "commercialSupport": bool(support) if support is not None else None,
            "targetAudience": filled(
                {
                    "profession": list(joint.get("professions") or ()),
                    "specialty": list(activity.listing.get("specialties") or ()),
                }
            ),
        }
    )


def _support(details: Mapping[str, Any]) -> Iterator[Value]:
    for given in details.get("commercial_support") or ():
        if not given.get("in_kind"):
            amount = given.get("amount")
            yield filled(
                {
                    "value": number_of(amount) if amount is not None else None,
                    "currency": "USD",
                    "supportSource": given.get("source"),
                }
            )


def _participants(details: Mapping[str, Any]) -> Iterator[Value]:
    counts = details.get("learner_counts") or {}
    for category, name in (("physician", "physicians"), ("other", "others")):
        if counts.get(name) is not None:
            yield {"category": category, "numberOfParticipants": counts[name]}


def _label(values: type[Labelled], value: str | None) -> str | None:
    return next((member.label for member in values if member.value == value), value)


def _added(activity: Activity) -> Value:
    details, listing = activity.details, activity.listing
    in_kind = [one.get("source") for one in details.get("commercial_support") or () if one.get("in_kind")]
    methods = [_label(DeliveryMethod, method) for method in activity.delivery_methods]
    tags = list(details.get("commendation_tags") or ())
    rems = activity.rems or {}
    return filled(
        {
            "isInterprofessional": activity.joint_accreditation.get("interprofessional"),
            "CommendationTags": {"CommendationTag": tags} if tags else None,
            "InKindSupports": {"InKindSupport": [{"source": source} for source in in_kind]} if in_kind else None,
            "DeliveryMethods": {"DeliveryMethod": methods} if methods else None,
            "MeasuredOutcomes": [_outcome(one) for one in details.get("measured_outcomes") or ()],
            "MOCRegistrations": {"MOCRegistration": [_registration(one) for one in activity.registrations]}
            if activity.registrations
            else None,
            "ContentOutlines": filled({"ContentOutlineSelections": list(_outlines(activity.registrations))}),
            "ForPublicList": activity.listing_public,
            "FeeForParticipation": _label(Fee, listing.get("fee")),
            "ActivityRegistration": _label(RegistrationMode, listing.get("registration")),
            "IsMeritBasedIncentivePaymentSystem": activity.mips,
            "REMS": filled({"REMSType": rems.get("type"), "REMSRelatedIdentifier": rems.get("identifier")}),
            "activityRecordAction": "Update",
            "closeActivityRecord": activity.closed,
        }
    )


def _outcome(given: Mapping[str, Any]) -> Value:
    how = {True: "Objective", False: "Subjective"}.get(given.get("objective"))  # type: ignore[arg-type]
    return filled(
        {
            "MeasuredOutcome": _label(OutcomeMeasured, given["outcome"]),
            "MeasurementType": [how] if how is not None else None,
        }
    )


def _registration(given: Registration) -> Value:
    return filled(
        {
            "boardName": given.board,
            "mocPoints": number_of(given.points) if given.points is not None else None,
            "MOCCreditType": list(given.credit_types),
            "CreditClaimDate": str(given.credit_claim_date) if given.credit_claim_date is not None else None,
        }
    )


def _outlines(registrations: Iterable[Registration]) -> Iterator[Value]:
    for given in registrations:
        if given.content_outline:
            keys = [{"ContentKeywordValue": place} for place in given.content_outline]
            yield {"ContentOutlineSource": given.board, "ContentOutlineKeys": keys}
