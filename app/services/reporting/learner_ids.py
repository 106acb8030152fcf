"""The opaque ids by which providers name learners: different for each provider, and never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.core.security import Keyring
from app.services.context import Work
from app.store.registry import learners

ProviderAndPhysician = tuple[str, str]
"""A provider and a physician."""
LearnerIds = Mapping[ProviderAndPhysician, str | None]
"""The ids that were looked up; None where there is none yet."""
LearnerIdRow = Mapping[str, object]
"""A row of `learner_links`."""


def derive_learner_ids(keyring: Keyring, pair: ProviderAndPhysician) -> list[str]:
    """Return the id by which a provider may name a physician, then those by the former secrets."""
    return [f"lrn_{digest[:32]}" for digest in keyring.keyed_digests("learner-link", "|".join(pair))]


def assign_learner_id(
    work: Work, pair: ProviderAndPhysician, known: dict[ProviderAndPhysician, str], new: list[LearnerIdRow]
) -> str:
    """Return the id by which a provider may name a physician; one not known yet is added to `known` and `new`."""
    if pair not in known:
        # Derived, not drawn: two requests that meet the person first at the same moment agree.
        learner_id, *_ = derive_learner_ids(work.service.keyring, pair)
        known[pair] = learner_id
        provider_id, physician_id = pair
        # The columns have their first names: `learner_id` holds the physician's id, `link` the learner id.
        new.append({"provider_id": provider_id, "learner_id": physician_id, "link": learner_id, "created_at": work.now})
    return known[pair]


def in_one_order(new: Sequence[LearnerIdRow]) -> list[LearnerIdRow]:
    """Return new ids in the order in which every transaction stores them: in two orders, two would block each other."""
    return sorted(new, key=lambda row: str(row["link"]))


def save_learner_ids(work: Work, new: Sequence[LearnerIdRow]) -> None:
    """Store new ids; one that stands already stays."""
    learners.add_learner_ids(work.connection, in_one_order(new))
