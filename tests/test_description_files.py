"""Files in the description: bytes are `format: binary`, which is what generators understand."""

from __future__ import annotations

from fastapi.testclient import TestClient

from tests.clients.files_app import create_files_app
from tests.contract import Contract


def test_uploads_and_downloads_are_binary_for_every_reader() -> None:
    document = create_files_app().openapi()
    form = document["components"]["schemas"]["SendFileForm"]["properties"]
    assert {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}.items() <= form[
        "file"
    ].items()
    assert form["kind"]["$ref"].endswith("/SendFileFormKind")
    download = document["paths"]["/files/{file_id}/content"]["get"]["responses"]["200"]
    assert download["content"]["application/octet-stream"]["schema"] == {"type": "string", "format": "binary"}
    assert "Content-Disposition" in download["headers"]


def test_a_route_that_is_only_declared_is_described_in_full() -> None:
    document = create_files_app().openapi()
    send = document["paths"]["/files"]["post"]
    assert send["requestBody"]["content"]["multipart/form-data"]["examples"]
    assert send["responses"]["201"]["content"]["application/json"]["example"]["kind"] == "learner-completions"
    assert {"Location", "ETag", "X-Request-Id"} <= send["responses"]["201"]["headers"].keys()
    assert send["responses"]["201"]["links"]["get_file"]["parameters"] == {"file_id": "$response.body#/file_id"}
    assert {"400", "413", "415", "422", "500"} <= send["responses"].keys()
    assert not {"401", "403", "404", "409", "412", "428", "503"} & send["responses"].keys()


def test_what_was_sent_comes_back_byte_for_byte() -> None:
    app = create_files_app()
    contract, content = Contract(app.openapi()), bytes(range(256))
    with TestClient(app) as client:
        sent = client.post("/files", files={"file": ("a.xlsx", content)}, data={"kind": "activities"})
        assert sent.status_code == 201
        schema = contract.operation("POST", "/files").said["responses"]["201"]["content"]["application/json"]["schema"]
        assert list(contract.invalid(schema, sent.json())) == []
        assert client.get(f"/files/{sent.json()['file_id']}/content").content == content
