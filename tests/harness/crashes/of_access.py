"""Run by test_access_crash: the verbs of access, killed at one statement after another, as those of reporting."""

from __future__ import annotations

from app.core.errors import OperatorFault
from app.domain.clients import Role
from app.models.tables import metadata
from app.services.access import clients, provider_merging, rotation
from app.services.access.clients import CreatedClient
from app.services.context import Service, operator, transact
from app.store.access import provider_merges
from tests.builders.bodies import a_completion
from tests.harness.crashes.of_reporting import Tried, count, hold, kill_each, reported, rows

ONE, INTO = "0008001", "0008777"
NAME = "Our LMS"
MOVED = sorted(
    {table.name for table in metadata.sorted_tables if "provider_id" in table.columns}
    # Totals are counted for each id, and an ended grant says who had it.
    - {*provider_merges.STAYS, "upload_totals"}
)


def two_providers(service: Service) -> None:
    """Add the provider that stays; the other one has a client, records, and one that waits."""
    transact(operator(service), clients.add_provider, INTO, "Western Health")
    transact(operator(service), clients.create, NAME, role=Role.PROVIDER, provider_ids=[ONE])
    for day in ("2021-12-01", "2021-12-02"):
        reported(service, a_completion(completed_on=day))
    hold(service, "2021-12-03")


def merge_providers(service: Service) -> str:
    try:
        transact(operator(service), provider_merging.merge, ONE, INTO)
    except OperatorFault:
        return "one-already"
    return "merged"


def providers_left(service: Service) -> str:
    """Return whether the id is an alias, the tables in which one and the other have rows, and the merge's entries."""
    (alias,) = rows(service, "SELECT count(*) FROM providers WHERE provider_id = :id AND merged_into = :into", id=ONE,
                    into=INTO)[0]  # fmt: skip
    having = [sum(bool(count(service, f"{table} WHERE provider_id = '{id}'")) for table in MOVED) for id in (ONE, INTO)]
    audited = count(service, "audit WHERE verb IN ('merge', 'merge-provider')")
    return f"{alias},{having[0]},{having[1]},{'audited' if audited else 'silent'}"


def a_client(service: Service) -> None:
    transact(operator(service), clients.create, NAME, role=Role.PROVIDER, provider_ids=[ONE])


def with_new_key(service: Service) -> CreatedClient:
    return transact(operator(service), rotation.add_secrets, NAME, replace=False)


def add_key(service: Service) -> str:
    try:
        with_new_key(service)
    except OperatorFault:
        return "two-already"
    return "added"


def two_keys(service: Service) -> None:
    a_client(service)
    with_new_key(service)


def end_older(service: Service) -> str:
    _, ended = transact(operator(service), rotation.end_older, NAME)
    return f"ended-{ended}"


def renew(service: Service) -> str:
    """Do as `pars client rotate`: make, commit, and end what worked before."""
    made = transact(operator(service), rotation.add_secrets, NAME)
    transact(operator(service), rotation.end_others, made)
    return "renewed"


def keys_left(service: Service) -> str:
    """Return how many keys and secrets work, and whether each was added, and each that ended was ended, in the log."""
    of_client = f"client_id IN (SELECT client_id FROM clients WHERE name = '{NAME}')"
    working = count(service, f"client_secrets WHERE revoked_at IS NULL AND {of_client}")
    ended = count(service, f"client_secrets WHERE revoked_at IS NOT NULL AND {of_client}")
    of_log = of_client.replace("client_id", "subject_id", 1)
    logged = {verb: count(service, f"audit WHERE verb = '{verb}' AND {of_log}") for verb in ("add-key", "end-key")}
    # The first two came with the client, whose own entry tells of them.
    told = logged["add-key"] == working + ended - 2 and logged["end-key"] == ended
    return f"{working},{ended},{'told' if told else 'silent'}"


VERBS = {
    "merge-providers": Tried(two_providers, merge_providers, providers_left),
    "add-key": Tried(a_client, add_key, keys_left),
    "end-older": Tried(two_keys, end_older, keys_left),
    "renew": Tried(a_client, renew, keys_left),
}


if __name__ == "__main__":
    kill_each(VERBS)
