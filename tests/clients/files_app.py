"""A small service with an upload and a download, described as the real one is: what its clients do with files."""

from __future__ import annotations

import hashlib
import sys
from typing import Annotated, Any, Literal

import uvicorn
from fastapi import APIRouter, FastAPI, File, Form, Path, UploadFile
from starlette.responses import Response

from app.routers.depends import Public
from app.routers.description.document import document_of
from app.routers.openapi import binary, operation_id, problems
from app.schemas.base import Out

router = APIRouter(prefix="/files", tags=["Files"], dependencies=[Public])
KEPT: dict[str, bytes] = {}


class SentFileOut(Out):
    """A file that was sent."""

    file_id: str
    kind: Literal["learner-completions", "activities"]
    size: int
    version: int


@router.post("", status_code=201, responses=problems(415))
async def send_file(
    file: Annotated[UploadFile, File(description="The file.")],
    kind: Annotated[Literal["learner-completions", "activities"], Form(description="What it holds.")],
    response: Response,
) -> SentFileOut:
    """Send a file."""
    content = await file.read()
    file_id = hashlib.sha256(content).hexdigest()
    KEPT[file_id] = content
    response.headers["Location"] = f"/files/{file_id}"
    return SentFileOut(file_id=file_id, kind=kind, size=len(content), version=1)


@router.get("/{file_id}/content", response_class=Response, responses=binary("application/octet-stream"))
async def get_file(file_id: Annotated[str, Path(description="The file's id.")]) -> Response:
    """Give a file back, byte for byte."""
    return Response(KEPT[file_id], media_type="application/octet-stream")


def create_files_app() -> FastAPI:
    app = FastAPI(title="Files", version="1", generate_unique_id_function=operation_id)
    app.include_router(router)
    app.openapi = lambda: files_document(app)  # type: ignore[method-assign]
    return app


def files_document(app: FastAPI) -> dict[str, Any]:
    """Describe the application by the same steps as the real one."""
    return document_of(app, summary="Files", description="Sends and fetches files.", contact={"name": "Tests"})


if __name__ == "__main__":
    uvicorn.run(create_files_app(), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
