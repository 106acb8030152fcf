"""Invariants of CME Passport, each as a query for the ids of rows that break it."""

from __future__ import annotations

INVARIANTS: dict[str, str] = {
    "a dispute is of the provider of its record, and of its permission": """
        SELECT d.dispute_id FROM disputes d LEFT JOIN completions c ON c.completion_id = d.completion_id
        LEFT JOIN withdrawn_permissions w ON w.permission_id = d.permission_id
        WHERE coalesce(c.provider_id, d.provider_id) <> d.provider_id
        OR coalesce(w.provider_id, d.provider_id) <> d.provider_id
        OR coalesce(w.completion_id, '') <> CASE WHEN w.permission_id IS NULL THEN '' ELSE
            coalesce(d.completion_id, '') END""",
    "a dispute begins with what its physician says, and ends with its last step": """
        SELECT d.dispute_id FROM disputes d JOIN learners l ON l.learner_id = d.learner_id AND l.erased_at IS NULL
        WHERE NOT EXISTS (SELECT 1 FROM dispute_steps s WHERE s.dispute_id = d.dispute_id AND s.verb = 'open')
        OR (d.closed_at IS NOT NULL) <> EXISTS (SELECT 1 FROM dispute_steps s
            WHERE s.dispute_id = d.dispute_id AND s.verb IN ('agree', 'refuse', 'take-back'))""",
    "a dispute waits for somebody until a time, but for the operator": """
        SELECT dispute_id FROM disputes
        WHERE (due_at IS NOT NULL) <> (status IN ('open', 'answered'))""",
    "permission that was given back is asked for no longer": """
        SELECT d.dispute_id FROM disputes d JOIN withdrawn_permissions w ON w.permission_id = d.permission_id
        WHERE w.given_back_at IS NOT NULL AND d.closed_at IS NULL""",
}
