"""Files of completions to measure: the same rows as tab-delimited text, workbook, XML and NDJSON, 7 % to be refused."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter
from sqlalchemy import Connection

from app.domain.batches import Batch, BatchKind
from app.domain.clients import Client
from app.domain.columns import LEARNERS
from app.domain.learners import RegistryRow
from app.schemas.activities import ActivityIn
from app.services.activities import registration as activities
from app.services.batches import lifecycle, uploads
from app.services.batches.lifecycle import NewBatch
from app.services.context import Caller, operator, transact
from app.store import clients
from benchmarks.world import PROVIDER, World

FORMATS = ("tab", "xlsx", "xml", "ndjson")
BOARD = "ABIM"
TYPES = ("Medical Knowledge", "Patient Safety")
HEADINGS = (
    *(each.heading for each in LEARNERS),
    "Additional Credit Type",
    "Credits Awarded for Additional Credit Type",
)
PIECE = 1_048_576


@dataclass(frozen=True, kw_only=True)
class Told:
    """One record: CME for a state's licence, and for those whom the board certified its points as well."""

    activity_id: str
    completed_on: str
    row: RegistryRow
    birth_date: str
    state: str
    license_id: str
    credits: str
    board_id: str | None


def day_of(world: World) -> date:
    """Return the day on which all of it was completed: early enough on every calendar, late enough to be on time."""
    return (world.service.clock() - timedelta(days=3)).date()


def register(world: World, count: int) -> list[str]:
    """Register so many activities for CME and for the board, and return their ids."""
    year = day_of(world).year
    activity = ActivityIn.model_validate(
        {
            "title": "Measured", "format": "live-course", "start_date": f"{year}-01-01",
            "end_date": f"{year}-12-31",
            "ama_pra_credits": 100, "delivery_methods": ["online"], "description": "A course.",
            "providership": "direct", "listing": {"public": False},
            "moc": [{"board": BOARD, "points": 100, "credit_types": list(TYPES), "attested": True}],
        }
    )  # fmt: skip
    caller = operator(world.service, PROVIDER)
    return [
        transact(caller, activities.register, activity.as_activity(PROVIDER)).activity.activity_id for _ in range(count)
    ]


