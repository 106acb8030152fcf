"""An activity in the words of the public pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from app.console.lists.passport_list import WORDS_OF
from app.console.words import amount, day
from app.domain.choices import DeliveryMethod
from app.domain.passport.links import WebLink, web_link
from app.domain.passport.search import PassportStanding, ShownActivity, standing_of
from app.domain.states import STATES, find_state


class FoundActivityView(msgspec.Struct, frozen=True, kw_only=True):
    """An activity as a list shows it."""

    activity_id: str
    title: str
    provider: str
    facts: tuple[str, ...]
    """Format, delivery, place, and when."""
    credit: tuple[str, ...]
    """Credit by board and type, fee, registration."""
    marks: tuple[str, ...]
    """What few have: IPCE, REMS, MIPS, a jointly accredited provider."""
    past: bool
    reported: bool
    link: WebLink | None

    @classmethod
    def of(cls, shown: ShownActivity, today: date) -> FoundActivityView:
        """Show an activity as it stands on a day."""
        activity = shown.listed.activity
        marks = (
            (activity.joint_accreditation.get("interprofessional"), "Interprofessional (IPCE)"),
            (shown.listed.jointly_accredited, "Jointly accredited provider"),
            (activity.rems is not None, "REMS"),
            (activity.mips, "MIPS"),
        )
        return cls(
            activity_id=activity.activity_id,
            title=activity.title or activity.activity_id,
            provider=shown.listed.provider_name,
            facts=tuple(_facts(shown, today)),
            credit=(
                *credit_lines(shown),
                *(
                    WORDS_OF[name][value] if name == "fee" else _registration(value)
                    for name in ("fee", "registration")
                    if (value := activity.listing.get(name)) in WORDS_OF[name]
                ),
            ),
            marks=tuple(text for holds, text in marks if holds),
            past=standing_of(activity, today) is PassportStanding.PAST,
            reported=shown.credit_reported,
            link=web_link(activity.listing.get("url")),
        )


def credit_lines(shown: ShownActivity) -> Iterator[str]:
    """Yield the credit of an activity: `1.25 AMA PRA`, `ABIM 1.25: Medical Knowledge, Patient Safety`."""
    activity = shown.listed.activity
    if activity.ama_pra_credits is not None:
        yield f"{amount(activity.ama_pra_credits)} AMA PRA Category 1"
    for registration in activity.registrations:
        points = activity.maximum(registration.board)
        types = f": {', '.join(registration.credit_types)}" if registration.credit_types else ""
        yield f"{registration.board}{f' {amount(points)}' if points is not None else ''}{types}"


def place_in_words(shown: ShownActivity) -> str:
    """Return where an activity takes place: `Portland, Maine, USA`; empty for nowhere."""
    activity = shown.listed.activity
    code = find_state(activity.state) if activity.state else None
    state = STATES[code] if code is not None else activity.state
    return ", ".join(part for part in (activity.city, state, activity.country) if part)


def delivery_in_words(shown: ShownActivity) -> str:
    """Return how an activity is delivered: `in person, online`."""
    labels = {member.value: member.label.lower().replace("-", " ") for member in DeliveryMethod}
    labels[DeliveryMethod.PRINT_OTHER] = "print or other"
    labels[DeliveryMethod.LIVE_STREAMED] = "live stream"
    return ", ".join(labels.get(method, method) for method in shown.listed.activity.delivery_methods)


def when_in_words(shown: ShownActivity, today: date) -> str:
    """Return when an activity can be attended: `until 11/30/2027`, `03/01/2022 – 03/02/2022`."""
    start, end = shown.listed.activity.start_date, shown.listed.activity.end_date
    if not isinstance(start, date) or not isinstance(end, date):
        return ""
    days = day(start) if start == end else f"{day(start)} – {day(end)}"
    match standing_of(shown.listed.activity, today):
        case PassportStanding.PAST:
            return f"ended {day(end)}"
        case PassportStanding.OPEN if start != end:
            return f"until {day(end)}"
    return days


def _facts(shown: ShownActivity, today: date) -> Iterator[str]:
    kind = shown.listed.activity.kind
    for text in (
        kind.name if kind is not None else "",
        delivery_in_words(shown),
        place_in_words(shown),
        when_in_words(shown, today),
    ):
        if text:
            yield text


def _registration(value: str) -> str:
    return {"open": "open to all", "limited": "limited registration"}[value]
