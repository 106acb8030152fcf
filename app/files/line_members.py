"""Members that we add to lines of JSON that go back to their sender, and pass over when they return."""

from __future__ import annotations

ERRORS, NOTES, RESULT, LINE = "_errors", "_notes", "_result", "_line"
"""What is wrong with a line, what was noted of it, the answer to it, and a line that is no JSON object, as sent."""
DROPPED = frozenset({ERRORS, NOTES, RESULT})
"""Members of ours that a line may still have from an earlier round."""
