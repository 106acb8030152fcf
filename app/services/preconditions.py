"""Preconditions (RFC 9110): `If-Match` for changes, `If-None-Match` for reads.

An entity tag here is a version in quotes: `"7"`. Proxies that compress make it `"7-gzip"`, which still names the
version, or weak, `W/"7"`, which by the RFC guards no change (13.1.1): such a tag is refused as what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from app.core.errors import ErrorItem, PreconditionFailed, PreconditionRequired

_TAG = re.compile(r'\s*(W/)?(?:"([^"]*)"|([^",]*))\s*(?:,|\Z)')
_VERSION = re.compile(r"([1-9]\d{0,17})(?:(?:--?|;|:)(?:gzip|br|deflate|zstd))?", re.ASCII)
"""A version, and the mark of a coding behind it."""


class EntityTag(msgspec.Struct, frozen=True, kw_only=True):
    """One tag of a header."""

    weak: bool
    version: int | None
    """None for a tag that was not made here."""
    any: bool
    """Whether it is `*`."""


def must_match(if_match: str | None, version: int) -> None:
    """Refuse a change unless `If-Match` names the current version.

    Raises `PreconditionRequired` without the header, `PreconditionFailed` for another version, for a weak tag, and for
    what is no tag of a version.
    """
    if if_match is None:
        detail = "Nothing was changed: without If-Match, somebody else's change could be overwritten."
        hint = 'Send the ETag of the resource as you read it, with its quotes: If-Match: "1" for version 1.'
        raise PreconditionRequired(
            errors=[ErrorItem(code=PreconditionRequired.code, header="If-Match", detail=detail, hint=hint)]
        )
    tags = list(_read_tags(if_match))
    if any(tag.any or (tag.version == version and not tag.weak) for tag in tags):
        return
    now = f"The resource has version {version} now."
    hint = f'Read it again, decide again, and send the ETag that you then have, in quotes: If-Match: "{version}".'
    if all(tag.version is None for tag in tags):
        now = f"If-Match has no ETag that can be read: an ETag is a number in quotes. {now}"
        hint = f'Send the ETag of the resource as you read it, in quotes: If-Match: "{version}".'
    elif any(tag.weak and tag.version == version for tag in tags):
        now = f"The tag in If-Match is weak: W/ before it says so, and a weak tag guards no change. {now}"
        hint = f'Send If-Match: "{version}". A proxy that compresses makes tags weak; leave W/ out.'
    raise PreconditionFailed(
        now, errors=[ErrorItem(code=PreconditionFailed.code, header="If-Match", detail=now, hint=hint)]
    )


def is_known(if_none_match: str | None, version: int) -> bool:
    """Whether `If-None-Match` names the current version, so that it need not be sent again."""
    return if_none_match is not None and any(tag.any or tag.version == version for tag in _read_tags(if_none_match))


def _read_tags(header: str) -> Iterator[EntityTag]:
    """Yield the tags of a list. A version without its quotes can be no other, and is one."""
    place = 0
    while place < len(header) and (found := _TAG.match(header, place)):
        place = found.end()
        text = (found[2] if found[2] is not None else found[3]).strip()
        version = _VERSION.fullmatch(text)
        yield EntityTag(
            weak=found[1] is not None,
            version=int(version[1]) if version else None,
            any=found[3] is not None and found[1] is None and text == "*",
        )
