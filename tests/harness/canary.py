"""A physician with unmistakable data, and every form in which it might turn up where it does not belong."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, select

from app.models.tables import metadata
from app.services.context import Service
from tests.builders.bodies import a_completion, points

FIRST, LAST, FORMER = "Zebulinda", "Quockerwodger", "Vexillarious"
MONTH, DAY = "10", "27"
NPI, LICENSE, BOARD_ID, SCHOOL = "1798246538", "7391846", "60917352", "Snollygoster College"
FILED = {
    "first_name": FIRST,
    "last_name": LAST,
    "other_last_names": FORMER,
    "date_of_birth": f"{MONTH}/{DAY}",
    "npi": NPI,
    "medical_school": SCHOOL,
    "licenses": f"TN-M:{LICENSE}",
    "certifications": f"ABA:{BOARD_ID}",
}
"""Her row of an import."""
VALUES = (FIRST, LAST, FORMER, NPI, LICENSE, BOARD_ID, SCHOOL)
DATES = (f"{MONTH}/{DAY}", f"{DAY}/{MONTH}", f"{MONTH}%2F{DAY}", f'{MONTH}-{DAY}"', f"--{MONTH}-{DAY}")
"""Forms of her birth date that are no part of an instant."""


def her_report(**more: Any) -> dict[str, Any]:
    """Two hours of hers in Grand Rounds, and a quarter point."""
    given: dict[str, Any] = {
        "first_name": FIRST, "last_name": LAST, "born": f"{MONTH}/{DAY}", "license_id": LICENSE,
        "moc": [points(board_id=BOARD_ID)],
    }  # fmt: skip
    body = a_completion(**given | more)
    body["learner"]["npi"] = NPI
    return body


OF_OTHERS = ("learners", "learner_names", "name_forms")
"""Tables in which others of the demo world have her birth date."""


def forms() -> Iterator[bytes]:
    """Every form of every value: as it is, escaped, encoded, reversed dates; compared without regard to case."""
    for value in VALUES:
        yield value.encode()
        yield quote(value).encode()
        yield json.dumps(value)[1:-1].encode()
        yield value[::-1].encode()
        for before in range(3):
            # Whatever stands around it in what was encoded, the letters of one of three are a part of the result.
            encoded = base64.b64encode(b"x" * before + value.encode())
            yield encoded[-(-8 * before // 6) : 8 * (before + len(value)) // 6]
        yield value.encode().hex().encode()
    yield from (date.encode() for date in DATES)


FORMS = sorted({form.lower() for form in forms() if len(form) >= 5})


def found_in(content: bytes | str) -> list[str]:
    """The forms of her data that stand in a content."""
    lowered = (content.encode() if isinstance(content, str) else content).lower()
    return [form.decode() for form in FORMS if form in lowered]


def stored_of_her(service: Service, *, without: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """In which tables her data stand, and in which forms; packed pieces are unpacked."""

    def read(connection: Connection) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, table in sorted(metadata.tables.items()):
            if name in without:
                continue
            seen = [
                form
                for row in connection.execute(select(table))
                for value in row
                for form in found_in(_bytes_of(name, value))
                if form not in DATES or name not in OF_OTHERS
            ]
            if seen:
                found[name] = sorted(set(seen))
        return found

    return service.database.read(read)


def _bytes_of(table: str, value: Any) -> bytes:
    import zlib

    if isinstance(value, bytes | memoryview):
        return zlib.decompress(bytes(value)) if table == "batch_pieces" else bytes(value)
    return json.dumps(value, ensure_ascii=False, default=str).encode()
