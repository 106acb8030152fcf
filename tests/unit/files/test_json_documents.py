"""JSON documents: read record by record as they were sent, and written back with what was found."""

from __future__ import annotations

import io
import json
import random
from typing import Any

import pytest

from app.domain.batches import BatchKind, FileFault, FileFaultCode, FileFormat, FileHead, RawRow
from app.domain.reports import Action
from app.files import result_files
from app.files.formats import all_readers
from app.files.mapping.records import CompletionRecord
from app.files.parsing import json as json_documents
from app.files.parsing.limits import Limits
from app.files.parsing.parser_client import open_file
from app.files.parsing.recognition import recognise
from app.files.parsing.sources import IncomingFile
from app.files.record_fields import UnknownField, fields_of, with_cells
from app.files.templates import json as json_templates
from app.files.templates import xml as xml_templates
from app.files.templates.templates import TEMPLATES
from tests.builders.judging import CATALOGUE
from tests.builders.raw_records import activity, learners, read
from tests.builders.written_files import JSON_RECORD, a_head, a_note, a_written, json_records_of, whole

COMPLETIONS, ACTIVITIES = BatchKind.LEARNER_COMPLETIONS, BatchKind.ACTIVITIES
JSON = FileFormat.JSON


def documented(*records: str, around: str = "") -> bytes:
    """A document of records as they are written."""
    listed = ", ".join(records)
    return f'{{"ACCMELearnerReports": {{"ActivityReports": {{{around}"ActivityReport": [{listed}]}}}}}}'.encode()


def parsed(content: bytes, kind: BatchKind = COMPLETIONS, **limits: int) -> tuple[FileHead, list[Any]]:
    bounds = Limits(**limits)
    found = json_documents.parse(IncomingFile(io.BytesIO(content), bounds), kind, bounds)
    return found.head, [raw for _, raw in found.records]


def fault(content: bytes, kind: BatchKind = COMPLETIONS, **limits: int) -> FileFault:
    with pytest.raises(FileFault) as raised:
        parsed(content, kind, **limits)
    return raised.value


def test_records_come_as_they_were_written_with_what_stood_around_them() -> None:
    records = ['{"a": 2.250,\n "b": "\\u00e9"}', "{ }", "17", '"text"']
    head, texts = parsed(documented(*records, around='"DateTimeCreated": "2021", "Password": "secret", "n": [1], '))
    assert texts == records
    assert head.root == a_head(JSON).root
    with open_file([documented(*records)], COMPLETIONS) as file:
        assert [row for piece in file.pieces() for row in piece] == [
            RawRow(number=number, raw=text) for number, text in enumerate(records, 1)
        ]
        assert (file.head.format, file.head.encoding) == (JSON, "utf-8")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"ActivityReports": {"ActivityReport": [{"x": 1}]}}', COMPLETIONS),
        (b'\xef\xbb\xbf \n{"ActivityReport": {"x": 1}}', COMPLETIONS),
        (b'{"$schema": "x","ACCMELearnerReports": {"ActivityReports": [{"ActivityReport": [{"x": 1}]}, {}]}}',
         COMPLETIONS),
        ('{"ACCMELearnerReports": {"ActivityReports": {"ActivityReport": [{"x": 1}]}}}'.encode("utf-16"), COMPLETIONS),
        (b'{\n"ACCMEActivities" : {"MedicalEducationMetrics": [{"x": 1}]}, "more": null}\r\n\x1a', ACTIVITIES),
        (b'{"MedicalEducationMetrics": [{"x": 1}]}', ACTIVITIES),
    ],
)  # fmt: skip
def test_a_document_is_known_by_its_first_member(content: bytes, kind: BatchKind) -> None:
    assert recognise(content, all_readers()) is json_documents
    assert parsed(content, kind)[1] == ['{"x": 1}']


def test_other_json_is_read_as_lines() -> None:
    for content in (b'{"activity_id": "1"}', b'{"Activity\\u0052eport": []}', b'{"$schema": 1, "ActivityReport": []}'):
        assert recognise(content, all_readers()) is not json_documents


