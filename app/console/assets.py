"""Static files: read once, named by their content, and kept by browsers for a year.

What a stylesheet names by `url(…)` gets its name by content as well, so a changed font is a changed stylesheet.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import cache
from pathlib import Path

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.routes import ANYBODY, PageRoute
from app.core.errors import NotFound
from app.core.http.accepting import accepts_gzip

router = APIRouter(prefix="/static", route_class=PageRoute, dependencies=[ANYBODY], include_in_schema=False)
FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_PACKED = {".css", ".js", ".svg"}
_YEAR = "public, max-age=31536000, immutable"
_DIGITS = 12
"""Hexadecimal digits of a digest in a name."""
_NAMED = re.compile(rb"url\(([\w.-]+)\)")


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """A static file as it is sent."""

    address: str
    media_type: str
    body: bytes
    packed: bytes | None
    """The body in gzip; None where that would save nothing."""


@cache
def assets() -> dict[str, Asset]:
    """Return every file that is served, by its name in the folder."""
    found: dict[str, Asset] = {}
    # Stylesheets come last: they name the others.
    paths = sorted(FOLDER.iterdir(), key=lambda path: (path.suffix == ".css", path.name))
    for path in paths:
        if path.suffix not in _TYPES:
            continue
        body = path.read_bytes()
        if path.suffix == ".css":
            body = _NAMED.sub(lambda name: b"url(%s)" % _last_part(found[name[1].decode()]), body)
        digest = hashlib.sha256(body).hexdigest()[:_DIGITS]
        found[path.name] = Asset(
            address=f"/static/{path.stem}.{digest}{path.suffix}",
            media_type=_TYPES[path.suffix],
            body=body,
            packed=gzip.compress(body, 9, mtime=0) if path.suffix in _PACKED else None,
        )
    return found


def _last_part(asset: Asset) -> bytes:
    return asset.address.rpartition("/")[2].encode()


@cache
def _by_address() -> dict[str, Asset]:
    return {asset.address: asset for asset in assets().values()}


def address_of(name: str) -> str:
    """Return the address of a file in the folder; raises `KeyError` for one that is not there."""
    return assets()[name].address


@router.get("/{file}")
async def static_file(request: Request, file: str) -> Response:
    """Return a file that pages load."""
    asset = _by_address().get(f"/static/{file}")
    if asset is None:
        raise NotFound
    headers = {"Cache-Control": _YEAR}
    body = asset.body
    if asset.packed is not None:
        headers["Vary"] = "Accept-Encoding"
        if accepts_gzip(request.headers.get("accept-encoding", "").encode("latin-1")):
            headers["Content-Encoding"], body = "gzip", asset.packed
        else:
            # Not to be packed again for each request.
            headers["Cache-Control"] = f"{_YEAR}, no-transform"
    return Response(body, media_type=asset.media_type, headers=headers)
