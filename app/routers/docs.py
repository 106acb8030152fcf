"""`/docs`: Swagger UI with the description of the API or of webhooks; nothing is loaded from other hosts."""

from __future__ import annotations

import asyncio
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

from app.core.http.accepting import accepts_gzip
from app.core.http.browser_headers import page_headers
from app.core.http.codings import compress
from app.core.http.routing import StrictRoute
from app.routers.callers import Public
from app.routers.openapi import describe_webhooks

router = APIRouter(
    prefix="/docs", tags=["System"], route_class=StrictRoute, dependencies=[Public], include_in_schema=False
)
webhooks = APIRouter(tags=["System"], route_class=StrictRoute, dependencies=[Public], include_in_schema=False)
PACKAGE = "fastapi_offline"
"""Ships the files of Swagger UI; nothing else of it is used."""
HEADERS = page_headers("script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'")
_TYPES = {"js": "text/javascript", "css": "text/css", "png": "image/png"}
# Addresses are relative: the page then works behind a proxy that adds a prefix.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>PARS: description of {what}</title>
<link rel="stylesheet" href="{files}swagger-ui.css"><link rel="icon" href="{files}favicon.png">
</head>
<body>
<div id="description"></div>
<noscript>This page needs JavaScript. The description itself: <a href="{root}{document}">{document}</a>.</noscript>
<script src="{files}swagger-ui-bundle.js"></script><script src="{files}{start}"></script>
</body>
</html>
"""
# Its stylesheet has a dark theme, by a class that it sets only where somebody asks for it.
_START = """const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
SwaggerUIBundle({
  url: "DESCRIPTION",
  dom_id: "#description",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  validatorUrl: null,
  queryConfigEnabled: false,
  persistAuthorization: false,
  withCredentials: false,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  OPTION,
});
"""


def assets() -> Path:
    """Return the folder with the files of Swagger UI."""
    spec = find_spec(PACKAGE)
    assert spec is not None and spec.origin is not None, f"{PACKAGE} is not installed"
    return Path(spec.origin).parent / "static"


@router.get("", response_class=HTMLResponse)
async def show_docs() -> HTMLResponse:
    """Show the description, to read and to try out."""
    page = _PAGE.format(what="the API", files="docs/", root="", document="openapi.json", start="start.js")
    return HTMLResponse(page, headers=HEADERS)


@router.get("/webhooks", response_class=HTMLResponse)
async def show_webhooks() -> HTMLResponse:
    """Show the description of what is sent to webhook endpoints."""
    page = _PAGE.format(what="its webhooks", files="", root="../", document="webhooks.json", start="start-webhooks.js")
    return HTMLResponse(page, headers=HEADERS)


@webhooks.get("/webhooks.json")
async def webhooks_document(request: Request) -> JSONResponse:
    """Return the description of what is sent to webhook endpoints."""
    return JSONResponse(describe_webhooks(request.app))


@router.get("/start.js")
async def start_docs() -> Response:
    """Start Swagger UI; a file of its own, because the page's policy forbids inline scripts."""
    return _start("openapi.json", "tryItOutEnabled: true")


@router.get("/start-webhooks.js")
async def start_webhooks() -> Response:
    """Start Swagger UI with the description of webhooks."""
    # Nobody sends these from here, and the page cannot show a webhook that is open to be tried.
    return _start("../webhooks.json", "supportedSubmitMethods: []")


def _start(description: str, option: str) -> Response:
    script = _START.replace("DESCRIPTION", description).replace("OPTION", option)
    return Response(script, media_type="text/javascript")


@router.get("/{file}")
async def docs_file(
    request: Request,
    file: Literal["swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"],
) -> Response:
    """Return a file of the page."""
    media_type = _TYPES[file.rpartition(".")[2]]
    headers = {"Cache-Control": "public, max-age=86400"}
    if media_type.startswith("text/"):
        headers["Vary"] = "Accept-Encoding"
        if accepts_gzip(request.headers.get("accept-encoding", "").encode("latin-1")):
            headers["Content-Encoding"] = "gzip"
            return Response(await asyncio.to_thread(_packed, file), media_type=media_type, headers=headers)
    return FileResponse(assets() / file, media_type=media_type, headers=headers)


@cache
def _packed(file: str) -> bytes:
    """Return a file in gzip, compressed once: it is large, and the same for everybody."""
    return compress((assets() / file).read_bytes())
