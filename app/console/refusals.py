"""Problems as pages: what happened, whether something was stored, and what to do; programs get problem details."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from app.console.frame import Beholder, page
from app.core.errors import Problem
from app.core.http.accepting import prefers_html
from app.core.http.exchange import Exchange
from app.core.problem import ErrorItem

VISITOR = "visitor"
"""Where the state of a request has who sees the page, once that is known."""
READY = "ready page"
"""Where the state of a request has the answer that is given in place of a problem's page, such as a way to sign in."""
_PROGRAMS = ("/v1", "/docs", "/oauth", "/problems")
"""Beginnings of addresses at which nobody looks for a page."""
_HEADINGS = {
    400: "This request could not be read",
    401: "You are not signed in",
    403: "You may not do this here",
    404: "There is nothing at this address",
    405: "This address takes no such request",
    409: "Something stands in the way",
    410: "This is no longer here",
    412: "Somebody else changed this meanwhile",
    413: "This is too large",
    422: "This could not be taken as it was sent",
    429: "Too much was asked for at once",
    500: "Something went wrong here",
    503: "The service cannot do this at the moment",
}
_WHAT_TO_DO = {
    401: "Sign in, and go on where you were.",
    403: "Ask a manager of your organisation, if you should be able to.",
    404: "It never existed, it was removed, or you may not see it. Look for typing mistakes in the address.",
    405: "Go back, and use the buttons of the page.",
    409: "Go back to the page. What you typed is still there.",
    412: "Go back, load the page again, and look at what changed before you save.",
    413: "Send less at once.",
    422: "Go back to the page. What you typed is still there.",
    429: "Wait a minute, then try again.",
    500: "Nothing was stored. Try again. If it happens once more, tell us the number below.",
    503: "It is not certain whether something was stored. Try again: sent twice, it is stored once.",
}


class RefusalView(msgspec.Struct, frozen=True, kw_only=True):
    """A problem as its page shows it."""

    status: int
    heading: str
    detail: str
    faults: tuple[ErrorItem, ...]
    what_to_do: str
    again: str | None
    """Where to try the same again; None where that would change nothing."""


def show_problem(exchange: Exchange, problem: Problem, of_page: bool | None) -> Response | None:
    """Return the page for a problem; None for programs, which get problem details.

    `of_page` says whether the route shows pages; None where the address has no route.
    """
    path: str = exchange.scope["path"]
    astray = of_page is None and not path.startswith(_PROGRAMS) and prefers_html(exchange.headers.get(b"accept"))
    if not (of_page or astray):
        return None
    ready: Response | None = exchange.scope["state"].get(READY)
    if ready is not None:
        return ready
    visitor: Beholder | None = exchange.scope["state"].get(VISITOR)
    shown_again = problem.status in (429, 500, 503) and exchange.scope["method"] in ("GET", "HEAD")
    view = RefusalView(
        status=problem.status,
        heading=_HEADINGS.get(problem.status) or problem.title(),
        detail="" if problem.status in (404, 500) else problem.detail,
        faults=problem.errors if len(problem.errors) > 1 else (),
        what_to_do=_WHAT_TO_DO.get(problem.status, "Go back to the page, and try again."),
        again=path if shown_again else None,
    )
    # A script puts what is answered into the page that asked.
    template = "parts/refused.html" if b"hx-request" in exchange.headers else "pages/refusal.html"
    response = page(exchange.request(), visitor, template, view, problem.status)
    response.headers.update({**problem.headers, "Cache-Control": "no-store, no-transform", "Vary": "Accept"})
    return response
