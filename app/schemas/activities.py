"""Activities: what providers send, and what they are answered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from msgspec.structs import replace
from pydantic import ConfigDict, Field

from app.domain.activities import Activity, ActivityStatus, RegisteredActivity, Registration
from app.domain.choices import DeliveryMethod, Fee, OutcomeMeasured, Providership, RegistrationMode
from app.domain.parsing import own_id_or_none, plain_or_none, plain_text, read_activity_id, read_date, text_or_none
from app.schemas.activity_parts.joint_accreditation import JointAccreditation, LearnerCounts
from app.schemas.base import Amount, Description, Example, Line, Name, OneOf, Out, Requests, Strict, Url, Word
from app.schemas.only_answered import OF_ACTIVITY, OF_KNOWN_ACTIVITY, OnlyAnswered
from app.schemas.problems import FindingOut

Names = Annotated[list[Name], Field(max_length=200)]

EXAMPLE: dict[str, Any] = {
    "title": "Grand Rounds Anesthesia",
    "format": "regularly-scheduled-series",
    "internal_id": "GR-2026",
    "start_date": "2026-01-17",
    "end_date": "2026-12-17",
    "ama_pra_credits": 52,
    "delivery_methods": ["in-person"],
    "location": {"city": "Portland", "state": "ME", "country": "USA"},
    "description": "Weekly grand rounds of the department.",
    "providership": "direct",
    "moc": [{"board": "ABA", "points": 52, "credit_types": ["Lifelong Learning"], "content_outline": ["1.2.3"]}],
    "listing": {"public": False},
}


class LocationIn(Strict):
    """Where an activity takes place."""

    city: Name | None = None
    state: Name | None = None
    country: Name | None = None


class MocRegistration(Strict):
    """An activity's registration for one certifying board."""

    board: Name | None = Field(None, description="Code or name of the certifying board.")
    points: Amount | None = Field(
        None, description="The most points a learner can earn; the AMA PRA amount if left out."
    )
    credit_types: Names | None = None
    credit_claim_date: Word | None = Field(None, description="Last completion date for MOC; the end date if left out.")
    practice_areas: Names | None = None
    content_outline: Names | None = None
    attested: bool | None = None


class Rems(Strict):
    """The risk-mitigation (REMS) programme that an activity belongs to."""

    type: Name | None = None
    identifier: Name | None = None


class MeasuredOutcome(Strict):
    """A change that the activity measured."""

    outcome: OneOf[OutcomeMeasured]
    objective: bool | None = None


class Listing(Strict):
    """How the activity is listed for physicians to find."""

    public: bool | None = None
    url: Url | None = None
    fee: OneOf[Fee] | None = None
    registration: OneOf[RegistrationMode] | None = None
    specialties: Names | None = None


class CommercialSupport(Strict):
    """Commercial support received."""

    source: Name | None = None
    amount: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)] | None = None
    in_kind: bool | None = None


_DETAILS = (
    "joint_providers",
    "practice_areas",
    "commendation_tags",
    "measured_outcomes",
    "listing",
    "commercial_support",
    "learner_counts",
    "joint_accreditation",
)
"""Fields that no rule on learners reads; they are stored together, as they were sent."""


