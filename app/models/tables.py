"""Every table under one metadata, for migrations and tests."""

from __future__ import annotations

from app.models import (
    activities,
    batches,
    budgets,
    commits,
    completions,
    disputes,
    downloads,
    events,
    feeds,
    held,
    learners,
    organisations,
    passport,
    passport_choices,
    people,
    totals,
    webhooks,
)
from app.models.base import metadata

__all__ = [
    "activities",
    "batches",
    "budgets",
    "commits",
    "completions",
    "disputes",
    "downloads",
    "events",
    "feeds",
    "held",
    "learners",
    "metadata",
    "organisations",
    "passport",
    "passport_choices",
    "people",
    "totals",
    "webhooks",
]
