"""Members that are added to records of JSON documents on their way back to the sender, and dropped when they return."""

from __future__ import annotations

FINDINGS, RESULT, AS_SENT = "Findings", "Result", "AsSent"
"""What was found, the answer to a record, and a record as sent that is not an object."""
ADDED = frozenset({FINDINGS, RESULT})
"""Members that a record may still have from an earlier round."""
OWN_CREDIT_ID = "ccid:pars-credit:"
"""The beginning of a CreditID that we give to credit of which its sender has no key: no key of the sender's."""
ATTRIBUTES = ("DateTimeCreated",)
"""What is kept of what a document says beside its records."""
