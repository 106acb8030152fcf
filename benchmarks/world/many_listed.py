"""Many activities that are listed for physicians, written straight into their tables."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from app.domain.choices import DeliveryMethod, Fee, RegistrationMode
from app.domain.formats import ACTIVITY_FORMATS
from app.domain.states import STATES
from app.models import activities as tables
from app.services.context import Service
from app.store.sql.bulk import insert
from app.store.sql.statements import execute

PROVIDERS = 800
SPECIALTIES = tuple(f"Specialty {number}" for number in range(120))
TYPES = {
    "ABA": ("Lifelong Learning", "Patient Safety"), "ABIM": ("Medical Knowledge", "Patient Safety"),
    "ABS": ("Accredited CME", "Self-Assessment"), "ABPath": ("Lifelong Learning",),
}  # fmt: skip
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_AT_ONCE = 2_000
_FROM = date(2024, 1, 1)


def words(drawn: random.Random, count: int = 30_000) -> list[str]:
    """Return a vocabulary, in which a few words stand everywhere and most hardly anywhere, as in a language."""
    made = ["".join(drawn.choices(_LETTERS, k=drawn.randint(3, 11))) for _ in range(count)]
    return drawn.choices(made, [1 / (place + 5) for place in range(count)], k=400_000)


def fill(service: Service, activities: int) -> None:
    """Write activities, over three years, with 60 words each."""
    drawn = random.Random(7)
    texts = words(drawn)
    service.database.write(_write_providers)
    for first in range(0, activities, _AT_ONCE):
        made = [_draw(drawn, texts, number) for number in range(first, min(first + _AT_ONCE, activities))]

        def write(connection: Connection, made: Sequence[tuple[dict[str, Any], list[dict[str, Any]]]] = made) -> None:
            insert(connection, tables.activities, [row for row, _ in made])
            insert(connection, tables.activity_boards, [board for _, boards in made for board in boards])

        service.database.write(write)
    service.database.write(lambda connection: execute(connection, "ANALYZE"))


def _write_providers(connection: Connection) -> None:
    for number in range(PROVIDERS):
        execute(
            connection,
            "INSERT INTO providers (provider_id, name, joint, created_at) VALUES (:id, :name, :joint, :at)",
            {"id": f"{5_000_000 + number}", "name": f"Provider {number}", "joint": number % 5 == 0, "at": _now()},
        )


def _now() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


def _draw(drawn: random.Random, texts: Sequence[str], number: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    place = drawn.randrange(len(texts) - 80)
    start = _FROM + timedelta(days=drawn.randrange(1_200))
    listing = {
        "public": True, "url": f"https://education.example.org/{number}", "fee": drawn.choice(list(Fee)).value,
        "registration": drawn.choice(list(RegistrationMode)).value,
        "specialties": drawn.sample(SPECIALTIES, drawn.randint(1, 3)),
    }  # fmt: skip
    row = {
        "activity_id": f"{300_000_000 + number}",
        "provider_id": f"{5_000_000 + number % PROVIDERS}",
        "internal_id": None,
        "internal_key": None,
        "title": " ".join(texts[place : place + 8]),
        "title_key": " ".join(texts[place : place + 8]),
        "format": drawn.choice(ACTIVITY_FORMATS).code,
        "start_date": start,
        "end_date": start + timedelta(days=drawn.choice((0, 1, 364, 1_000))),
        "ama_quarters": drawn.randint(1, 200),
        "description": " ".join(texts[place + 8 : place + 60]),
        "providership": "direct",
        "city": f"City {drawn.randrange(400)}",
        "state": drawn.choice(list(STATES)),
        "country": "USA",
        "delivery_methods": [drawn.choice(list(DeliveryMethod)).value],
        "listing_public": True,
        "mips": number % 9 == 0,
        "rems": {"type": "Opioid", "identifier": None} if number % 50 == 0 else None,
        "details": {"listing": listing},
        "closed_at": None,
        "deleted_at": None,
        "version": 1,
        "created_at": _now(),
        "updated_at": _now(),
    }
    return row, list(_boards(drawn, str(row["activity_id"])))


def _boards(drawn: random.Random, activity_id: str) -> Iterator[dict[str, Any]]:
    for place, board in enumerate(drawn.sample(list(TYPES), drawn.randint(0, 2))):
        yield {
            "activity_id": activity_id,
            "board": board,
            "place": place,
            "points_quarters": drawn.randint(1, 80),
            "credit_types": list(TYPES[board]),
            "credit_claim_date": None,
            "practice_areas": [],
            "content_outline": [],
            "attested": None,
        }
