"""The opaque ids by which providers name learners: another one for each provider, the same one for ever."""

from __future__ import annotations

from collections.abc import Mapping

from app.services.context import Work
from app.store import learners

Pair = tuple[str, str]
"""A provider and a learner."""
Links = Mapping[Pair, str | None]
"""The ids of those that were looked for; None where there is none yet."""


def link_of(work: Work, pair: Pair, links: dict[Pair, str], new: list[dict[str, object]]) -> str:
    """Return the id under which a provider may name a learner, noting it when it has to be kept for the first time."""
    if pair not in links:
        # Derived, not drawn: two requests that meet the person first at the same moment agree.
        link = "lrn_" + work.service.keyring.keyed_digest("learner-link", "|".join(pair))[:32]
        links[pair] = link
        provider_id, learner_id = pair
        new.append({"provider_id": provider_id, "learner_id": learner_id, "link": link, "created_at": work.now})
    return links[pair]


def keep_links(work: Work, new: list[dict[str, object]]) -> None:
    """Keep new ids, in one order for every transaction; one that stands already stays."""
    learners.add_links(work.connection, sorted(new, key=lambda row: str(row["link"])))
