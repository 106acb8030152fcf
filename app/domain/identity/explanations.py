"""How the physician of a completion was found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec


class ExplainedMatch(msgspec.Struct, frozen=True, kw_only=True):
    """The decision on a completion, as far as anything had to be weighed for it."""

    subject_id: str
    physician_id: str | None
    """Whose the completion is now; None for one without a physician."""
    made_at: datetime | None
    document: Mapping[str, Any] | None
    """Version of the weights, keys, candidates with levels, scores, the rule that stopped it; None where all fitted."""
