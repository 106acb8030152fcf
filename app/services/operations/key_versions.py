"""The versions of what names are looked up by: another release would miss people stored under its own."""

from __future__ import annotations

from sqlalchemy import Connection

from app.domain.identity.comparison_keys import NAME_KEYS
from app.matching.names import NAME_FORMS
from app.store.registry import name_keys


def find_other_version(connection: Connection) -> str | None:
    """Return what is stored in another version than this release makes, as the beginning of a sentence."""
    for keys, what, version in ((name_keys.NAMES, "keys", NAME_KEYS), (name_keys.FORMS, "forms", NAME_FORMS)):
        stored = name_keys.version_of(connection, keys)
        if stored != version:
            return f"names are stored under {what} of version {stored}, and this release makes version {version}"
    return None
