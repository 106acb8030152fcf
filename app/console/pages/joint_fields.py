"""The fields of an interprofessional activity in its form: drawn for jointly accredited providers."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from app.console.drawn_forms import DrawnForm
from app.console.routes import SentFields
from app.console.visitors import Visitor
from app.domain.choices import PharmacyActivityType, PharmacyTopic
from app.domain.joint_accreditation import AMA_PRA, OTHER_CREDIT_ANSWERS, PHYSICIAN, TARGET_ANSWERS
from app.services.access import providers
from app.services.context import read_async

JOINT, COUNTED = "/joint_accreditation", "/learner_counts/professions"
DRAWN = "joint-drawn"
"""The field by which a form says that it had these fields: what is blank in it is to be cleared."""
Options = tuple[tuple[str, str], ...]


class NumberRow(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of credit or a profession, with its number, and its place in the form."""

    pointer: str
    name: str


class JointFields(msgspec.Struct, frozen=True, kw_only=True):
    """What the form offers."""

    professions: Options
    kinds: Options
    amounts: tuple[NumberRow, ...]
    counts: tuple[NumberRow, ...]
    types: Options = tuple((one.value, one.label) for one in PharmacyActivityType)
    topics: Options = tuple((one.value, one.label) for one in PharmacyTopic)

    def amounts_given(self, form: DrawnForm) -> int:
        """Return how many amounts of other credit are filled in."""
        return sum(form.value(f"{row.pointer}/credits") != "" for row in self.amounts)

    def counts_given(self, form: DrawnForm) -> int:
        """Return of how many professions it is filled in how many took part."""
        return sum(form.value(f"{row.pointer}/learners") != "" for row in self.counts)


async def joint_fields(visitor: Visitor, form: DrawnForm, fields: SentFields) -> JointFields | None:
    """Return what the form offers; None where the provider is not jointly accredited, and nothing of it was given."""
    given = DRAWN in fields or any(name.startswith((JOINT, COUNTED)) for name in fields)
    if not given and not await read_async(visitor.caller, providers.is_joint):
        return None
    kinds = [name for name in OTHER_CREDIT_ANSWERS if name != AMA_PRA]
    return JointFields(
        professions=_options(TARGET_ANSWERS, fields.get(f"{JOINT}/professions", ())),
        kinds=_options(kinds, fields.get(f"{JOINT}/credits", ())),
        amounts=_rows(form, f"{JOINT}/credit_amounts", "type", [name for name in kinds if name != "IPCE"]),
        counts=_rows(form, COUNTED, "profession", [name for name in TARGET_ANSWERS if name != PHYSICIAN]),
    )


def _options(known: Iterable[str], given: Iterable[str]) -> Options:
    """Return the known ones and whatever was given beside them, which an edit must not lose."""
    return tuple((name, name) for name in dict.fromkeys((*known, *given)))


def _rows(form: DrawnForm, pointer: str, named_by: str, known: list[str]) -> tuple[NumberRow, ...]:
    """Return the rows that are filled in at their places, and behind them one for each other known name."""
    places = {form.value(f"{at}/{named_by}"): at for at in form.places(pointer)}
    rows = [NumberRow(pointer=at, name=name) for name, at in places.items()]
    blank = [name for name in known if name not in places]
    rows += [NumberRow(pointer=f"{pointer}/{len(rows) + place}", name=name) for place, name in enumerate(blank)]
    order = {name: place for place, name in enumerate(known)}
    return tuple(sorted(rows, key=lambda row: order.get(row.name, len(order))))
