"""What pages call the fields of an activity."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.activities import Activity

_WORDS = {
    "delivery_methods": ("How it is delivered", "/delivery_methods"),
    "location": ("City, and state or country", "/location/city"),
    "ama_pra_credits": ("AMA PRA Category 1 credits", "/ama_pra_credits"),
    "description": ("Description", "/description"),
    "listing.public": ("Whether physicians find it in the public list", "/listing/public"),
    "providership": ("Providership", "/providership"),
    "measured_outcomes": ("What changes were measured", "/measured_outcomes"),
    "commercial_support": ("Commercial support", "/commercial_support"),
    "learner_counts": ("How many took part", "/learner_counts/physicians"),
}
_OF_BOARD = {
    "attested": "requirements attested",
    "practice_areas": "practice areas",
    "credit_types": "credit types",
}


def missing_words(activity: Activity, missing: Iterable[str]) -> list[tuple[str, str]]:
    """Return what each missing field is called, and the pointer of its input."""
    found = []
    for name in missing:
        if name in _WORDS:
            found.append(_WORDS[name])
            continue
        _, place, field = name.split(".")
        board = activity.registrations[int(place)].board
        found.append((f"{board}: {_OF_BOARD[field]}", f"/moc/{place}/{field}"))
    return found
