"""What needs attention, as it is answered."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from app.domain.looking.attention import MOST_WAITING, AttentionKind
from app.schemas.base import Example, Out


class RejectedGroupOut(Out):
    """Rejected credit of one board, rejected for one reason."""

    example: ClassVar[Example] = {"board": "ABIM", "reason": "name-differs", "count": 9}

    board: str
    reason: str | None = Field(description="Code of the board's reason; null where it gave none.")
    count: int


class AttentionEntryOut(Out):
    """What waits of one kind."""

    example: ClassVar[Example] = {
        "kind": "credits-rejected", "count": 12, "count_capped": False, "oldest_at": "2021-12-20T15:00:00Z",
        "sentence": "12 credits were rejected by their boards. 9 ABIM, 3 ABA. Most: the name differs.",
        "where": "/v1/reports/not-yet-accepted?status=rejected",
        "rejected": [
            {"board": "ABIM", "reason": "name-differs", "count": 9},
            {"board": "ABA", "reason": "id-unknown", "count": 3},
        ],
    }  # fmt: skip

    kind: AttentionKind
    count: int
    count_capped: bool = Field(
        description=f"Whether there may be more than `count`: counting stops at {MOST_WAITING:,}."
    )
    oldest_at: datetime | None = Field(
        description="Since when the one waits that has waited longest; of `keys-expiring`, when the next one expires. "
        "Null where nothing waits."
    )
    sentence: str = Field(description="The same in words, for people.")
    where: str = Field(description="Address that lists exactly what was counted; of keys, webhooks: all of them.")
    rejected: list[RejectedGroupOut] = Field(
        description="Of `credits-rejected`: by board and reason, the most first. Empty for every other kind."
    )


class AttentionOut(Out):
    """What needs attention at a provider now."""

    provider_id: str
    data: list[AttentionEntryOut] = Field(
        description="One entry for each kind that the client has the scope to read, with a count of 0 where nothing "
        "waits; the most harmful first."
    )
