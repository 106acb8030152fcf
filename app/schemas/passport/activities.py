"""Activities as physicians find them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar

from pydantic import Field

from app.domain.passport.links import web_link
from app.domain.passport.search import CountedValue, PassportFacet, PassportStanding, ShownActivity, standing_of
from app.schemas.activities import ActivityLocationOut
from app.schemas.base import Example, Out


class PassportProviderOut(Out):
    """The provider of an activity."""

    example: ClassVar[Example] = {"name": "Western Regional Medical Center", "joint_accreditation": False}

    provider_id: str
    name: str
    joint_accreditation: bool = Field(description="Whether it is accredited for interprofessional education.")


class PassportBoardOut(Out):
    """Points of an activity for one certifying board."""

    example: ClassVar[Example] = {
        "points": 52, "credit_types": ["Lifelong Learning"], "credit_claim_date": "2022-03-31",
    }  # fmt: skip

    board: str
    points: float | None = Field(description="The most that a physician can earn.")
    credit_types: list[str]
    credit_claim_date: date | None = Field(description="The last day of completion for these points.")


class PassportActivityOut(Out):
    """An activity that physicians may find."""

    example: ClassVar[Example] = {
        "standing": "open", "activity_format": "regularly-scheduled-series", "start_date": "2021-01-17",
        "end_date": "2021-12-17", "delivery_methods": ["in-person"],
        "location": {"city": "Portland", "state": "ME", "country": "USA"}, "ama_pra_credits": 52,
        "specialties": ["Anesthesiology"], "fee": "no", "registration": "limited", "mips": False, "rems": False,
        "interprofessional": False, "url": "https://education.example.org/series", "url_host": "education.example.org",
        "credit_reported": True,
    }  # fmt: skip

    activity_id: str
    title: str
    standing: PassportStanding = Field(description="Where it stands today.")
    provider: PassportProviderOut
    activity_format: str
    start_date: date
    end_date: date
    delivery_methods: list[str]
    location: ActivityLocationOut | None
    ama_pra_credits: float | None = Field(description="The most AMA PRA Category 1 credits that can be earned.")
    moc: list[PassportBoardOut]
    specialties: list[str]
    fee: str | None
    registration: str | None
    mips: bool
    rems: bool = Field(description="Whether it belongs to a REMS programme.")
    interprofessional: bool = Field(description="Whether it is interprofessional continuing education (IPCE).")
    url: str | None = Field(
        description="The provider's own address for it; null without one, and where what was given is no plain "
        "address of the web."
    )
    url_host: str | None = Field(description="The host that `url` leads to.")
    credit_reported: bool = Field(
        description="Whether credit is reported for physicians: it is registered for a board, or its provider has "
        "reported credit here."
    )

    @classmethod
    def fields_of(cls, shown: ShownActivity, today: date) -> dict[str, Any]:
        """Return the fields of an activity as it stands on a day."""
        activity = shown.listed.activity
        link = web_link(activity.listing.get("url"))
        located = activity.city or activity.state or activity.country
        return {
            "activity_id": activity.activity_id,
            "title": activity.title or "",
            "standing": standing_of(activity, today),
            "provider": {
                "provider_id": activity.provider_id,
                "name": shown.listed.provider_name,
                "joint_accreditation": shown.listed.jointly_accredited,
            },
            "activity_format": activity.format,
            "start_date": activity.start_date,
            "end_date": activity.end_date,
            "delivery_methods": list(activity.delivery_methods),
            "location": {"city": activity.city, "state": activity.state, "country": activity.country}
            if located
            else None,
            "ama_pra_credits": activity.ama_pra_credits,
            "moc": [
                {
                    "board": registration.board,
                    "points": activity.maximum(registration.board),
                    "credit_types": list(registration.credit_types),
                    "credit_claim_date": activity.claim_date(registration.board),
                }
                for registration in activity.registrations
            ],
            "specialties": list(activity.listing.get("specialties") or ()),
            "fee": activity.listing.get("fee"),
            "registration": activity.listing.get("registration"),
            "mips": bool(activity.mips),
            "rems": activity.rems is not None,
            "interprofessional": bool(activity.joint_accreditation.get("interprofessional")),
            "url": link and link.address,
            "url_host": link and link.host,
            "credit_reported": shown.credit_reported,
        }


class PassportActivityWholeOut(PassportActivityOut):
    """An activity with what its provider says of it."""

    example: ClassVar[Example] = PassportActivityOut.example | {
        "description": "Weekly grand rounds of the department.", "joint_providers": [], "professions": [],
    }  # fmt: skip

    description: str | None
    joint_providers: list[str]
    professions: list[str] = Field(description="Professions that it is for, of interprofessional education.")

    @classmethod
    def of(cls, shown: ShownActivity, today: date) -> PassportActivityWholeOut:
        """Show an activity as it stands on a day."""
        activity = shown.listed.activity
        return cls.model_validate(
            cls.fields_of(shown, today)
            | {
                "description": activity.description,
                "joint_providers": list(activity.details.get("joint_providers") or ()),
                "professions": list(activity.joint_accreditation.get("professions") or ()),
            }
        )


class PassportFacetValueOut(Out):
    """A value of a filter, with the activities that it would leave."""

    example: ClassVar[Example] = {"value": "ABA", "name": "American Board of Anesthesiology", "count": 12}

    value: str = Field(description="What the filter takes.")
    name: str
    count: int


class PassportFacetOut(Out):
    """The values of a filter that any activity has; those of most come first."""

    facet: PassportFacet
    values: list[PassportFacetValueOut]


class PassportActivityPage(Out):
    """A page of activities."""

    data: list[PassportActivityOut]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last page.")
    total: int | None = Field(description="Number of activities on all pages, with `include=total`.")
    facets: list[PassportFacetOut] | None = Field(
        description="With `include=facets`: for each filter its values, with the number of activities that fit all "
        "other filters. Values that would leave none are left out unless they are asked for."
    )
    as_of: datetime = Field(
        description="The instant of which the list is. What it shows of an activity is never older; one that was "
        "taken out of the list since is missing on its page."
    )

    @staticmethod
    def facets_of(counted: Mapping[PassportFacet, Sequence[CountedValue]] | None) -> list[PassportFacetOut] | None:
        """Show facets."""
        if counted is None:
            return None
        return [
            PassportFacetOut(
                facet=facet,
                values=[PassportFacetValueOut(value=one.value, name=one.name, count=one.count) for one in values],
            )
            for facet, values in counted.items()
        ]
