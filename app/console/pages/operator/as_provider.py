"""A provider's pages as an operator sees them: the same pages at another address, read only, each look in the log.

A page is taken over by naming its function in `SHOWN`. Pages that are but a form are left out. The macro that draws
forms leaves them out here, and one that is sent all the same is answered 403 or 405.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, get_type_hints

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.responses import Response

from app.console.pages import (
    activities,
    completions,
    disputes,
    downloads,
    held,
    home,
    learners,
    provider_mark,
    reports,
    summary,
    upload_results,
    uploads,
)
from app.console.pages.settings import keys, people, provider, vendors, webhooks
from app.console.routes import PageRoute
from app.console.visitors import Operator, SearchingOperator, Visitor
from app.services.access import looking_as
from app.services.context import transact_async

Show = Callable[..., Awaitable[Response]]
PREFIX, OWN = "/operator/as/{provider_id}", "/p/{provider_id}"
SHOWN: tuple[Show, ...] = (
    home.show_home,
    learners.show_learners,
    learners.show_learners_of_activity,
    completions.show_record,
    summary.show_summary,
    reports.show_reports,
    reports.show_report,
    downloads.download_list,
    downloads.download_ticked,
    activities.list_activities,
    activities.show_activity,
    provider_mark.send_mark,
    uploads.show_uploads,
    upload_results.show_upload,
    upload_results.send_file,
    disputes.show_disputes,
    disputes.show_dispute,
    held.list_held,
    held.show_held,
    people.show_settings,
    people.list_people,
    keys.list_systems,
    keys.show_system,
    webhooks.list_webhooks,
    webhooks.show_webhook,
    vendors.list_vendors,
    provider.show_provider,
)
"""The pages and files that an operator may see of a provider."""
PARTS: tuple[Show, ...] = (upload_results.show_progress,)
"""Parts of such pages, which a script asks for again and again: the page was noted."""
SEARCHES: tuple[Show, ...] = (learners.search_learners, learners.search_learners_of_activity)
"""Forms that only ask: they lead to a page with what was typed sealed in its address."""
_TICKED = "completion"
"""The parameter under which an address has the ids of the records that are ticked."""
_PAGES = (
    home, learners, completions, disputes, summary, reports, downloads, activities, uploads, upload_results, held,
    people, keys, webhooks, vendors, provider, provider_mark,
)  # fmt: skip


def _routes() -> Iterator[APIRoute]:
    for pages in _PAGES:
        yield from (route for route in pages.router.routes if isinstance(route, APIRoute))


def _as_operator(show: Show, path: str, role: Any, *, noted: bool) -> Show:
    """Return a page's function with an operator as its visitor, whose look is noted once it is known what is seen.

    `path` is the page's below the provider's, with the names of its values in braces.
    """
    hints = get_type_hints(show, include_extras=True)
    signature = inspect.signature(show)

    @functools.wraps(show)
    async def look(**values: Any) -> Response:
        answer = await show(**values)
        visitor: Visitor = values["visitor"]
        if noted:
            chosen = values.get(_TICKED, ())
            await transact_async(visitor.caller, looking_as.note_look, _seen(path, values), chosen)
        return answer

    look.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[
            parameter.replace(annotation=role if name == "visitor" else hints[name])
            for name, parameter in signature.parameters.items()
        ],
        return_annotation=Response,
    )
    return look


def _seen(path: str, values: dict[str, Any]) -> str:
    """Return what was seen: the address below the provider's, without what narrows a list."""
    named = {name: getattr(value, "value", value) for name, value in values.items() if f"{{{name}}}" in path}
    return path.format(**named) or "/"


def _take_over() -> APIRouter:
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    for route in _routes():
        path = route.path.removeprefix(OWN)
        if route.endpoint in SEARCHES:
            search = _as_operator(route.endpoint, path, SearchingOperator, noted=False)
            router.add_api_route(PREFIX + path, search, methods=["POST"])
        elif route.endpoint in (*SHOWN, *PARTS):
            look = _as_operator(route.endpoint, path, Operator, noted=route.endpoint in SHOWN)
            router.add_api_route(PREFIX + path, look, methods=["GET"])
    return router


router = _take_over()