class ActivityFields(Strict):
    """Fields of an activity. All but title, format and dates may be absent."""

    only_answered: ClassVar[OnlyAnswered] = OF_ACTIVITY

    title: Line | None = None
    format: Name | None = Field(None, description="Code of the format, for example live-course.")
    internal_id: Name | None = Field(None, description="The provider's own id, unique among its activities.")
    start_date: Word | None = Field(None, description="YYYY-MM-DD.")
    end_date: Word | None = Field(None, description="YYYY-MM-DD.")
    ama_pra_credits: Amount | None = Field(
        None, description="The most AMA PRA Category 1 credits that a learner can earn."
    )
    delivery_methods: Annotated[list[OneOf[DeliveryMethod]], Field(max_length=4)] | None = None
    location: LocationIn | None = None
    description: Description | None = None
    providership: OneOf[Providership] | None = None
    joint_providers: Names | None = None
    practice_areas: Names | None = None
    commendation_tags: Names | None = None
    moc: Annotated[list[MocRegistration], Field(max_length=50)] | None = None
    rems: Rems | None = None
    mips: bool | None = None
    measured_outcomes: Annotated[list[MeasuredOutcome], Field(max_length=20)] | None = None
    listing: Listing | None = None
    commercial_support: Annotated[list[CommercialSupport], Field(max_length=500)] | None = None
    learner_counts: LearnerCounts | None = None
    joint_accreditation: JointAccreditation | None = None

    def fields_of(self, provider_id: str) -> Activity:
        """Return what was sent, as the rules read it; blank text counts as absent."""
        location = self.location or LocationIn()
        sent = self.model_dump(mode="json", include=set(_DETAILS))
        for name, part in (("learner_counts", self.learner_counts), ("joint_accreditation", self.joint_accreditation)):
            sent[name] = part.as_kept() if part is not None else None
        details = {name: sent[name] for name in _DETAILS if sent[name] is not None}
        return Activity(
            activity_id="",
            provider_id=provider_id,
            title=text_or_none(self.title),
            format=plain_or_none(self.format),
            internal_id=own_id_or_none(self.internal_id),
            start_date=read_date(self.start_date),
            end_date=read_date(self.end_date),
            ama_pra_credits=self.ama_pra_credits,
            registrations=tuple(
                Registration(
                    board=plain_or_none(registration.board) or "",
                    points=registration.points,
                    credit_types=tuple(plain_text(text) for text in registration.credit_types or ()),
                    credit_claim_date=read_date(registration.credit_claim_date),
                    practice_areas=tuple(registration.practice_areas or ()),
                    content_outline=tuple(registration.content_outline or ()),
                    attested=registration.attested,
                )
                for registration in self.moc or ()
            ),
            rems=self.rems.model_dump() if self.rems is not None and (self.rems.type or self.rems.identifier) else None,
            mips=self.mips,
            description=text_or_none(self.description),
            providership=self.providership.value if self.providership else None,
            city=text_or_none(location.city),
            state=text_or_none(location.state),
            country=text_or_none(location.country),
            delivery_methods=tuple(method.value for method in self.delivery_methods or ()),
            listing_public=self.listing.public if self.listing else None,
            details=details,
        )


class ActivityIn(ActivityFields):
    """An activity to register."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    requests: ClassVar[Requests] = {
        "smallest": (
            "What cannot be left out",
            {"title": "Airway course", "format": "live-course", "start_date": "2026-03-01", "end_date": "2026-03-02"},
        ),
    }

    activity_id: Word | None = Field(None, description="Only for operators who migrate activities.")

    def as_activity(self, provider_id: str) -> Activity:
        """Return what was sent, as the rules read it; blank text counts as absent."""
        return replace(self.fields_of(provider_id), activity_id=read_activity_id(self.activity_id) or "")


class ActivityPatch(ActivityFields):
    """Fields to change: a field left out stays as it is, null clears it, lists and objects are replaced whole."""

    requests: ClassVar[Requests] = {
        "more_credit": ("A field is changed; what is not sent stays", {"ama_pra_credits": 60}),
        "cleared": ("Null clears, lists replace", {"commendation_tags": [], "learner_counts": None}),
    }
    only_answered: ClassVar[OnlyAnswered] = OF_KNOWN_ACTIVITY

    def onto(self, activity: Activity) -> Activity:
        """Return the activity with the fields that were sent changed."""
        given = self.fields_of(activity.provider_id)
        details = dict(activity.details)
        changed: dict[str, Any] = {}
        for name in self.model_fields_set:
            for attribute in _ATTRIBUTES.get(name, () if name in _DETAILS else (name,)):
                changed[attribute] = getattr(given, attribute)
            if name in _DETAILS:
                details.pop(name, None)
                details.update({name: given.details[name]} if name in given.details else {})
        return replace(activity, details=details, **changed)


_ATTRIBUTES = {"moc": ("registrations",), "location": ("city", "state", "country"), "listing": ("listing_public",)}
"""Fields of the API whose attributes have other names."""


class ActivityLocationOut(Out):
    """Where an activity takes place."""

    city: str | None
    state: str | None
    country: str | None


class RegistrationOut(Out):
    """An activity's registration for one certifying board."""

    example: ClassVar[Example] = {
        "points": 52, "credit_types": ["Lifelong Learning"], "credit_claim_date": "2022-03-31",
        "practice_areas": [], "content_outline": ["1.2.3"],
    }  # fmt: skip

    board: str
    points: float | None
    credit_types: list[str]
    credit_claim_date: date | None
    practice_areas: list[str]
    content_outline: list[str]
    attested: bool | None


