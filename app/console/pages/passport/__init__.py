"""Pages of CME Passport: for physicians, and for everybody who looks for an activity or checks a transcript."""

from __future__ import annotations

from app.console.pages.passport import (
    activity,
    address,
    boards,
    join,
    my_credits,
    my_disputes,
    one_record,
    own_periods,
    received,
    search,
    settings,
    shares,
    transcript,
    verify,
)

ROUTERS = (
    search.router,
    activity.router,
    address.router,
    boards.router,
    join.router,
    my_credits.router,
    one_record.router,
    own_periods.router,
    my_disputes.router,
    transcript.router,
    shares.router,
    received.router,
    settings.router,
    verify.router,
)
