"""Members that are added to lines of JSON on their way back to the sender, and dropped when they return."""

from __future__ import annotations

ERRORS, NOTES, RESULT, LINE = "_errors", "_notes", "_result", "_line"
"""The faults of a line, its warnings, the answer to it, and a line as sent that is not a JSON object."""
DROPPED = frozenset({ERRORS, NOTES, RESULT})
"""Members that a line may still have from an earlier round."""
