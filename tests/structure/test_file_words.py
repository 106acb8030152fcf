"""What files and batches are told in stands once: columns, outcomes, states and faults are the same in every layer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.core.errors import NotFound
from app.domain.batches import (
    BatchKind,
    BatchStatus,
    Cell,
    EntryMethod,
    FileFaultCode,
    FileFormat,
    FileHead,
    RawRow,
    RowOutcome,
)
from app.domain.columns import FileColumn, columns_of
from app.domain.credits import Outcome
from app.domain.identity.matches import Result
from app.domain.template_samples import ACTIVITY, REMS_LEARNER
from app.files.formats import FORMATS
from app.files.mapping.records import Upload
from app.models import batches as tables
from app.schemas import batches as schemas
from app.services.batches import record_kinds, templates
from app.services.batches.downloads import BatchFile
from tests.builders.judging import CATALOGUE, PROVIDER
from tests.harness.cases import for_all

TESTS = Path(__file__).resolve().parents[1]
FILLED: Mapping[BatchKind, Mapping[str, str]] = {
    BatchKind.LEARNER_COMPLETIONS: {
        **REMS_LEARNER,
        "/completed_on": "2/15/2021",
        "/occasion": "2",
        "/learner/learner_id": "lrn_1",
        "/cme/0/special_credits/0/type": "Opioid Education",
        "/cme/0/special_credits/0/credits": "1",
    },
    BatchKind.ACTIVITIES: {
        **ACTIVITY,
        "/activity_id": "200912095", "/title": "Airway course", "/joint_providers": "General Hospital",
        "/measured_outcomes": "Learner Competence (objective)", "/commercial_support": "Yes",
        "/commercial_support/{n}/source": "Acme Devices", "/commercial_support/{n}/amount": "300",
        "/learner_counts/physicians": "30", "/learner_counts/others": "5", "/mips": "Yes", "/rems/type": "Opioid",
        "/rems/identifier": "R-1", "/listing/public": "Yes", "/listing/url": "https://example.org",
        "/listing/fee": "Variable", "/listing/registration": "Open", "/close": "Yes",
        "/moc/0/credit_claim_date": "3/31/2022", "/moc/0/practice_areas": "Anesthesiology",
        "/moc/0/content_outline": "1.2.3", "/moc/0/attested": "Yes",
        "/joint_accreditation/interprofessional": "Yes", "/joint_accreditation/professions": "Dentist",
        "/joint_accreditation/credits": "Nursing (2)", "/learner_counts/professions": "Dentist (3)",
        "/joint_accreditation/pharmacy/activity_type": "Application",
        "/joint_accreditation/pharmacy/topic": "05-Patient Safety",
        "/joint_accreditation/pharmacy/live_date": "3/31/2022", "/joint_accreditation/pharmacy/sequence_number": "12",
        "/joint_accreditation/pharmacy/universal_activity_number": "JA0008001-0000-22-012-L05-P",
        "/joint_accreditation/pharmacy/technician_activity_number": "JA0008001-0000-22-012-L05-T",
    },
    BatchKind.LEARNER_VALIDATIONS: {
        "/first_name": "John", "/last_name": "Smith", "/date_of_birth": "03/17", "/state": "TN", "/license_id": "12345",
        "/board": "ABIM", "/board_id": "999999", "/npi": "1234567893", "/medical_school": "Vanderbilt",
    },
    BatchKind.ROSTER: {
        "/first_name": "John", "/middle_name": "Paul", "/last_name": "Smith", "/suffix": "Jr.",
        "/other_last_names": "Smythe", "/date_of_birth": "03/17", "/board_id": "999999", "/npi": "1234567893",
        "/email": "john@physicians.example", "/start_date": "7/1/2015", "/end_date": "6/30/2025",
    },
    BatchKind.TRANSCRIPTS: {
        "/first_name": "John", "/last_name": "Smith", "/date_of_birth": "03/17", "/state": "TN", "/license_id": "12345",
        "/board": "ABIM", "/board_id": "999999", "/npi": "1234567893", "/completed_from": "1/1/2021",
        "/completed_to": "12/31/2021",
    },
}  # fmt: skip
"""A row of each kind in which every column says something."""


def place(column: FileColumn) -> str:
    return column.pointer.replace("{board}", "0").replace("{type}", "0")


def record_of(kind: BatchKind, filled: Mapping[str, str]) -> Any:
    columns = columns_of(kind)
    head = FileHead(format=FileFormat.TAB, headings=tuple(column.heading for column in columns), heading_row=1)
    cells: list[Cell] = [filled.get(place(column)) for column in columns]
    row = RawRow(number=2, raw=cells)
    match kind:
        case BatchKind.LEARNER_COMPLETIONS:
            at = datetime(2021, 12, 20, tzinfo=UTC)
            upload = Upload(provider_id=PROVIDER, entry_method=EntryMethod.TAB, received_at=at, batch_id="b")
            return FORMATS[FileFormat.TAB].completions(head, upload).read(row)
        case BatchKind.ACTIVITIES:
            return FORMATS[FileFormat.TAB].activities(head, PROVIDER).read(row)
        case BatchKind.LEARNER_VALIDATIONS:
            return FORMATS[FileFormat.TAB].validations(head).read(row)
        case BatchKind.ROSTER:
            return FORMATS[FileFormat.TAB].rosters(head).read(row)
        case BatchKind.TRANSCRIPTS:
            return FORMATS[FileFormat.TAB].licensees(head).read(row)


@for_all(
    "kind, column",
    [(kind, column) for kind in BatchKind for column in columns_of(kind)],
    lambda case: f"{case[0].value} {case[1].pointer}",
)
def test_every_column_of_the_table_is_read_into_its_record(kind: BatchKind, column: FileColumn) -> None:
    # What stands within a column's place says as much by itself: supporters, that there was support.
    filled = {name: text for name, text in FILLED[kind].items() if not name.startswith(f"{place(column)}/")}
    read = record_of(kind, filled)
    assert not read.findings
    assert filled.pop(place(column))
    assert record_of(kind, filled) != read


def test_the_table_of_batches_takes_every_state_and_no_other() -> None:
    (check,) = [
        str(constraint.sqltext) for constraint in tables.batches.constraints if constraint.name == "ck_batches_status"
    ]  # type: ignore[attr-defined]
    assert re.findall(r"'(\w+)'", check) == list(BatchStatus)


def test_every_outcome_of_a_row_is_counted() -> None:
    answers = {outcome for outcomes in schemas.ANSWERS.values() for outcome in outcomes}
    assert {*schemas.RECORDS, *answers} == set(RowOutcome)
    assert schemas.BatchCountsOut.model_fields.keys() == {"read", *schemas.RECORDS, *answers, "warned"}


def test_whatever_the_pipeline_answers_is_an_outcome_of_a_row() -> None:
    assert record_kinds._OUTCOMES.keys() == set(Outcome)
    assert record_kinds._ANSWERS.keys() == set(Result)


def test_every_format_is_one_entry_with_all_of_its_modules() -> None:
    assert {entry.entry_method for entry in FORMATS.values()} == {*EntryMethod} - {EntryMethod.API, EntryMethod.FORM}
    assert len({entry.ending for entry in FORMATS.values()}) == len(FORMATS)
    for entry in FORMATS.values():
        assert entry.media_type
        assert entry.readers()
        assert entry.writer()


def test_the_templates_that_can_be_asked_for_are_those_that_the_formats_write() -> None:
    offered = []
    for name in templates.NAMES:
        for ending, format in templates.FORMATS_BY_ENDING.items():
            with suppress(NotFound):
                assert templates.make_template(name, format, CATALOGUE)
                offered.append(f"{name}.{ending}")
    assert list(templates.FILES) == offered


def test_every_reason_to_refuse_a_file_and_every_file_to_get_back_has_a_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py") if path != Path(__file__))
    assert [code for code in FileFaultCode if f"FileFaultCode.{code.name}" not in tests] == []
    assert [which for which in BatchFile if f'"{which}"' not in tests] == []
