"""Files in the description: bytes are `format: binary`, and whoever uploads can wait, as generators understand it."""

from __future__ import annotations

from app.services.context import Service
from tests.builders.sent_files import row, tab_text
from tests.harness.api import Api
from tests.harness.contract import committed
from tests.harness.uploads import file_of, worked

CONTRACT = committed()
UPLOAD = CONTRACT.operation("POST", "/v1/batches").said


def test_uploads_and_downloads_are_binary_for_every_reader() -> None:
    body = UPLOAD["requestBody"]["content"]["multipart/form-data"]
    assert body["schema"] == {"$ref": "#/components/schemas/BatchForm"}
    form = CONTRACT.document["components"]["schemas"]["BatchForm"]["properties"]
    assert {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}.items() <= form[
        "file"
    ].items()
    assert form["kind"]["$ref"].endswith("/BatchKind")
    download = CONTRACT.operation("GET", "/v1/batches/b/files/rejected").said["responses"]["200"]
    assert {"application/octet-stream", "application/xml"} <= download["content"].keys()
    assert all(content["schema"] == {"type": "string", "format": "binary"} for content in download["content"].values())
    assert "Content-Disposition" in download["headers"]


def test_an_upload_that_is_read_as_it_arrives_is_described_in_full() -> None:
    examples = UPLOAD["requestBody"]["content"]["multipart/form-data"]["examples"]
    assert examples["completions"]["value"]["permission_attested"] is True
    for status in ("200", "202"):
        answer = UPLOAD["responses"][status]
        assert answer["content"]["application/json"]["example"]["kind"] == "learner-completions"
        assert {"Location", "Idempotency-Replayed", "X-Request-Id"} <= answer["headers"].keys()
        assert answer["links"]["get_batch"]["parameters"] == {"batch_id": "$response.body#/batch_id"}
    assert {"400", "413", "415", "422", "500"} <= UPLOAD["responses"].keys()
    assert not {"404", "412", "428"} & UPLOAD["responses"].keys()


def test_what_may_be_waited_for_is_what_takes_prefer_wait() -> None:
    waited_for = {
        operation.id
        for operation in CONTRACT.operations
        if "wait=20" in operation.parameters("header").get("Prefer", {}).get("description", "")
    }
    assert waited_for == {"upload_batch", "get_batch", "report_batch_mends"}


def test_what_was_sent_comes_back_byte_for_byte(api: Api, service: Service) -> None:
    content = b"\xef\xbb\xbf" + tab_text([row(Department="caf\xe9 \x85")], [*row(), "Department"])
    assert file_of(api, worked(api, service, content), "original") == content
