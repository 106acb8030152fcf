"""One-time links to exports, which work for whoever has the link."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from app.domain.exports import ExportFormat, ExportKind

LINK_LIFE = timedelta(minutes=10)


class DownloadLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link as it is stored: who made it, for which provider, and what it leads to."""

    download_id: str
    client_id: str
    key_id: str | None
    """The key or client secret that it was made with; None where there was none."""
    provider_id: str
    kind: ExportKind
    format: ExportFormat
    query: str
    """Filters and order, encrypted."""
    expires_at: datetime
    used_at: datetime | None

    def works_at(self, now: datetime) -> bool:
        """Whether it was not used, and its time is not over."""
        return self.used_at is None and now < self.expires_at
