"""What waits for the operator in CME Passport: counts, and each as a sentence that names nobody."""

from __future__ import annotations

import msgspec


class PassportWaiting(msgspec.Struct, frozen=True, kw_only=True):
    """How much waits for the operator's decision."""

    claims: int
    """Claims to accounts that somebody else has."""
    disputes: int
    """Disputes of physicians that were referred to the operator, or that nobody answered in time."""

    @property
    def sentences(self) -> list[str]:
        """What waits, in words; nothing for what does not."""
        found = []
        if self.claims:
            found.append(_counted(self.claims, "claim waits", "claims wait", "to an account that another has."))
        if self.disputes:
            found.append(_counted(self.disputes, "dispute waits", "disputes wait", "about what was reported."))
        return found


def _counted(count: int, one: str, many: str, what: str) -> str:
    return f"{count:,} {one if count == 1 else many} for your decision, {what}"