@pytest.mark.parametrize("seed", range(4))
def test_records_are_found_however_they_arrive(seed: int) -> None:
    chance = random.Random(seed)
    records = [
        json.dumps({"n": number, "text": 'é"}]\\' * chance.randrange(20_000)}, ensure_ascii=chance.random() < 0.5)
        for number in range(40)
    ]
    content = documented(*records)
    pieces = io.BytesIO(content)

    class Pipe:
        def read(self, size: int, /) -> bytes:
            return pieces.read(min(size, chance.randrange(1, 70_000)))

    found = json_documents.parse(IncomingFile(Pipe(), Limits()), COMPLETIONS, Limits())
    assert [raw for _, raw in found.records] == records


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"ActivityReport": [{"x": 1}, ', FileFaultCode.UNREADABLE),
        (b'{"ActivityReport": [{"x": 1}', FileFaultCode.UNREADABLE),
        (b'{"ActivityReport": [{"x": "', FileFaultCode.UNREADABLE),
        (b'{"ActivityReport": [{"x": 1} {"x": 2}]}', FileFaultCode.UNREADABLE),
        (b'{"ActivityReport": [{"x": 1,}]' + b" " * 500 + b"}", FileFaultCode.UNREADABLE),
        (b'{"ActivityReport": [{"x": 1}]} {"ActivityReport": []}', FileFaultCode.UNREADABLE),
        (b'{"ActivityReport": [{"x": 1}], 17}', FileFaultCode.UNREADABLE),
        (b'{"ActivityReport": [{"x": "\xff"}]}' + "é".encode(), FileFaultCode.UNREADABLE),
        (b'{"ActivityReport": []}', FileFaultCode.NO_ROWS),
        (b'{"ACCMELearnerReports": {"Other": {"ActivityReport": [{}]}}}', FileFaultCode.NO_ROWS),
        (b'{"MedicalEducationMetrics": [{}]}', FileFaultCode.KIND_UNKNOWN),
    ],
)
def test_a_document_that_cannot_be_read_is_refused(content: bytes, code: FileFaultCode) -> None:
    assert fault(content).code is code


def test_a_document_of_the_other_kind_says_so_and_other_kinds_have_none() -> None:
    assert fault(documented("{}"), ACTIVITIES).looks_like is COMPLETIONS
    assert fault(documented("{}"), BatchKind.ROSTER).code is FileFaultCode.KIND_UNKNOWN


def test_bounds_hold() -> None:
    assert fault(documented("{}", "{}", "{}"), rows=2).code is FileFaultCode.TOO_LARGE
    long = '{"x": "' + "y" * 300_000 + '"}'
    assert fault(documented(long), record=100_000).code is FileFaultCode.TOO_LARGE
    assert fault(documented("{}", around=f'"z": {long}, '), record=100_000).code is FileFaultCode.TOO_LARGE
    deep = documented("[" * 100_000)
    with pytest.raises(FileFault) as raised, open_file([deep], COMPLETIONS) as file:
        list(file.pieces())
    assert raised.value.code is FileFaultCode.TOO_DEEP


def test_the_line_of_a_fault_is_told() -> None:
    assert fault(documented("{}", "\n\n{]" + " " * 100)).row == 3


def rules(record: CompletionRecord) -> list[tuple[str, str]]:
    return [(finding.rule, finding.pointer) for finding in record.findings]


def test_a_record_is_read_as_the_element_that_it_stands_for() -> None:
    record = read(JSON_RECORD, JSON)
    assert record.findings == ()
    report = record.report
    assert report is not None
    assert (report.activity_id, report.person.first_name, report.action) == ("201759558", "Zoë", Action.ADD)
    assert (report.cme[0].state, report.cme[0].license_id) == ("TN", "0012345")
    assert report.cme[0].special_credits == () or report.cme[0].credits is None


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ("17", ("type", "")),
        ("[]", ("type", "")),
        ('{"Member": NaN}', ("format", "")),
        ('{"Member": {}, "Member": {}}', ("field-repeated", "/Member")),
        ('{"Member": {"Name": "\\ud800"}}', ("format", "/Member/Name")),
        ('{"Member": [[1]]}', ("format", "")),
        ('{"Member": ' + '{"a":' * 40 + "1" + "}" * 41, ("format", "")),
    ],
)
def test_a_record_that_says_nothing_clear_is_refused_at_its_place(record: str, found: tuple[str, str]) -> None:
    given = read(record, JSON)
    assert rules(given) == [found]
    assert given.unreadable
    assert learners(JSON).locate(found[1], given).column == (found[1] or None)
    assert activity(record, format=JSON)[0].unreadable


