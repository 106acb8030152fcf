"""Preconditions (RFC 9110): changes only to the version that the caller has seen."""

from __future__ import annotations


def matches(if_match: str, version: int) -> bool:
    """Tell whether an `If-Match` header names a version. Weak tags never match."""
    tags = [tag.strip() for tag in if_match.split(",")]
    return "*" in tags or f'"{version}"' in tags
