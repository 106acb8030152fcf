"""A physician with unmistakable data, and every form in which it might turn up where it does not belong."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Sequence
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


def forms_of(value: str) -> Iterator[bytes]:
    """Every form of a value: as it is, escaped, encoded, reversed; compared without regard to case."""
    yield value.encode()
    yield quote(value).encode()
    yield json.dumps(value)[1:-1].encode()
    yield value[::-1].encode()
    for before in range(3):
        # Whatever stands around it in what was encoded, the letters of one of three are a part of the result.
        encoded = base64.b64encode(b"x" * before + value.encode())
        yield encoded[-(-8 * before // 6) : 8 * (before + len(value)) // 6]
    yield value.encode().hex().encode()


FORMS = sorted(
    {form.lower() for value in VALUES for form in forms_of(value) if len(form) >= 5} | {date.encode() for date in DATES}
)


def found_in(content: bytes | str) -> list[str]:
    """The forms of her data that stand in a content."""
    lowered = (content.encode() if isinstance(content, str) else content).lower()
    return [form.decode() for form in FORMS if form in lowered]


def stored_of_her(service: Service) -> dict[str, list[str]]:
    """In which tables her data stand, and in which forms; packed pieces are unpacked."""
    found: dict[str, set[str]] = {}
    for table, forms in _rows_with_her(service):
        found.setdefault(table, set()).update(forms)
    return {table: sorted(forms) for table, forms in found.items()}


def rows_that_mean_her(service: Service) -> list[str]:
    """What is stored and can only be about her: an NPI, a name with a number, or her whole name with her birth date.

    Her last name alone is that of others too, and her number beside another name is a slip in that other's record.
    """
    return [f"{table}: {forms}" for table, forms in _rows_with_her(service) if _mean_her(" ".join(forms))]


def _mean_her(seen: str) -> bool:
    def holds(*values: str) -> bool:
        return any(form.decode() in seen for value in values for form in map(bytes.lower, forms_of(value)))

    named = holds(LAST, FORMER)
    return holds(NPI) or (
        named and (holds(LICENSE, BOARD_ID) or (holds(FIRST) and any(date in seen for date in DATES)))
    )


def _rows_with_her(service: Service) -> Iterator[tuple[str, list[str]]]:
    """Yield each row in which her data stand: (table, forms); each record of a packed piece is one of its own."""

    def read(connection: Connection) -> list[tuple[str, list[str]]]:
        return [
            (name, seen)
            for name, table in sorted(metadata.tables.items())
            for row in connection.execute(select(table))
            for content in _contents_of(name, row)
            if (seen := [form for form in found_in(content) if form not in DATES or name not in OF_OTHERS])
        ]

    yield from service.database.read(read)


def _contents_of(table: str, row: Sequence[Any]) -> Iterator[bytes]:
    if table != "batch_pieces":
        yield b"\n".join(map(_bytes_of, row))
        return
    for value in row:
        if isinstance(value, bytes | memoryview):
            yield from map(_bytes_of, json.loads(zlib.decompress(bytes(value))))


def _bytes_of(value: Any) -> bytes:
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    return json.dumps(value, ensure_ascii=False, default=str).encode()
