"""Clients managed by clients: whom one may see, make, change and end, and how much it may give.

The operator manages everybody, a provider's client those of its provider, a vendor's those of its organisation. Nobody
gives more than they have: scopes, providers and time are bounded by those of whoever gives, as they stand in the same
transaction, so that nothing is made with a key that was ended. Clients that are not managed look absent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import (
    Conflict,
    Contended,
    ErrorItem,
    Forbidden,
    InvalidRequest,
    NotFound,
    OperatorFault,
    Problem,
    fault_at,
)
from app.domain.audit import ClientAudit
from app.domain.clients import SYSTEM_ROLES, Client, ClientKind, ClientListing, Role
from app.domain.looking.attention import Waiting
from app.services.access import clients as verbs
from app.services.access.authentication import refusal_of, standing_client
from app.services.access.clients import CreatedClient
from app.services.access.scopes import ROLE_SCOPES, SCOPES, TEST_SCOPES, effective_scopes
from app.services.context import Caller, Work
from app.services.preconditions import must_match
from app.store import clients as organisations
from app.store.access import clients, keys

MOST_CLIENTS = 100
"""That work, of one provider with its sandbox, or of one vendor: more are the operator's to make."""
MANAGE = "clients:manage"
_NO_CLIENT = "There is no such client, or it is not yours to manage."
LOCKED_OUT = "To do it all the same, send own=true."


