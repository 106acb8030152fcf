"""How the API describes itself."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from app import __version__
from app.core.errors import every_problem
from app.domain.boards import BoardKind
from app.domain.catalogue import Catalogue
from app.domain.formats import ACTIVITY_FORMATS
from app.schemas.problems import MEDIA_TYPE, ErrorItem, FindingOut, ProblemOut

DESCRIPTION = """Report which physician completed what; every finding comes at once, with the rule behind it.

A completion is one learner, one activity, one date. Sent again it is `unchanged`; with another board or state it is
`joined` to what stands. Errors are problems (RFC 9457): `errors` names every fault with a JSON Pointer, `findings`
holds all that the rules have to say.
"""
TAGS = [
    {"name": "Activities", "description": "What a provider offers."},
    {"name": "Learner completions", "description": "Who completed what, and the credit for it."},
    {"name": "Events", "description": "What has happened, in its order."},
    {"name": "Learner validations", "description": "Whether given identity data fits one learner, several, or none."},
    {"name": "Reference data", "description": "Boards, rules and formats, as the rules use them."},
    {"name": "System", "description": "Health, metrics, and pages about problems."},
]


Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """Describe the errors of a route; those that any request can meet are added."""
    known: dict[int, list[str]] = {}
    for kind in every_problem():
        known.setdefault(kind.status, []).append(kind.code)
    return {
        status: {
            "description": "Problem: " + ", ".join(f"`{code}`" for code in known[status]),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({*statuses, 400, 401, 403, 422, 500, 503})
    }


def _name_what_is_known(schemas: dict[str, Any], catalogue: Catalogue) -> None:
    """Let the fields for boards and formats say what they take, so that a new board needs no change here."""
    certifying = [b for b in catalogue.boards.values() if b.kind is BoardKind.CERTIFYING]
    licensing = sorted(b.code for b in catalogue.boards.values() if b.kind is BoardKind.LICENSING)
    boards = "Certifying boards: " + "; ".join(f"`{b.code}` {b.name}" for b in certifying) + "."
    states = f"Licensing boards: {', '.join(f'`{code}`' for code in licensing)}."
    formats = "Formats: " + ", ".join(f"`{each.code}`" for each in ACTIVITY_FORMATS) + "."
    for name, field, text in (
        ("MocIn", "board", boards),
        ("MocRegistration", "board", boards),
        ("CmeIn", "state", states),
        ("ValidationIn", "board", boards),
        ("ValidationIn", "state", states),
        ("ActivityIn", "format", formats),
        ("ActivityPatch", "format", formats),
    ):
        described = schemas[name]["properties"][field]
        described["description"] = f"{described.get('description', '').rstrip('.')}. {text}"


def _say_that_queries_take_no_nul(paths: dict[str, Any]) -> None:
    """Give the texts of every query the pattern that `StrictRoute` holds them to."""
    for operation in (each for item in paths.values() for each in item.values()):
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query":
                _forbid_nul(parameter["schema"])


def _forbid_nul(schema: dict[str, Any]) -> None:
    if schema.get("type") == "string" and not {"enum", "const", "format", "pattern"} & schema.keys():
        schema["pattern"] = r"^[^\x00]*$"
    for inner in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        _forbid_nul(inner)


def operation_id(route: APIRoute) -> str:
    """Name an operation after its function: stable, and good to read in generated clients."""
    return route.name


def describe(app: FastAPI, catalogue: Catalogue) -> dict[str, Any]:
    """Return the OpenAPI document; the boards and formats it names are those of the catalogue."""
    if app.openapi_schema is None:
        document = get_openapi(
            title="PARS",
            version=__version__,
            summary="Reporting of learner credit by accredited medical-education providers",
            description=DESCRIPTION,
            routes=app.routes,
            tags=TAGS,
        )
        schemas = document["components"]["schemas"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for name, model in (("Problem", ProblemOut), ("ErrorItem", ErrorItem), ("FindingOut", FindingOut)):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schema.pop("$defs", None)
            schemas[name] = schema
        _name_what_is_known(schemas, catalogue)
        _say_that_queries_take_no_nul(document["paths"])
        document["components"]["schemas"] = dict(sorted(schemas.items()))
        app.openapi_schema = document
    return app.openapi_schema
