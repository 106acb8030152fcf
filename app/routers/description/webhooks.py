"""The description of webhooks: what this service sends to endpoints, a document of its own.

Within the description of the API it broke clients: openapi-generator wrote a class for its tag over the one of
`list_events`, and a Python package that could not be imported.
"""

from __future__ import annotations

from typing import Any

from app.routers.description.examples import example_of
from app.routers.description.schemas import REF, Schema, components_of, tidy
from app.routers.description.texts import WEBHOOKS, WEBHOOKS_TAG
from app.schemas.events import EVENTS, Event, kind_of

_HEADERS = {
    "webhook-id": ("The event's id, the same on every attempt.", "evt_019ab0c25d1e7f048a353f6f1c2e9b70"),
    "webhook-timestamp": ("Time of this attempt, in seconds since 1970.", "1767225600"),
    "webhook-signature": (
        "Signatures, separated by spaces: `v1,` and the Base64 of HMAC-SHA256 over id, timestamp and body.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
}


def webhooks_of(info: dict[str, Any], version: str) -> dict[str, Any]:
    """Return the document of webhooks (Standard Webhooks), beside a description of the API with this `info`."""
    schemas: Schema = {}
    for event in EVENTS:
        schemas |= components_of(event)
    for schema in schemas.values():
        tidy(schema)
        # Events may get fields: a receiver must not refuse one.
        schema["additionalProperties"] = True
    return {
        "openapi": version,
        "info": info | WEBHOOKS,
        "servers": [{"url": "https://lms.example.org", "description": "Where your webhook endpoint is"}],
        "webhooks": {kind_of(event): {"post": _operation(event, schemas)} for event in EVENTS},
        "components": {"schemas": dict(sorted(schemas.items()))},
        "tags": [WEBHOOKS_TAG],
    }


def _operation(event: type[Event], schemas: Schema) -> dict[str, Any]:
    kind = kind_of(event)
    schema = {"$ref": REF + event.__name__}
    example = {"summary": "An example", "value": example_of(schema, schemas)}
    what = " ".join((event.__doc__ or "").split())
    return {
        "operationId": "on_" + kind.replace(".", "_"),
        "summary": kind.replace(".", " ").capitalize(),
        "description": f"{what}\n\nAnswer 2xx once it is stored; after any other answer it is sent again.",
        "tags": [WEBHOOKS_TAG["name"]],
        "security": [],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": text,
                "schema": {"type": "string"},
                "example": value,
            }
            for name, (text, value) in _HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "examples": {"example": example}}},
        },
        "responses": {
            "204": {"description": "It is stored."},
            "410": {"description": "The address is gone: nothing more is sent to it."},
        },
    }
