"""Preconditions (RFC 9110): `If-Match` for changes, `If-None-Match` for reads."""

from __future__ import annotations

from app.core.errors import PreconditionFailed, PreconditionRequired


def must_match(if_match: str | None, version: int) -> None:
    """Refuse a change unless `If-Match` names the current version.

    Raises `PreconditionRequired` without the header, `PreconditionFailed` for another version.
    """
    if if_match is None:
        raise PreconditionRequired("Send If-Match with the ETag of the resource as you read it.")
    if not _names(if_match, version, weak=False):
        raise PreconditionFailed(f"The resource has version {version} now.")


def is_known(if_none_match: str | None, version: int) -> bool:
    """Whether `If-None-Match` names the current version, so that it need not be sent again."""
    return if_none_match is not None and _names(if_none_match, version, weak=True)


def _names(header: str, version: int, *, weak: bool) -> bool:
    """Whether a list of entity tags names a version; `weak` lets weak tags match as well."""
    tags = [tag.strip() for tag in header.split(",")]
    if weak:
        tags = [tag.removeprefix("W/") for tag in tags]
    return "*" in tags or f'"{version}"' in tags
