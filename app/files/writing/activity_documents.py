"""Activities as PARS documents, so that the document can be uploaded again as it is, to update what it names.

Whatever a document cannot say so that it is read back the same is left out: what is left out stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from app.domain.activities import Activity, Registration
from app.domain.batches import Element
from app.domain.choices import DeliveryMethod, Labelled, OutcomeMeasured, PharmacyActivityType, PharmacyTopic
from app.domain.formats import find_format
from app.domain.identity.comparison_keys import code_key
from app.domain.joint_accreditation import IN_DOCUMENTS, OTHERS, kinds_of, profession_named
from app.domain.reports import Action
from app.files import cells
from app.files.cells import CellFault
from app.files.elements import close_tag, declare, open_tag, render, scope_of
from app.files.shapes.activities import DOCUMENT, FEES, RECORD, REGISTRATION_MODES
from app.files.shapes.json_form import elements_of, value_of

_DEEPEST = 16
_AMA = "amapracategory1"
_ROOT: Element = {"n": DOCUMENT.tag}


class XmlActivityWriter:
    """Writes the document in XML."""

    def __init__(self) -> None:
        self._scope = scope_of(_ROOT, {"n": RECORD.parts[2].tag})

    def begin(self) -> bytes:
        """Return the root, opened."""
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n{open_tag(_ROOT, self._scope, declare(self._scope))}>\n'.encode()
        )

    def add(self, activities: Iterable[Activity]) -> bytes:
        """Return activities."""
        return "".join(render(element_of(activity), self._scope, "  ") for activity in activities).encode()

    def end(self) -> bytes:
        """Return the root, closed."""
        return f"{close_tag(_ROOT, self._scope)}\n".encode()


class JsonActivityWriter:
    """Writes the same document in JSON."""

    def __init__(self) -> None:
        self._before = "\n"

    def begin(self) -> bytes:
        """Return what is around the activities, opened."""
        return f'{{"{DOCUMENT.name}": {{"{RECORD.name}": ['.encode()

    def add(self, activities: Iterable[Activity]) -> bytes:
        """Return activities, with a comma before each but the first."""
        values = [value_of(element_of(activity), RECORD) for activity in activities]
        if not values:
            return b""
        before, self._before = self._before, ",\n"
        return (before + ",\n".join(json.dumps(value, ensure_ascii=False) for value in values)).encode()

    def end(self) -> bytes:
        """Return what is around the activities, closed."""
        return b"\n]}}\n"


def element_of(activity: Activity) -> Element:
    """Return the element of an activity."""
    (element,) = elements_of(_filled(_record(activity)), RECORD, _DEEPEST)
    return element


def _record(activity: Activity) -> dict[str, Any]:
    support = _support(activity.details.get("commercial_support"))
    listing, rems, joint = activity.listing, activity.rems or {}, activity.joint_accreditation
    return {
        "ReportDescription": {
            "ReportingStartDate": _day(activity.start_date),
            "ReportingEndDate": _day(activity.end_date),
        },
        "ActivityDescription": {"commercialSupportAmount": support.get("money")},
        "Lom": {
            "general": {
                "identifier": [
                    {"catalog": catalog, "entry": entry}
                    for catalog, entry in (
                        ("ACCME Activity ID", activity.activity_id),
                        ("Provider Activity ID", _text(activity.internal_id)),
                        ("URL", _text(listing.get("url"))),
                    )
                    if entry
                ],
                "title": activity.title,
                "description": _text(activity.description),
            }
        },
        "healthcareMetadata": {"healthcareEducation": _education(activity, support.get("received"))},
        "ParticipationMetrics": {"participantsByCategory": _participants(activity.details.get("learner_counts") or {})},
        "XtensibleInfo": {
            "isInterprofessional": joint.get("interprofessional"),
            "CommendationTags": {"CommendationTag": _list(activity.details.get("commendation_tags"))},
            "InKindSupports": {"InKindSupport": support.get("in_kind")},
            "DeliveryMethods": {"DeliveryMethod": [_label(DeliveryMethod, code) for code in activity.delivery_methods]},
            "MeasuredOutcomes": [_outcome(one) for one in activity.details.get("measured_outcomes") or ()],
            "MOCRegistrations": {"MOCRegistration": [_registration(one) for one in activity.registrations]},
            "ContentOutlines": {
                "ContentOutlineSelections": [place for one in activity.registrations for place in _outline(one)]
            },
            "ForPublicList": listing.get("public"),
            "FeeForParticipation": _word(FEES, listing.get("fee")),
            "ActivityRegistration": _word(REGISTRATION_MODES, listing.get("registration")),
            "IsMeritBasedIncentivePaymentSystem": activity.mips,
            "REMS": {"REMSType": _text(rems.get("type")), "REMSRelatedIdentifier": _text(rems.get("identifier"))},
            **_pharmacy(joint.get("pharmacy") or {}),
            "activityRecordAction": Action.UPDATE.value.capitalize(),
        },
    }


def _education(activity: Activity, received: bool | None) -> dict[str, Any]:
    known = find_format(activity.format) if activity.format else None
    start, end = _day(activity.start_date), _day(activity.end_date)
    return {
        "credits": _credits(activity),
        "activityLocation": {
            "city": _text(activity.city),
            "stateOrProvince": _text(activity.state),
            "country": _text(activity.country),
        },
        "startDateTime": start and f"{start}T00:00:00",
        "endDateTime": end and f"{end}T00:00:00",
        "activitySponsorship": activity.providership,
        "activityFormat": known.name if known is not None else activity.format,
        "commercialSupport": received,
        "targetAudience": {
            "profession": _list(activity.joint_accreditation.get("professions")),
            "specialty": _list(activity.listing.get("specialties")),
        },
    }


def _credits(activity: Activity) -> list[dict[str, Any]]:
    joint = activity.joint_accreditation
    amount = activity.ama_pra_credits
    own = {
        "numberOfCredits": cells.format_number(amount) if amount is not None else None,
        "nonAccreditedProvider": _list(activity.details.get("joint_providers")),
    }
    others = dict(kinds_of(joint))
    if _list(others) != [*others] or any(code_key(name).startswith(_AMA) for name in others):
        # It would be read as something else, or as the activity's own.
        others = {}
    written = [
        {"activityCertification": name, "numberOfCredits": None if number is None else cells.format_number(number)}
        for name, number in others.items()
    ]
    return [{"activityCertification": "AMA PRA Category 1", **own}, *written] if any(own.values()) else written


def _support(support: list[Mapping[str, Any]] | None) -> dict[str, Any]:
    """Return the commercial support; nothing where it would be read as something else."""
    if support is None:
        return {}
    if not support:
        return {"received": False}
    money, in_kind = [], []
    for supporter in support:
        source, amount = supporter.get("source"), supporter.get("amount")
        written = f"{amount:.2f}".removesuffix(".00") if amount is not None else None
        if source is not None and _text(source) is None:
            return {}
        if written is not None and (float(written) != amount or amount >= 1e12):
            return {}
        if supporter.get("in_kind"):
            if source is None or amount is not None:
                return {}
            in_kind.append({"source": source})
        elif amount is not None and (source is not None or amount):
            money.append({"value": written, "currency": "USD", "supportSource": source or ""})
        elif len(support) > 1 or amount is not None or source is not None:
            return {}
    return {"received": True, "money": money, "in_kind": in_kind}


def _participants(counts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return numbers of learners; under `other` those of whom no profession is told."""
    professions = {row["profession"]: row["learners"] for row in counts.get("professions") or ()}
    if _list(professions) != [*professions] or any(code_key(name) in OTHERS for name in professions):
        professions = {}
    others = counts.get("others")
    rest = others - sum(professions.values()) if others is not None else None
    named = [
        ("physician", counts.get("physicians")),
        *((_category(name), number) for name, number in professions.items()),
        ("other", rest or None if professions else rest),
    ]
    return [
        {"category": category, "numberOfParticipants": str(number)} for category, number in named if number is not None
    ]


