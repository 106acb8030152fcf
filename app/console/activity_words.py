"""What pages call an activity: its days, its format, and the fields that it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from app.console.words import day
from app.domain.activities import Activity

_FIELDS = {
    "delivery_methods": ("how it is delivered", "/delivery_methods"),
    "location": ("city, and state or country", "/location/city"),
    "ama_pra_credits": ("AMA PRA Category 1 credits", "/ama_pra_credits"),
    "description": ("description", "/description"),
    "listing.public": ("whether physicians find it in the public list", "/listing/public"),
    "providership": ("providership", "/providership"),
    "measured_outcomes": ("what changes were measured", "/measured_outcomes"),
    "commercial_support": ("commercial support", "/commercial_support"),
    "learner_counts": ("how many took part", "/learner_counts/physicians"),
}
_OF_BOARD = {
    "attested": "requirements attested",
    "practice_areas": "practice areas",
    "credit_types": "credit types",
}


def missing_in_words(activity: Activity, missing: Iterable[str]) -> str:
    """Return what an activity lacks, given as dotted paths: `commercial support, ABS: practice areas`."""
    return ", ".join(words for words, _ in _name_fields(activity, missing))


def missing_inputs(activity: Activity, missing: Iterable[str]) -> list[tuple[str, str]]:
    """Return what each field that an activity lacks is called in its form, and the pointer of its input."""
    return [(words[0].upper() + words[1:], pointer) for words, pointer in _name_fields(activity, missing)]


def dates_in_words(activity: Activity) -> str:
    """Return the days of an activity: `01/17/2021 – 12/17/2021`, or one day."""
    days = [day(given) for given in (activity.start_date, activity.end_date) if isinstance(given, date)]
    return " – ".join(dict.fromkeys(days))


def format_in_words(activity: Activity) -> str:
    """Return the name of an activity's format; of an unknown one what was sent."""
    return activity.kind.name if activity.kind is not None else activity.format or ""


def _name_fields(activity: Activity, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    for path in paths:
        if path in _FIELDS:
            yield _FIELDS[path]
            continue
        _, place, field = path.split(".")
        board = activity.registrations[int(place)].board
        yield f"{board}: {_OF_BOARD[field]}", f"/moc/{place}/{field}"
