"""Deprecation: said in the description, and to everybody who still uses what is old."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Query
from fastapi.testclient import TestClient
from starlette.responses import Response

from app.core.errors import Conflict
from app.core.http.application import Application
from app.core.http.deprecation import Deprecated
from app.core.http.exchange import BodyBounds
from app.core.http.pagination import PageQuery
from app.core.http.routing import StrictRoute
from app.routers.callers import Public
from app.routers.description.document import document_of
from app.routers.openapi import operation_id
from tests.harness.contract import committed

SINCE, SUNSET = date(2026, 1, 1), date(2027, 1, 1)
router = APIRouter(tags=["System"], route_class=StrictRoute, dependencies=[Public])


class HuesQuery(PageQuery):
    """Which hues to list."""

    shade: Annotated[str | None, Deprecated(SINCE, sunset=SUNSET)] = None


@router.get("/old", dependencies=[Depends(Deprecated(SINCE, sunset=SUNSET, link="/docs"))])
async def read_old() -> Response:
    """Read what is old."""
    return Response("{}", media_type="application/json")


@router.get("/refused", dependencies=[Depends(Deprecated(SINCE))])
async def refuse_old() -> None:
    """Refuse."""
    raise Conflict


@router.get("/colours")
async def list_colours(
    hue: Annotated[str | None, Query(), Deprecated(date(2026, 6, 1), link="/docs")] = None, tone: str | None = None
) -> dict[str, str | None]:
    """List colours."""
    return {"hue": hue, "tone": tone}


@router.get("/hues")
async def list_hues(query: Annotated[HuesQuery, Query()]) -> dict[str, str | None]:
    """List hues."""
    return {"shade": query.shade}


@pytest.fixture(scope="module")
def app() -> FastAPI:
    bounds = BodyBounds(1_024, 5)
    app = Application(
        admission=lambda _: None, bounds=bounds, upload_bounds=bounds,
        title="Old", version="1", generate_unique_id_function=operation_id,
    )  # fmt: skip
    app.include_router(router)
    return app


@pytest.fixture(scope="module")
def old(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


def test_every_answer_of_an_old_route_says_so(old: TestClient) -> None:
    headers = old.get("/old").headers
    assert headers["Deprecation"] == "@1767225600"
    assert headers["Sunset"] == "Fri, 01 Jan 2027 00:00:00 GMT"
    assert headers["Link"] == '</docs>; rel="deprecation"; type="text/html"'


def test_problems_of_an_old_route_say_so_too(old: TestClient) -> None:
    for path, status in (("/refused", 409), ("/refused?colour=1", 422)):
        answer = old.get(path)
        assert (answer.status_code, answer.headers["Deprecation"]) == (status, "@1767225600")
        assert "Sunset" not in answer.headers
        assert "Link" not in answer.headers


def test_an_old_parameter_is_spoken_of_to_those_who_send_it(old: TestClient) -> None:
    told = old.get("/colours", params={"hue": "red", "tone": "low"})
    assert (told.json()["hue"], told.headers["Deprecation"]) == ("red", "@1780272000")
    assert "Deprecation" not in old.get("/colours", params={"tone": "low"}).headers
    assert old.get("/hues", params={"shade": "dark"}).headers["Sunset"] == "Fri, 01 Jan 2027 00:00:00 GMT"
    assert "Sunset" not in old.get("/hues").headers


def test_the_description_says_what_is_old(app: FastAPI) -> None:
    paths = document_of(app, summary="", description="Old.", contact={"name": "Tests"})["paths"]
    old = paths["/old"]["get"]
    assert old["deprecated"]
    assert "Deprecated since 2026-01-01, and may be gone from 2027-01-01 on. See /docs." in old["description"]
    for response in old["responses"].values():
        assert {"Deprecation", "Sunset", "Link"} <= response["headers"].keys()
    assert "Sunset" not in paths["/refused"]["get"]["responses"]["422"]["headers"]
    colours = {parameter["name"]: parameter for parameter in paths["/colours"]["get"]["parameters"]}
    assert (colours["hue"]["deprecated"], "deprecated" in colours["tone"]) == (True, False)
    assert "deprecated" not in paths["/colours"]["get"]
    assert {parameter["name"] for parameter in paths["/hues"]["get"]["parameters"] if parameter.get("deprecated")} == {
        "shade"
    }


def test_nothing_goes_before_it_is_old() -> None:
    with pytest.raises(ValueError, match="before the deprecation"):
        Deprecated(SUNSET, sunset=SINCE)


def test_nothing_of_ours_is_old_yet() -> None:
    for operation in committed().operations:
        assert not operation.said.get("deprecated"), operation.id
        assert not any(parameter.get("deprecated") for parameter in operation.said.get("parameters", ())), operation.id
