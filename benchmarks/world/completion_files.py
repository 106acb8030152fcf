"""Files of completions: the same records as text, workbook, XML, NDJSON and JSON, 7 % of them to be rejected."""

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
from app.domain.identity.learners import RegistryRow
from app.schemas.activities import ActivityIn
from app.services.activities import registration as activities
from app.services.batches import lifecycle, uploads
from app.services.batches.lifecycle import NewBatch
from app.services.context import Caller, operator, transact
from app.store import clients
from benchmarks.world.installation import PROVIDER, World

FORMATS = ("tab", "xlsx", "xml", "ndjson", "json")
BOARD = "ABIM"
TYPES = ("Medical Knowledge", "Patient Safety")
HEADINGS = (
    *(column.heading for column in LEARNERS),
    "Additional Credit Type",
    "Credits Awarded for Additional Credit Type",
)
PIECE = 1_048_576


@dataclass(frozen=True, kw_only=True)
class SentRecord:
    """One record: CME for a state's licence, and the board's points for those whom it certified."""

    activity_id: str
    completed_on: str
    row: RegistryRow
    birth_date: str
    state: str
    license_id: str
    credits: str
    board_id: str | None


def day_of(world: World) -> date:
    """Return the completion date of all records: past in every time zone, and not yet late."""
    return (world.service.clock() - timedelta(days=3)).date()


def register(world: World, count: int) -> list[str]:
    """Register a number of activities for CME and for the board, and return their ids."""
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