class NewClient(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for of a new client; what is None follows from who asks."""

    name: str
    role: Role | None
    provider_ids: Sequence[str] | None
    board: str | None
    scopes: Sequence[str] | None
    test: bool | None
    expires_at: datetime | None


def page(
    connection: Connection, caller: Caller, *, revoked: bool, after: str | None, limit: int
) -> list[ClientListing]:
    """Return the clients that the caller manages after an id, by id; those that were revoked too if asked for.

    An operator who looks at one provider sees those of that provider.
    """
    now = caller.service.clock()
    return clients.page(
        connection, caller.client, now, revoked=revoked, after=after, limit=limit, provider_id=_looked_at(caller)
    )


def get(connection: Connection, caller: Caller, client_id: str) -> ClientListing:
    """Return a client that the caller manages, and of the one provider that an operator looks at.

    Raises `NotFound` for any other.
    """
    now = caller.service.clock()
    return _require(clients.one(connection, caller.client, now, client_id, provider_id=_looked_at(caller)))


def failing_endpoints(connection: Connection, caller: Caller, provider_ids: Collection[str]) -> dict[str, Waiting]:
    """Return, of each provider, how many webhook endpoints fail that a person manages, and since when; else nothing.

    Endpoints are systems': a person has none of their own, and may look after those of the systems that they manage.
    """
    client = caller.client
    if client.kind is not ClientKind.PERSON or not {MANAGE, "webhooks:manage"} <= client.scopes:
        return {}
    return clients.failing_endpoints(connection, client, provider_ids, provider_id=_looked_at(caller))


def _looked_at(caller: Caller) -> str | None:
    return caller.provider if caller.client.role is Role.OPERATOR else None


def lock(work: Work, client_id: str) -> tuple[Client, ClientListing]:
    """Return the caller as it stands now, and a client that it manages and that nobody else changes meanwhile.

    Raises `NotFound`, and `Forbidden` when the caller's key ended while the request was on its way.
    """
    keys.lock_client(work.connection, client_id)
    manager = standing(work)
    return manager, _require(clients.one(work.connection, manager, work.now, client_id))


def standing(work: Work) -> Client:
    """Return the caller as it stands in this transaction; raises `Forbidden` when its key no longer works."""
    caller = work.caller.client
    credential = caller.credential
    if caller.kind is ClientKind.PERSON:
        found = standing_client(work.connection, caller.client_id, None, work.now)
        if found is None or MANAGE not in found.scopes:
            raise Forbidden("You are no longer a manager here.")
        return found
    if credential is None:
        return caller
    key = keys.find_by_id(work.connection, caller.client_id, credential.key_id)
    if key is None or refusal_of(key, work.now) is not None:
        raise Forbidden("The key of this request was ended, or has expired, while the request was on its way.")
    client = effective_scopes(key.client)
    client = replace(client, scopes=client.scopes & caller.scopes, credential=credential)
    if MANAGE not in client.scopes:
        raise Forbidden(f"The client has lost the scope {MANAGE} while the request was on its way.")
    return client


def create(work: Work, asked: NewClient) -> tuple[ClientListing, CreatedClient]:
    """Create a client; return it with its key and secret, which are shown only this once.

    Raises `InvalidRequest` with all that cannot be given, and `Conflict` when there are `MOST_CLIENTS`.
    """
    # Those who make clients at once wait for each other: all of them would find the last place free.
    keys.lock_client(work.connection, work.caller.client.organisation_id)
    locked = clients.lock_accredited(work.connection, work.caller.client)
    manager = standing(work)
    operates = manager.role is Role.OPERATOR
    role = asked.role or (None if operates else manager.role)
    test = manager.test if asked.test is None else asked.test
    faults = _faults_of_kind(work, manager, asked, role, test=test)
    if not asked.name.strip():
        faults.append(
            fault_at("/name", "The client has no name.", "Say which system it is: the log and lists show it.")
        )
    given = sorted(manager.provider_ids) if asked.provider_ids is None else list(asked.provider_ids)
    provider_ids = [] if operates and role not in (Role.PROVIDER, Role.VENDOR) else given
    if role is not None:
        faults += _faults_of_scopes(manager, role, asked.scopes, (), test=test)
    acted_for = [organisations.provider_acted_for(work.connection, manager, id) for id in provider_ids]
    faults += [
        fault_at(
            f"/provider_ids/{place}", "There is no such provider among those that you act for.",
            "Name providers that GET /v1/providers lists. Ids have their leading zeros.",
        )
        for place, provider_id in enumerate(acted_for)
        if provider_id is None
    ]  # fmt: skip
    if role is Role.PROVIDER and not provider_ids and not test:
        faults.append(
            fault_at("/provider_ids", "A provider's client acts for a provider.", 'Name at least one, as "0008001".')
        )
    expires_at = asked.expires_at
    if expires_at is None and not operates:
        expires_at = manager.expires_at
    faults += faults_of_expiry(manager, expires_at)
    if expires_at is not None and expires_at <= work.now:
        faults.append(_past())
    if faults or role is None:
        raise InvalidRequest(errors=faults)
    if not operates:
        _refuse_surplus(work, manager, [id for id in acted_for if id], locked)
    scopes = asked.scopes
    if scopes is None:
        possible = verbs.possible_scopes(role, (), test=test)
        scopes = possible if operates else [scope for scope in possible if scope in manager.scopes]
    try:
        created = verbs.create(
            work, asked.name, role=role, provider_ids=[id for id in acted_for if id], board=asked.board, scopes=scopes,
            test=test, expires_at=expires_at, organisation=None if operates else manager.organisation_id,
        )  # fmt: skip
    except OperatorFault as fault:
        raise Conflict(str(fault)) from None
    return _require(clients.one_of_all(work.connection, work.now, created.client_id)), created


def _refuse_surplus(work: Work, manager: Client, provider_ids: Sequence[str], locked: Collection[str]) -> None:
    """Raise `Conflict` where `MOST_CLIENTS` of one of the providers work, or of the vendor or the sandbox's tester."""
    connection = work.connection
    accredited = clients.accredited_of(connection, provider_ids) if manager.role is Role.PROVIDER else set()
    if accredited - set(locked):
        raise Contended("the provider was merged while a client of it was made")
    counts = [clients.count_of_provider(connection, id, MOST_CLIENTS) for id in sorted(accredited)]
    if not accredited:
        counts = [clients.count(connection, manager, MOST_CLIENTS)]
    if max(counts) >= MOST_CLIENTS:
        raise Conflict(f"There are {MOST_CLIENTS} clients that work already: revoke those that nobody uses any longer.")


def _faults_of_kind(work: Work, manager: Client, asked: NewClient, role: Role | None, *, test: bool) -> list[ErrorItem]:
    """Return what is wrong with the role, the board and the environment of a new client."""
    faults = []
    if role is None or role not in SYSTEM_ROLES:
        faults.append(fault_at("/role", "The client has no role.", "Send provider, vendor, board or operator."))
    elif manager.role is not Role.OPERATOR and role is not manager.role:
        faults.append(
            fault_at("/role", f"A {manager.role.value}'s client makes clients of its own role only.", "Leave it out.")
        )
    if manager.test and not test:
        faults.append(fault_at("/environment", "A test client makes test clients only.", "Leave it out, or send test."))
    if role is Role.BOARD and manager.role is Role.OPERATOR:
        if test:
            faults.append(fault_at("/environment", "A board has no test client.", "Leave it out, or send live."))
        if asked.board is None or work.service.catalogue.board(asked.board) is None:
            faults.append(fault_at("/board", "There is no such board.", "Send a code that GET /v1/boards lists."))
    elif asked.board is not None:
        faults.append(fault_at("/board", "Only a board's client has a board.", "Leave it out."))
    if asked.provider_ids and role in (Role.BOARD, Role.OPERATOR):
        faults.append(fault_at("/provider_ids", "Such a client acts for no single provider.", "Leave it out."))
    return faults


def change(work: Work, client_id: str, if_match: str | None, given: Mapping[str, Any], *, own: bool) -> ClientListing:
    """Change name, scopes, expiry or attestation of a client; a change of nothing writes nothing.

    Raises `NotFound`, `PreconditionRequired`, `PreconditionFailed`, `InvalidRequest` with all that cannot be given, and
    `Conflict` for a client that was revoked, and for one that would keep itself from managing clients, unless `own`.
    """
    manager, client = lock(work, client_id)
    must_match(if_match, client.version)
    return _change(work, manager, client, given, own=own)


def change_named(work: Work, named: str, given: Mapping[str, Any]) -> ClientListing:
    """Change a client by its id or name, for the operator's command; raises `OperatorFault`, or as `change` does."""
    client_id = verbs.find_client(work.connection, named)
    keys.lock_client(work.connection, client_id)
    client = _require(clients.one_of_all(work.connection, work.now, client_id))
    try:
        return _change(work, work.caller.client, client, given, own=True)
    except Problem as problem:
        raise OperatorFault(
            " ".join(f"{fault.detail} {fault.hint or ''}".strip() for fault in problem.faults)
        ) from None


def _change(
    work: Work, manager: Client, client: ClientListing, given: Mapping[str, Any], *, own: bool
) -> ClientListing:
    client_id = client.client_id
    if client.revoked_at is not None:
        raise Conflict("The client was revoked, for good: create another.")
    faults: list[ErrorItem] = []
    values: dict[str, Any] = {}
    if "name" in given:
        if not (given["name"] or "").strip():
            faults.append(fault_at("/name", "The client has no name.", "Send one, or leave it out."))
        values["name"] = (given["name"] or "").strip()
    if "scopes" in given:
        wanted = list(dict.fromkeys(given["scopes"] or ()))
        faults += _faults_of_scopes(manager, client.role, wanted, client.scopes, test=client.test)
        values["scopes"] = [scope for scope in SCOPES if scope in wanted]
        if client_id == manager.client_id and MANAGE not in wanted and not own:
            raise Conflict(f"The client would take the scope {MANAGE} from itself, and could not undo it. {LOCKED_OUT}")
    if "expires_at" in given:
        values["expires_at"] = asked = given["expires_at"]
        if not _sooner(asked, client.expires_at):
            faults += faults_of_expiry(manager, asked)
        if asked is not None and asked <= work.now:
            faults.append(_past())
    if "permission_attested" in given and given["permission_attested"] is None:
        faults.append(fault_at("/permission_attested", "It is neither true nor false.", "Send one, or leave it out."))
    if faults:
        raise InvalidRequest(errors=faults)
    before: dict[str, Any] = {
        "name": client.name,
        "scopes": [scope for scope in SCOPES if scope in client.scopes],
        "expires_at": client.expires_at,
    }
    changed = {name: value for name, value in values.items() if value != before[name]}
    attested = given.get("permission_attested", client.attests_permission)
    attestation = (
        {} if attested is client.attests_permission else _attestation(work, client, changed, attested=attested)
    )
    if not changed and not attestation:
        return client
    clients.change(work.connection, client_id, client.version, changed | attestation)
    if changed:
        work.audit("change", client_id, _audit_of(changed))
    if attestation:
        verb = "attest-permission" if attested else "withdraw-permission"
        work.audit(verb, client_id, ClientAudit(permission_attested=attested))
    return _require(clients.one_of_all(work.connection, work.now, client_id))


def _attestation(work: Work, client: ClientListing, changed: Mapping[str, Any], *, attested: bool) -> dict[str, Any]:
    """Return the columns of an attestation made anew, in the client's name as it is then, or withdrawn."""
    if not attested:
        return {"permission_withdrawn_at": work.now}
    return {
        "permission_attested_by": changed.get("name", client.name),
        "permission_attested_at": work.now,
        "permission_withdrawn_at": None,
    }


def _audit_of(changed: Mapping[str, Any]) -> ClientAudit:
    expires_at = changed.get("expires_at", UNSET)
    return ClientAudit(
        changed=sorted(changed),
        scopes=changed.get("scopes", UNSET),
        expires_at=UNSET if expires_at is UNSET else expires_at.isoformat() if expires_at is not None else "",
    )


def revoke(work: Work, client_id: str, *, own: bool) -> ClientListing:
    """Revoke a client for good with all its keys; raises `NotFound`, and `Conflict` for the caller unless `own`."""
    manager, client = lock(work, client_id)
    if client_id == manager.client_id and not own:
        raise Conflict(
            f"It is the client of this request: nothing could be done with its keys any longer. {LOCKED_OUT}"
        )
    if client.revoked_at is None:
        verbs.end_client(work, client_id)
    return _require(clients.one_of_all(work.connection, work.now, client_id))


def refuse_beyond(work: Work, manager: Client, client: ClientListing) -> None:
    """Refuse to give a key of a client that may do more than the one who asks; raises `Forbidden`."""
    if manager.role is Role.OPERATOR:
        return
    beyond = [scope for scope in SCOPES if scope in set(client.scopes) - manager.scopes]
    if client.test:
        beyond = [scope for scope in beyond if scope in TEST_SCOPES]
    if beyond:
        raise Forbidden(
            f"The client has scopes that yours lacks: {', '.join(beyond)}. With a key of it you would have more rights."
        )
    foreign = clients.providers_beyond(work.connection, manager, client.client_id)
    if foreign:
        raise Forbidden(
            f"The client acts for providers that yours does not act for: {len(foreign)}. With a key of it you would "
            "have more rights."
        )


def _faults_of_scopes(
    manager: Client, role: Role, asked: Sequence[str] | None, standing: Collection[str], *, test: bool
) -> list[ErrorItem]:
    """Return what is wrong with the scopes of a client, some of which it may have already."""
    if asked is None:
        return []
    if not asked:
        hint = "Name at least one; revoke a client that is to do nothing."
        return [fault_at("/scopes", "A client without a scope can do nothing.", hint)]
    faults = []
    for place, scope in enumerate(asked):
        pointer, possible = f"/scopes/{place}", ROLE_SCOPES[role]
        if scope not in SCOPES:
            faults.append(fault_at(pointer, "There is no such scope.", f"Scopes are {', '.join(possible)}."))
        elif scope not in possible or (test and scope not in TEST_SCOPES):
            kind = "test" if test and scope in possible else role.value
            faults.append(fault_at(pointer, f"A {kind} client cannot have the scope {scope}.", "Leave it out."))
        elif manager.role is not Role.OPERATOR and scope not in manager.scopes and scope not in standing:
            detail = f"You do not have the scope {scope}, and cannot give it."
            faults.append(fault_at(pointer, detail, "Leave it out, or ask whoever has it."))
    return faults


def _sooner(asked: datetime | None, stands: datetime | None) -> bool:
    return asked is not None and (stands is None or asked <= stands)


def _past() -> ErrorItem:
    hint = "Send a moment to come, such as 2030-01-31T00:00:00Z; to end it now, revoke it."
    return fault_at("/expires_at", "It is in the past.", hint)


def ends_by(moment: datetime | None, latest: datetime | None) -> bool:
    """Whether what ends at a moment ends no later than another; None is never."""
    return latest is None or (moment is not None and moment <= latest)


def faults_of_expiry(manager: Client, asked: datetime | None) -> list[ErrorItem]:
    """Return what is wrong with the expiry of a client: it is no later than that of whoever gives it."""
    latest = None if manager.role is Role.OPERATOR else manager.expires_at
    if latest is None or ends_by(asked, latest):
        return []
    hint = f"Send {latest:%Y-%m-%dT%H:%M:%SZ} or a moment before it."
    return [fault_at("/expires_at", "It is later than your own client expires.", hint)]


def _require(client: ClientListing | None) -> ClientListing:
    if client is None:
        raise NotFound(_NO_CLIENT)
    return client
