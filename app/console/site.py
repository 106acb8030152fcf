"""The site of the console: every page that is served, in the order in which addresses are tried."""

from __future__ import annotations

from app.console import assets
from app.console.pages import (
    activities,
    activity_changes,
    activity_forms,
    add,
    boards,
    completions,
    correct,
    disputes,
    downloads,
    fixing,
    held,
    home,
    joining_codes,
    learners,
    operator,
    passport,
    provider_mark,
    reports,
    session,
    settings,
    summary,
    upload_results,
    uploads,
    validate,
)
from app.console.pages.entrance import accessibility, account, front_door, second_factor, sign_in

PAGES = (
    assets.router,
    accessibility.router,
    sign_in.router,
    sign_in.sign_out,
    second_factor.router,
    account.router,
    front_door.router,
    home.router,
    learners.router,
    completions.router,
    summary.router,
    reports.router,
    downloads.router,
    activity_forms.router,
    activity_changes.router,
    add.router,
    correct.router,
    session.router,
    activities.router,
    uploads.router,
    upload_results.router,
    fixing.router,
    validate.router,
    held.router,
    *settings.ROUTERS,
    *boards.ROUTERS,
    *operator.ROUTERS,
    joining_codes.router,
    provider_mark.router,
    disputes.router,
    *passport.ROUTERS,
)
"""The pages, none of them in the description of the API."""
UPLOADS = frozenset(
    {
        ("POST", f"/p/{{provider_id}}{uploads.NEW}"),
        ("POST", "/b/{code}/roster"),
        ("POST", "/b/{code}/decisions"),
        ("POST", "/verify/{code}/compare"),
    }
)
"""Pages whose forms hold files."""
