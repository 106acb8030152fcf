"""Trouble on purpose: reports for some activities of the sandbox wait or fail, so that clients can be tested for it."""

from __future__ import annotations

import asyncio

from sqlalchemy import Connection

from app.core.errors import Internal, Problem, RateLimited, Unavailable
from app.domain.sandbox import Trouble
from app.sandbox.fixtures import trouble_of
from app.services.context import Caller, read_async
from app.store import activities


async def simulate_trouble(caller: Caller, activity_id: str | None) -> None:
    """Wait or fail as the activity of a test client's report does; for live clients this does nothing.

    It comes before anything is stored and before an idempotency key is taken. Raises `RateLimited`, `Unavailable` or
    `Internal`.
    """
    if not caller.client.test or activity_id is None:
        return
    trouble = await read_async(caller, _trouble, activity_id)
    if trouble is not None:
        await asyncio.sleep(trouble.seconds)
        if trouble.status is not None:
            raise _problem(trouble)


def _trouble(connection: Connection, caller: Caller, activity_id: str) -> Trouble | None:
    found = activities.one(connection, caller.provider_id, activity_id)
    return trouble_of(found.activity.internal_id) if found is not None and found.activity.sandbox else None


def _problem(trouble: Trouble) -> Problem:
    headers = {} if trouble.retry_after is None else {"Retry-After": str(trouble.retry_after)}
    match trouble.status:
        case RateLimited.status:
            policy = {"RateLimit-Policy": f'"sandbox";q=1;w={trouble.retry_after}'}
            policy["RateLimit"] = f'"sandbox";r=0;t={trouble.retry_after}'
            return RateLimited(headers=headers | policy)
        case Unavailable.status:
            return Unavailable(headers=headers)
        case _:
            return Internal()