def records(world: World, count: int) -> Iterator[Told]:
    """Yield so many records about activities of their own: each learner once, then the next activity. 7 % are wrong."""
    learners, boards = world.learners, world.service.catalogue.boards
    day = f"{day_of(world):%m/%d/%Y}"
    activity_ids = register(world, -(-count // len(learners)))
    for place in range(count):
        row = learners[place % len(learners)]
        held, wrong = row.licenses[0], place % 100
        certified = next((each.number for each in row.certifications if each.board == BOARD), None)
        yield Told(
            activity_id="199999999" if wrong == 41 else activity_ids[place // len(learners)],
            completed_on="06/01/2025" if wrong == 53 else day,
            row=row,
            birth_date=("01/02" if str(row.birth_date) == "01/01" else "01/01") if wrong == 3 else str(row.birth_date),
            state="Atlantis" if wrong == 29 else str(boards[held.board].state),
            license_id="nobody" if wrong == 71 else held.number,
            credits={17: "0.3", 89: ""}.get(wrong, "2"),
            board_id=certified,
        )


def cells(told: Told) -> list[str]:
    """Return the cells of a record, in the order of the headings."""
    moc = [BOARD, told.board_id, "2", TYPES[0], "2", TYPES[1], "2"] if told.board_id else [""] * 7
    return [
        "Add", told.activity_id, told.completed_on, told.row.first_name, told.row.last_name, told.birth_date,
        told.state, told.license_id, told.credits, *moc,
    ]  # fmt: skip


def written(format: str, told: Sequence[Told]) -> bytes:
    """Return a file of records in a format."""
    return {"tab": _tab, "xlsx": _xlsx, "xml": _xml, "ndjson": _ndjson}[format](told)


def _tab(told: Sequence[Told]) -> bytes:
    return "\r\n".join("\t".join(line) for line in (HEADINGS, *map(cells, told))).encode()


def _xlsx(told: Sequence[Told]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    sheet = book.add_worksheet("Learners")
    sheet.write_string(0, 0, "Guidance")
    for number, line in enumerate((HEADINGS, *map(cells, told)), start=1):
        for column, cell in enumerate(line):
            if cell:
                sheet.write_string(number, column, cell)
    book.close()
    return out.getvalue()


def _xml(told: Sequence[Told]) -> bytes:
    return "".join(["<ActivityReports>", *map(_element, told), "</ActivityReports>"]).encode()


def _element(told: Told) -> str:
    month, day, year = told.completed_on.split("/")
    certificates = [_certificate(told.state, told.license_id, "AMA PRA Category 1", told.credits)]
    if told.board_id:
        certificates += [_certificate(BOARD, told.board_id, name, "2") for name in TYPES]
    return (
        f"<ActivityReport><Member><Name><GivenName>{escape(told.row.first_name)}</GivenName>"
        f"<FamilyName>{escape(told.row.last_name)}</FamilyName></Name><PersonalInfo><BirthDate>{told.birth_date}"
        f"</BirthDate></PersonalInfo></Member><Activity><ProviderOrganization>{PROVIDER}</ProviderOrganization><Module>"
        f'<ModuleName moduleID="{told.activity_id}">Measured</ModuleName><Status>Completed</Status>'
        f"<CompletedDateTime>{year}-{month}-{day}</CompletedDateTime>{''.join(certificates)}</Module></Activity>"
        "<XtensibleInfo><LearnerRecordAction>add</LearnerRecordAction></XtensibleInfo></ActivityReport>\n"
    )


def _certificate(domain: str, number: str, kind: str, credits: str) -> str:
    return (
        f'<CreditCertificate><UniqueID domain="{escape(domain)}">{escape(number)}</UniqueID><CreditReceived>'
        f"<activityCertification>{kind}</activityCertification><creditUnit>Credit</creditUnit>"
        f"<numberOfCredits>{credits}</numberOfCredits></CreditReceived></CreditCertificate>"
    )


def _ndjson(told: Sequence[Told]) -> bytes:
    return b"".join(json.dumps(body(each)).encode() + b"\n" for each in told)


def body(told: Told) -> dict[str, Any]:
    """Return a record as it is sent by itself."""
    month, day, year = told.completed_on.split("/")
    cme: dict[str, Any] = {"state": told.state, "license_id": told.license_id}
    if told.credits:
        cme["credits"] = float(told.credits)
    sent: dict[str, Any] = {
        "activity_id": told.activity_id,
        "completed_on": f"{year}-{month}-{day}",
        "permission": True,
        "learner": {
            "first_name": told.row.first_name,
            "last_name": told.row.last_name,
            "date_of_birth": told.birth_date,
        },
        "cme": [cme],
    }
    if told.board_id:
        types = [{"type": name, "credits": 2} for name in TYPES]
        sent["moc"] = [{"board": BOARD, "board_id": told.board_id, "total_credits": 2, "credit_types": types}]
    return sent


def reporter(world: World) -> Caller:
    """Return the caller that the provider's key stands for."""

    def named(connection: Connection) -> Client | None:
        return clients.by_id(connection, str(clients.client_named(connection, "bench")))

    client = world.service.database.read(named)
    assert client is not None
    return Caller(service=world.service, client=client, provider=PROVIDER)


def sent(
    world: World,
    content: bytes,
    name: str = "measured",
    caller: Caller | None = None,
    kind: BatchKind = BatchKind.LEARNER_COMPLETIONS,
) -> Batch:
    """Keep a file as an upload does, and return its batch, which waits to be read."""
    digest = hashlib.sha256(content).hexdigest()
    pieces = [content[first : first + PIECE] for first in range(0, len(content), PIECE)]
    caller = caller or reporter(world)
    upload_id = uploads.store_upload(world.service, caller.provider_id, pieces, len(content), digest)
    given = NewBatch(
        upload_id=upload_id,
        kind=kind,
        filename=name,
        size=len(content),
        digest=digest,
        permission_attested=True,
        dry_run=False,
    )
    return transact(caller, lifecycle.create, given)