def test_numbers_keep_the_digits_that_were_sent() -> None:
    report = (
        '{"Activity": {"Module": {"ModuleName": {"moduleID": 201759558}, "CreditCertificate": {"UniqueID": {"value": '
    )
    record = read(
        report + '12345678901234567890, "domain": "TN"}, "CreditReceived": {"numberOfCredits": 1e0}}}}}', JSON
    )
    assert record.report is not None
    assert record.report.activity_id == "201759558"
    (cme,) = record.report.cme
    assert cme.license_id == "12345678901234567890"


def test_places_are_paths_of_the_document() -> None:
    record = read(JSON_RECORD, JSON)
    certificate = "Activity/Module/CreditCertificate[1]"
    assert learners(JSON).locate("/cme/0/license_id", record).column == f"{certificate}/UniqueID"
    assert learners(JSON).locate("/learner/last_name", record).column == "Member/Name/FamilyName"
    columns = {field.column: field.field for field in fields_of(a_head(JSON), JSON_RECORD)}
    assert columns[f"{certificate}/UniqueID"] == "/Activity/Module/CreditCertificate/0/UniqueID/value"
    assert columns["Member/Name/FamilyName"] == "/Member/Name/FamilyName"


def test_a_record_is_mended_where_it_has_a_value_and_nowhere_else() -> None:
    mended = with_cells(a_head(JSON), JSON_RECORD, {"/Member/Name/FamilyName": "Tester"})
    assert read(mended, JSON).report.person.last_name == "Tester"  # type: ignore[union-attr]
    for unknown in ("/Member/Name/MiddleName", "/cme/0/license_id", "x"):
        with pytest.raises(UnknownField):
            with_cells(a_head(JSON), JSON_RECORD, {unknown: "1"})
    assert "/Findings/0/code" not in {
        field.field for field in fields_of(a_head(JSON), '{"Findings": [{"code": "x"}], "Member": {"a": 1}}')
    }


def test_findings_stand_in_the_record_and_are_dropped_when_it_returns() -> None:
    record = JSON_RECORD.replace("2.250", "2.2500")
    once = whole(result_files.write_rejected(a_head(JSON), [a_written(record, a_note(place="Member"))]))
    (body,) = json_records_of(once)
    assert body["Findings"] == [
        {
            "code": "activity-known",
            "severity": "reject",
            "place": "Member",
            "detail": "No activity of yours has this id.",
            "hint": "Check its nine digits.",
        }
    ]
    assert b"2.2500" in once
    (sent,) = parsed(once)[1]
    assert read(sent, JSON).report == read(record, JSON).report
    assert read(sent, JSON).findings == ()
    again = whole(result_files.write_rejected(a_head(JSON), [a_written(sent, a_note(code="other"))]))
    assert [finding["code"] for finding in json_records_of(again)[0]["Findings"]] == ["other"]
    assert b"2.2500" in again
    nothing = whole(result_files.write_successful(a_head(JSON), [a_written(sent)]).__iter__())
    assert "Findings" in json_records_of(nothing)[0]


@pytest.mark.parametrize("record", ["17", '"x"', '{"a": 1, "a": 2}', "[{}]"])
def test_what_is_no_object_comes_back_and_is_read_as_it_was(record: str) -> None:
    back = whole(result_files.write_rejected(a_head(JSON), [a_written(record)]))
    (sent,) = parsed(back)[1]
    assert rules(read(sent, JSON)) == rules(read(record, JSON))
    assert "Findings" in json.loads(sent)


@pytest.mark.parametrize("name", [name for name, template in TEMPLATES.items() if xml_templates.takes(template)])
def test_the_templates_say_the_same_in_xml_and_in_json(name: str) -> None:
    template = TEMPLATES[name]
    found = []
    for writer in (xml_templates, json_templates):
        content = writer.write_template(template, CATALOGUE, {}, "")
        with open_file([content], template.kind) as file:
            ((row,),) = file.pieces()
        if template.kind is ACTIVITIES:
            record, _ = activity(row.raw, format=file.head.format)
            assert record.findings == ()
            found.append(record)
        else:
            completion = read(row.raw, file.head.format)
            found.append(
                (completion.prefixes, completion.findings, completion.report.cme, completion.report.moc,  # type: ignore[union-attr]
                 completion.report.rems, completion.report.person)  # type: ignore[union-attr]
            )  # fmt: skip
    assert len(found) == 2 and found[0] == found[1]