def _category(profession: str) -> str:
    """Return a profession as documents name those who took part."""
    if profession_named(profession) != profession:
        return profession
    return IN_DOCUMENTS.get(profession, profession.lower())


def _pharmacy(pharmacy: Mapping[str, Any]) -> dict[str, Any]:
    sequence = pharmacy.get("sequence_number")
    return {
        "PharmacyActivityType": _label(PharmacyActivityType, pharmacy.get("activity_type")),
        "PharmacyActivityTopic": _label(PharmacyTopic, pharmacy.get("topic")),
        "PharmacyLiveDate": pharmacy.get("live_date"),
        "PharmacySequenceNumber": None if sequence is None else f"{sequence:03}",
        "UANPharmacy": _text(pharmacy.get("universal_activity_number")),
        "UANPharmacyTech": _text(pharmacy.get("technician_activity_number")),
    }


def _outcome(outcome: Mapping[str, Any]) -> dict[str, Any]:
    objective = outcome.get("objective")
    types = [] if objective is None else ["Objective" if objective else "Subjective"]
    return {"MeasuredOutcome": _label(OutcomeMeasured, outcome["outcome"]), "MeasurementType": types}


def _registration(registration: Registration) -> dict[str, Any]:
    points = registration.points
    return {
        "boardName": registration.board,
        "mocPoints": cells.format_number(points) if points is not None else None,
        "MOCCreditType": _list(registration.credit_types),
        "CreditClaimDate": _day(registration.credit_claim_date),
    }


def _outline(registration: Registration) -> list[dict[str, Any]]:
    places = _list(registration.content_outline)
    if len({*places}) < len(places):
        return []
    return [
        {"ContentOutlineSource": registration.board, "ContentOutlineKeys": [{"ContentKeywordValue": place}]}
        for place in places
    ]


def _filled(value: Any) -> Any:
    """Return a value without what says nothing."""
    if isinstance(value, Mapping):
        inner = {name: _filled(one) for name, one in value.items()}
        return {name: one for name, one in inner.items() if one not in (None, {}, [])}
    return [_filled(one) for one in value] if isinstance(value, list) else value


def _text(text: str | None) -> str | None:
    """Return a text that is read back the same; None for any other."""
    try:
        return text if text and cells.read_text(text) == text else None
    except CellFault:
        return None


def _list(texts: Iterable[str] | None) -> list[str]:
    """Return texts that are all read back the same; none where any is not."""
    given = list(texts or ())
    return given if all(_text(text) is not None for text in given) else []


def _day(day: Any) -> str | None:
    return day.isoformat() if isinstance(day, date) else None


def _label(values: type[Labelled], code: str | None) -> str | None:
    return next((member.label for member in values if member.value == code), code)


def _word(words: Mapping[Any, str], code: str | None) -> str | None:
    return next((word for value, word in words.items() if value == code), code)
