"""Queries are read as the framework reads them, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any

import pytest
from fastapi import Query
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_params_to_args
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from starlette.datastructures import QueryParams

from app.core.http.compiled_routes import compile_route
from app.core.http.query_values import compile_query
from app.core.http.request_heads import query_parameters
from app.core.http.routing import StrictRoute
from app.main import create_app
from app.routers.callers import declared_routes
from tests.harness.properties import examples

VALUES = st.sampled_from(["", "0", "1", "501", "x", "true", "2021-12-20", "2021-12-20T00:00Z", "ABIM", "-date", "\x00"])


def dependants(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for needed in dependant.dependencies:
        yield from dependants(needed)


@cache
def groups() -> list[tuple[str, list[ModelField], list[str]]]:
    """Return every group of parameters that a route of the API reads together, with what the route knows."""
    return [
        (route.path, dependant.query_params, sorted(query_parameters(route.dependant)))
        for route in declared_routes(create_app())
        for dependant in dependants(route.dependant)
        if dependant.query_params
    ]


@given(st.data())
@examples(200)
def test_whatever_is_asked_is_read_as_the_framework_reads_it(data: st.DataObject) -> None:
    path, fields, known = data.draw(st.sampled_from(groups()), label="group")
    pairs = data.draw(st.lists(st.tuples(st.sampled_from([*known, "unknown", "other"]), VALUES), max_size=5))
    query = QueryParams(pairs)
    values, faults = request_params_to_args(fields, query)
    told: list[Any] = []
    read = compile_query(fields)(query, told)
    assert [(fault["type"], fault["loc"], fault["msg"]) for fault in told] == [
        (fault["type"], fault["loc"], fault["msg"]) for fault in faults
    ], path
    if not faults:
        assert read == values, path


def test_the_api_asks_for_much_in_queries() -> None:
    assert len(groups()) > 30
    assert any(len(known) > 10 for _, _, known in groups())


class Where(BaseModel):
    """A model that may be absent."""

    board: str = ""


async def with_optional(where: Annotated[Where | None, Query()] = None) -> None:
    """Take a model or nothing."""


def test_a_model_that_may_be_absent_stops_the_start() -> None:
    with pytest.raises(ValueError, match="cannot be absent"):
        compile_route(StrictRoute("/x", with_optional, methods=["GET"]), None)
