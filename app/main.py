"""The application: settings, routers, lifespan; nothing else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol

# Reads on the event loop need it, and the first request is not to wait for an import.
import sqlalchemy.ext.asyncio  # noqa: F401
from fastapi import FastAPI

from app import __version__
from app.console import gallery
from app.console.frame import templates
from app.console.refusals import show_problem
from app.console.routes import refuse_roleless
from app.console.site import PAGES
from app.console.site import UPLOADS as FORMS_WITH_FILES
from app.core.config import Settings
from app.core.gc_tuning import tune_garbage_collector
from app.core.http.application import Application
from app.core.http.exchange import BodyBounds
from app.domain.catalogue import Catalogue
from app.routers import (
    activities,
    activity_lists,
    batch_files,
    batch_mends,
    batches,
    board_feed,
    board_reports,
    completion_lists,
    completions,
    docs,
    events,
    held_records,
    help_requests,
    identity,
    identity_budgets,
    match_explanations,
    physician_pairs,
    physicians,
    reference,
    system,
    validations,
    webhooks,
)
from app.routers.access import audit, clients, grants, tokens
from app.routers.callers import admission_of, refuse_undeclared
from app.routers.looking import (
    attention,
    credit_lines,
    downloads,
    exports,
    known_learners,
    report_exports,
    reports,
    summaries,
)
from app.routers.openapi import describe, describe_webhooks, operation_id
from app.routers.pars import activities as pars_activities
from app.routers.pars import learner_activities as pars_learner_activities
from app.routers.pars import matches as pars_matches
from app.routers.pars import services as pars_services
from app.routers.pars import transcripts as pars_transcripts
from app.routers.passport import activities as passport_activities
from app.routers.passport import disputes, own, shares, transcripts
from app.rules.catalogue import BOARDS_FOLDER, load_catalogue
from app.services.access.authentication import ClientCache
from app.services.access.key_uses import KeyUses
from app.services.access.rates import RateLimits
from app.services.context import Service
from app.services.operations.startup import open_service, read_catalogue
from app.services.passport.live_index import LiveIndex

ROUTERS = (
    identity.router,
    clients.router,
    tokens.router,
    attention.router,
    reports.router,
    report_exports.router,
    known_learners.router,
    grants.router,
    activities.router,
    activity_lists.router,
    summaries.router,
    completions.router,
    completion_lists.router,
    credit_lines.router,
    exports.router,
    downloads.router,
    events.router,
    held_records.router,
    help_requests.router,
    disputes.router,
    validations.router,
    batches.router,
    batch_files.router,
    batch_mends.router,
    batch_files.templates,
    board_feed.router,
    board_feed.decisions,
    board_reports.router,
    audit.router,
    identity_budgets.router,
    match_explanations.router,
    physicians.router,
    physicians.searches,
    physician_pairs.router,
    webhooks.router,
    passport_activities.router,
    own.router,
    shares.router,
    shares.received,
    transcripts.router,
    pars_services.router,
    pars_activities.router,
    pars_learner_activities.router,
    pars_matches.router,
    pars_transcripts.router,
    reference.router,
    system.router,
    docs.router,
    docs.webhooks,
)
UPLOADS = frozenset({("POST", batches.PATH)}) | FORMS_WITH_FILES
"""Operations whose bodies are files."""


StartBackground = Callable[[Service, KeyUses, LiveIndex], "Background"]
"""Starts what runs beside the serving of requests: it writes when keys were used, and keeps an index up to date."""


class Background(Protocol):
    """Work that runs beside the serving of requests."""

    def stop(self) -> None:
        """Finish the piece under way, then stop."""


def create_app(
    service: Service | None = None, *, background: StartBackground | None = None, demo: bool = False
) -> FastAPI:
    """Build the application, on a service of the environment's settings unless one is given.

    `background` starts what runs beside it, and is stopped with it. `demo` serves the pages of a demo as well.
    """
    settings = service.settings if service is not None else Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        running = service or open_service(settings)
        answer_for(app, running)
        templates()
        running_background = None
        if background is not None:
            running_background = background(running, app.state.clients.uses, app.state.listed_activities)
        tune_garbage_collector()
        try:
            yield
        finally:
            if running_background is not None:
                running_background.stop()
            if service is None:
                running.database.close()

    app = Application(
        admission=admission_of,
        bounds=BodyBounds(settings.body_limit, settings.body_deadline),
        upload_bounds=BodyBounds(settings.upload_limit, settings.body_deadline, upload=True),
        uploads=UPLOADS,
        show_problem=show_problem,
        title="PARS",
        version=__version__,
        lifespan=lifespan,
        generate_unique_id_function=operation_id,
        docs_url=None,
        redoc_url=None,
    )
    app.state.demo = demo
    for router in (*ROUTERS, *PAGES, *([gallery.router] if demo else [])):
        app.include_router(router)
    catalogue = service.catalogue if service is not None else read_catalogue(settings)
    _describe_as(app, catalogue, settings)
    refuse_undeclared(app)
    refuse_roleless(app)
    return app


def answer_for(app: FastAPI, service: Service) -> None:
    """Let the application answer for a service from now on; what it remembers of another's keys is forgotten."""
    app.state.service = service
    app.state.clients = ClientCache()
    app.state.rates = RateLimits(service.settings)
    app.state.listed_activities = LiveIndex(service.catalogue)


def released_descriptions() -> tuple[str, str]:
    """Return the OpenAPI documents of the API and of webhooks as they are committed: stable, one line a value."""
    app = _released()
    return _lines_of(app.openapi()), _lines_of(describe_webhooks(app))


def _released() -> FastAPI:
    """Return an application that describes the release: no setting and no board file of this machine."""
    app, plain, boards = create_app(), Settings.model_construct(), load_catalogue((BOARDS_FOLDER,))
    _describe_as(app, boards, plain)
    return app


def _describe_as(app: FastAPI, catalogue: Catalogue, settings: Settings) -> None:
    app.openapi = partial(  # type: ignore[method-assign]
        describe, app, catalogue, support=settings.support_contact, server=settings.public_url
    )


def _lines_of(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, sort_keys=False, ensure_ascii=False) + "\n"
