"""What activities lack, in the words of their form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from app.console.words import day
from app.domain.activities import Activity

_WORDS = {
    "delivery_methods": "how it is delivered",
    "location": "where it takes place",
    "ama_pra_credits": "AMA PRA credits",
    "description": "a description",
    "listing.public": "whether it is listed publicly",
    "providership": "the providership",
    "measured_outcomes": "measured outcomes",
    "commercial_support": "commercial support",
    "learner_counts": "how many took part",
    "attested": "the attestation",
    "practice_areas": "practice areas",
    "credit_types": "credit types",
}


def missing_in_words(activity: Activity, paths: Iterable[str]) -> Iterator[str]:
    """Yield what an activity lacks in words, given as dotted paths."""
    for path in paths:
        first, _, rest = path.partition(".")
        place, _, name = rest.partition(".")
        if first == "moc" and place.isdecimal() and int(place) < len(activity.registrations):
            yield f"{_WORDS.get(name, name)} of {activity.registrations[int(place)].board}"
        else:
            yield _WORDS.get(path, path)


def dates_in_words(activity: Activity) -> str:
    """Return the days of an activity: `01/17/2021 – 12/17/2021`, or one day."""
    days = [day(given) for given in (activity.start_date, activity.end_date) if isinstance(given, date)]
    return " – ".join(dict.fromkeys(days))


def format_in_words(activity: Activity) -> str:
    """Return the name of an activity's format; of an unknown one what was sent."""
    return activity.kind.name if activity.kind is not None else activity.format or ""