def records(world: World, count: int) -> Iterator[SentRecord]:
    """Yield records about newly registered activities: each learner once, then the next activity. 7 % are wrong."""
    learners, boards = world.learners, world.service.catalogue.boards
    day = f"{day_of(world):%m/%d/%Y}"
    activity_ids = register(world, -(-count // len(learners)))
    for place in range(count):
        row = learners[place % len(learners)]
        held, wrong = row.licenses[0], place % 100
        certified = next(
            (certification.number for certification in row.certifications if certification.board == BOARD), None
        )
        yield SentRecord(
            activity_id="199999999" if wrong == 41 else activity_ids[place // len(learners)],
            completed_on="06/01/2025" if wrong == 53 else day,
            row=row,
            birth_date=("01/02" if str(row.birth_date) == "01/01" else "01/01") if wrong == 3 else str(row.birth_date),
            state="Atlantis" if wrong == 29 else str(boards[held.board].state),
            license_id="nobody" if wrong == 71 else held.number,
            credits={17: "0.3", 89: ""}.get(wrong, "2"),
            board_id=certified,
        )


def cells(record: SentRecord) -> list[str]:
    """Return the cells of a record, in the order of the headings."""
    moc = [BOARD, record.board_id, "2", TYPES[0], "2"] if record.board_id else [""] * 5
    second = [TYPES[1], "2"] if record.board_id else [""] * 2
    no_link = ""
    found = [
        "Add", record.activity_id, record.completed_on, record.row.first_name, record.row.last_name, record.birth_date,
        record.state, record.license_id, record.credits, *moc, no_link, *second,
    ]  # fmt: skip
    assert len(found) == len(HEADINGS)
    return found


def file_of(format: str, records: Sequence[SentRecord]) -> bytes:
    """Return a file of records in a format."""
    return {"tab": _tab, "xlsx": _xlsx, "xml": _xml, "ndjson": _ndjson, "json": _json}[format](records)


def _tab(records: Sequence[SentRecord]) -> bytes:
    return "\r\n".join("\t".join(line) for line in (HEADINGS, *map(cells, records))).encode()


def _xlsx(records: Sequence[SentRecord]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    sheet = book.add_worksheet("Learners")
    sheet.write_string(0, 0, "Guidance")
    for number, line in enumerate((HEADINGS, *map(cells, records)), start=1):
        for column, cell in enumerate(line):
            if cell:
                sheet.write_string(number, column, cell)
    book.close()
    return out.getvalue()


def _xml(records: Sequence[SentRecord]) -> bytes:
    return "".join(["<ActivityReports>", *map(_element, records), "</ActivityReports>"]).encode()


def _element(record: SentRecord) -> str:
    month, day, year = record.completed_on.split("/")
    certificates = [_certificate(record.state, record.license_id, "AMA PRA Category 1", record.credits)]
    if record.board_id:
        certificates += [_certificate(BOARD, record.board_id, name, "2") for name in TYPES]
    return (
        f"<ActivityReport><Member><Name><GivenName>{escape(record.row.first_name)}</GivenName>"
        f"<FamilyName>{escape(record.row.last_name)}</FamilyName></Name><PersonalInfo><BirthDate>{record.birth_date}"
        f"</BirthDate></PersonalInfo></Member><Activity><ProviderOrganization>{PROVIDER}</ProviderOrganization><Module>"
        f'<ModuleName moduleID="{record.activity_id}">Measured</ModuleName><Status>Completed</Status>'
        f"<CompletedDateTime>{year}-{month}-{day}</CompletedDateTime>{''.join(certificates)}</Module></Activity>"
        "<XtensibleInfo><LearnerRecordAction>add</LearnerRecordAction></XtensibleInfo></ActivityReport>\n"
    )


def _certificate(domain: str, number: str, kind: str, credits: str) -> str:
    return (
        f'<CreditCertificate><UniqueID domain="{escape(domain)}">{escape(number)}</UniqueID><CreditReceived>'
        f"<activityCertification>{kind}</activityCertification><creditUnit>Credit</creditUnit>"
        f"<numberOfCredits>{credits}</numberOfCredits></CreditReceived></CreditCertificate>"
    )


def _ndjson(records: Sequence[SentRecord]) -> bytes:
    return b"".join(json.dumps(body(record)).encode() + b"\n" for record in records)


def _json(records: Sequence[SentRecord]) -> bytes:
    reports = ",\n".join(json.dumps(_report(record)) for record in records)
    return f'{{"ActivityReports": {{"ActivityReport": [{reports}]}}}}'.encode()


def _report(record: SentRecord) -> dict[str, Any]:
    month, day, year = record.completed_on.split("/")
    credits = [(record.state, record.license_id, "AMA PRA Category 1", record.credits)]
    if record.board_id:
        credits += [(BOARD, record.board_id, name, "2") for name in TYPES]
    return {
        "Member": {
            "Name": {"GivenName": record.row.first_name, "FamilyName": record.row.last_name},
            "PersonalInfo": {"BirthDate": record.birth_date},
        },
        "Activity": {
            "ProviderOrganization": PROVIDER,
            "Module": {
                "ModuleName": {"value": "Measured", "moduleID": record.activity_id},
                "Status": "Completed",
                "CompletedDateTime": f"{year}-{month}-{day}",
                "CreditCertificate": [
                    {
                        "UniqueID": {"value": number, "domain": domain},
                        "CreditReceived": {
                            "activityCertification": kind,
                            "creditUnit": "Credit",
                            "numberOfCredits": credits,
                        },
                    }
                    for domain, number, kind, credits in credits
                ],
            },
        },
        "XtensibleInfo": {"LearnerRecordAction": "add"},
    }


def body(record: SentRecord) -> dict[str, Any]:
    """Return the body of a record's single request."""
    month, day, year = record.completed_on.split("/")
    cme: dict[str, Any] = {"state": record.state, "license_id": record.license_id}
    if record.credits:
        cme["credits"] = float(record.credits)
    sent: dict[str, Any] = {
        "activity_id": record.activity_id,
        "completed_on": f"{year}-{month}-{day}",
        "permission": True,
        "learner": {
            "first_name": record.row.first_name,
            "last_name": record.row.last_name,
            "date_of_birth": record.birth_date,
        },
        "cme": [cme],
    }
    if record.board_id:
        types = [{"type": name, "credits": 2} for name in TYPES]
        sent["moc"] = [{"board": BOARD, "board_id": record.board_id, "total_credits": 2, "credit_types": types}]
    return sent


def reporter(world: World) -> Caller:
    """Return the caller of the provider's key."""

    def named(connection: Connection) -> Client | None:
        return clients.by_id(connection, str(clients.client_named(connection, "bench")))

    client = world.service.database.read(named)
    assert client is not None
    return Caller(service=world.service, client=client, provider=PROVIDER)


def upload(
    world: World,
    content: bytes,
    name: str = "measured",
    caller: Caller | None = None,
    kind: BatchKind = BatchKind.LEARNER_COMPLETIONS,
) -> Batch:
    """Store a file as an upload does, and return its batch, which waits to be read."""
    digest = hashlib.sha256(content).hexdigest()
    pieces = [content[first : first + PIECE] for first in range(0, len(content), PIECE)]
    caller = caller or reporter(world)
    upload_id = uploads.store_upload(world.service, caller.batch_owner, pieces, len(content), digest)
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
