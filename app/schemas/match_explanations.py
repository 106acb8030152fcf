"""How the physician of a completion was found, for the operator."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field

from app.domain.identity.explanations import ExplainedMatch
from app.schemas.base import Example, Out


class MatchExplanationOut(Out):
    """The decision on a completion: levels and ids, never a name, a date or a number."""

    example: ClassVar[Example] = {
        "completion_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be401",
        "physician_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be411",
        "weighed": True,
        "explanation": {
            "weights": "v1", "population_bits": 20, "result": "one", "stopped_by": None,
            "candidates": [
                {
                    "physician_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be411", "surname": "same", "given": "nickname",
                    "swapped": False, "middle": "absent", "suffix": "absent", "birth_date": "same", "state": "same",
                    "certified": "absent", "school": "absent", "numbers_agree": ["license"], "numbers_differ": [],
                    "score": 41.5, "slips": 0.5,
                }
            ],
        },
    }  # fmt: skip

    completion_id: str
    physician_id: str | None = Field(
        description="Whose it is now; null for participation without a physician, and for a record that waits."
    )
    weighed: bool = Field(
        description="False where all that was given fitted one physician as on file, and where nobody came near."
    )
    made_at: datetime | None = Field(description="When it was decided; null where nothing was weighed.")
    explanation: dict[str, Any] | None = Field(
        description="Version of the weights, candidates with the level of each "
        "field, slip points and scores, and the rule that stopped it. Null where nothing was weighed."
    )

    @classmethod
    def of(cls, explained: ExplainedMatch) -> MatchExplanationOut:
        """Show an explanation."""
        return cls(
            completion_id=explained.subject_id,
            physician_id=explained.physician_id,
            weighed=explained.document is not None,
            made_at=explained.made_at,
            explanation=dict(explained.document) if explained.document is not None else None,
        )
