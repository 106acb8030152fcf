"""The opaque ids by which providers name learners: another one for each provider, the same one for ever."""

from __future__ import annotations

from collections.abc import Mapping

from app.services.context import Work
from app.store import learners

Pair = tuple[str, str]
"""A provider and a physician."""
LearnerIds = Mapping[Pair, str | None]
"""The ids of those that were looked for; None where there is none yet."""


def learner_id_of(work: Work, pair: Pair, known: dict[Pair, str], new: list[dict[str, object]]) -> str:
    """Return the id under which a provider may name a physician, noting it when it is to be kept for the first time."""
    if pair not in known:
        # Derived, not drawn: two requests that meet the person first at the same moment agree.
        learner_id = "lrn_" + work.service.keyring.keyed_digest("learner-link", "|".join(pair))[:32]
        known[pair] = learner_id
        provider_id, physician_id = pair
        new.append({"provider_id": provider_id, "learner_id": physician_id, "link": learner_id, "created_at": work.now})
    return known[pair]


def keep_learner_ids(work: Work, new: list[dict[str, object]]) -> None:
    """Keep new ids, in one order for every transaction; one that stands already stays."""
    learners.add_learner_ids(work.connection, sorted(new, key=lambda row: str(row["link"])))
