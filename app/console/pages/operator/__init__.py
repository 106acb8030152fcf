"""The operator's side: work that waits, providers, boards, the registry, people and the audit log."""

from __future__ import annotations

from app.console.pages.operator import (
    as_provider,
    audit,
    board_rules,
    boards,
    merging,
    misses,
    pairs,
    passport,
    passport_disputes,
    people,
    providers,
    registry,
    rems,
    splitting,
    work,
)

ROUTERS = (
    work.router,
    providers.router,
    rems.router,
    as_provider.router,
    boards.router,
    board_rules.router,
    misses.router,
    pairs.router,
    merging.router,
    splitting.router,
    registry.router,
    passport.router,
    passport_disputes.router,
    people.router,
    audit.router,
)
"""The pages of operators."""