class ActivityOut(Out):
    """An activity, in its current state."""

    example: ClassVar[Example] = {
        "status": "active", "missing": [], "format": "regularly-scheduled-series", "internal_id": "Ex2-1",
        "start_date": "2021-01-17", "end_date": "2021-12-17", "ama_pra_credits": 52,
        "delivery_methods": ["in-person"], "location": {"city": "Portland", "state": "ME", "country": "USA"},
        "description": "Weekly grand rounds of the department.", "providership": "direct", "joint_providers": [],
        "practice_areas": [], "commendation_tags": [], "rems": None, "mips": False, "measured_outcomes": None,
        "listing": {"public": False, "url": None, "fee": None, "registration": None, "specialties": None},
        "commercial_support": None, "learner_counts": None, "joint_accreditation": None, "findings": [],
        "created_at": "2021-01-04T09:30:00Z", "updated_at": "2021-01-04T09:30:00Z",
    }  # fmt: skip

    activity_id: str
    provider_id: str
    status: ActivityStatus = Field(description="Computed from the fields and the date; never sent.")
    missing: list[str] = Field(description="Fields that the next status requires.")
    title: str
    format: str
    internal_id: str | None
    start_date: date
    end_date: date
    ama_pra_credits: float | None
    delivery_methods: list[str]
    location: ActivityLocationOut | None
    description: str | None
    providership: str | None
    joint_providers: list[str]
    practice_areas: list[str]
    commendation_tags: list[str]
    moc: list[RegistrationOut]
    rems: Rems | None
    mips: bool | None
    measured_outcomes: list[MeasuredOutcome] | None
    listing: Listing | None
    commercial_support: list[CommercialSupport] | None
    learner_counts: LearnerCounts | None
    joint_accreditation: JointAccreditation | None
    findings: list[FindingOut]
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, shown: RegisteredActivity, today: date) -> ActivityOut:
        """Show an activity, with its status today."""
        activity = shown.activity
        details = activity.details
        given = {name: details.get(name) for name in _DETAILS}
        for name in ("joint_providers", "practice_areas", "commendation_tags"):
            given[name] = given[name] or []
        located = activity.city or activity.state or activity.country
        return cls.model_validate(
            {
                "activity_id": activity.activity_id,
                "provider_id": activity.provider_id,
                "status": activity.status(today),
                "missing": list(activity.missing(today)),
                "title": activity.title,
                "format": activity.format,
                "internal_id": activity.internal_id,
                "start_date": activity.start_date,
                "end_date": activity.end_date,
                "ama_pra_credits": activity.ama_pra_credits,
                "delivery_methods": list(activity.delivery_methods),
                "location": ActivityLocationOut(city=activity.city, state=activity.state, country=activity.country)
                if located
                else None,
                "description": activity.description,
                "providership": activity.providership,
                "moc": [
                    RegistrationOut(
                        board=registration.board,
                        points=registration.points,
                        credit_types=list(registration.credit_types),
                        credit_claim_date=registration.credit_claim_date,
                        practice_areas=list(registration.practice_areas),
                        content_outline=list(registration.content_outline),
                        attested=registration.attested,
                    )
                    for registration in activity.registrations
                ],
                "rems": dict(activity.rems) if activity.rems is not None else None,
                "mips": activity.mips,
                "findings": [FindingOut.fields_of(finding) for finding in shown.findings],
                "version": shown.version,
                "created_at": shown.created_at,
                "updated_at": shown.updated_at,
                **given,
            }
        )


class WithdrawnOut(Out):
    """How many completions were withdrawn from an activity."""

    activity_id: str
    withdrawn: int = Field(description="Number of completions that this request has withdrawn.")


class ActivityPage(Out):
    """A page of activities."""

    data: list[ActivityOut]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last page.")
    total: int | None = Field(description="Number of rows on all pages, with `include=total`.")
    total_capped: bool | None = Field(description="Whether there are more than `total`; counting stops there.")
