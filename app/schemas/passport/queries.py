"""The query of the public search: a filter is named here, and resolved in `app/services/passport`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from app.core.http.pagination import PageQuery
from app.domain.amounts import AMOUNT_LIMIT
from app.domain.choices import DeliveryMethod, Fee, RegistrationMode
from app.domain.passport.columns import MOST_VALUES
from app.domain.passport.search import PassportOrder
from app.domain.passport.words import SHORTEST_BEGINNING
from app.schemas.base import Day
from app.schemas.queries import Each, Text, Texts

MOST_WORDS = 16
_Credits = Annotated[float, Field(ge=0, le=AMOUNT_LIMIT, allow_inf_nan=False)]
_ONE = "With `board`, `credit_type` and the points, of one and the same registration."


def _order(given: str | None) -> str | None:
    if given is not None and given not in set(PassportOrder):
        raise ValueError(f"an order is one of {', '.join(PassportOrder)}")
    return given


class PassportQuery(PageQuery):
    """Which activities to find. Repeated parameters mean any of their values; different ones must all fit."""

    page_fields: ClassVar[frozenset[str]] = frozenset({"limit", "cursor", "include"})

    q: Annotated[
        Text | None,
        Field(
            description=f"Words, {MOST_WORDS} at most; each must stand in the title, the description, the name of the "
            f"provider or the city, case and accents aside. One of {SHORTEST_BEGINNING} letters or more also finds "
            "words that begin with it."
        ),
    ] = None
    specialty: Annotated[Texts, Field(description="A specialty that the activity is listed under.")] = []
    board: Annotated[Texts, Field(description=f"Code or name of a certifying board. {_ONE}")] = []
    activity_format: Annotated[Texts, Field(description="Code or name of the format.")] = []
    delivery_method: Each[DeliveryMethod] = []
    state: Annotated[Texts, Field(description="Where it takes place: two letters or name, or as it was sent.")] = []
    city: Annotated[Texts, Field(description="City where it takes place; case and accents aside.")] = []
    country: Annotated[Texts, Field(description="Country where it takes place, as it was sent.")] = []
    moc: Annotated[bool | None, Field(description="Whether it is registered for a certifying board.")] = None
    credit_type: Annotated[Texts, Field(description=f"A credit type, by any of the names its board takes. {_ONE}")] = []
    fee: Annotated[Each[Fee], Field(description="Whether taking part costs anything.")] = []
    registration: Annotated[Each[RegistrationMode], Field(description="Who may register.")] = []
    rems: Annotated[bool | None, Field(description="Whether it belongs to a REMS programme.")] = None
    mips: Annotated[bool | None, Field(description="Whether it is flagged for MIPS.")] = None
    interprofessional: Annotated[
        bool | None, Field(description="Whether it is interprofessional continuing education (IPCE).")
    ] = None
    profession: Annotated[Texts, Field(description="A profession that interprofessional education is for.")] = []
    joint_accreditation: Annotated[bool | None, Field(description="Whether its provider is jointly accredited.")] = None
    credits_from: Annotated[_Credits | None, Field(description="At least so many AMA PRA Category 1 credits.")] = None
    credits_to: Annotated[_Credits | None, Field(description="At most so many AMA PRA Category 1 credits.")] = None
    moc_points_from: Annotated[
        _Credits | None, Field(description=f"At least so many points of a certifying board. {_ONE}")
    ] = None
    moc_points_to: Annotated[
        _Credits | None, Field(description=f"At most so many points of a certifying board. {_ONE}")
    ] = None
    activity_from: Annotated[Day | None, Field(description="It ends on this day or later.")] = None
    activity_to: Annotated[Day | None, Field(description="It starts on this day or before.")] = None
    past: Annotated[bool, Field(description="`true` also finds activities that have ended.")] = False
    sort: Annotated[
        Annotated[str, Field(max_length=64)] | None,
        AfterValidator(_order),
        Field(
            json_schema_extra={"pattern": f"^(?:{'|'.join(PassportOrder)})$"},
            description="`soonest`: open ones first, the first to end before all; then those to come, by their start; "
            "then past ones, the last to end first. `fit`: those with most of the words in their title first, each "
            "group as `soonest`. Else by one field, `-` before one that descends. Without it: `fit` with words, "
            "`soonest` without.",
        ),
    ] = None
    include: Annotated[
        list[Literal["facets", "total"]],
        Field(
            max_length=10,
            description="`total` counts all that fit, exactly. `facets` counts, for each value of a filter, the "
            "activities that it would leave beside all other filters; of a filter with more values than "
            f"{MOST_VALUES}, those that most activities have.",
        ),
    ] = []
