"""What the rules about activities look at."""

from __future__ import annotations

import msgspec

from app.domain.activities import Activity
from app.domain.boards import Span
from app.domain.catalogue import Catalogue

ALWAYS = Span()


class ActivityCase(msgspec.Struct, frozen=True, kw_only=True):
    """An activity before the rules, with the board facts."""

    activity: Activity
    catalogue: Catalogue
    accredited: Span = ALWAYS
    """The time of the provider's accreditation."""

    @property
    def joint(self) -> bool | None:
        """Whether the provider is jointly accredited; None where nobody looked."""
        return self.activity.jointly_accredited
