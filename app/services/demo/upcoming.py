"""Activities of the demo that are open or still to come, whatever day it is: the search for physicians finds some."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from app.services.context import Service, operator, transact
from app.services.demo.world import add_providers, register_activity

UPCOMING = Path(__file__).parent / "upcoming.toml"


def load(service: Service) -> None:
    """Load activities that are open or to come, counted from today. Repeated, it adds those of a later time."""
    given = tomllib.loads(UPCOMING.read_text(encoding="utf-8"))
    today = service.clock().date()
    transact(operator(service), add_providers, given["providers"])
    for activity in given["activities"]:
        transact(operator(service, activity["provider"]), register_activity, dated(activity, today))


def dated(given: dict[str, Any], today: date) -> dict[str, Any]:
    """Return an activity with its dates, and an id that is the same whenever the dates are."""
    fields = dict(given)
    number, year = fields.pop("number"), fields.pop("year", None)
    if year is not None:
        first, last = date(today.year + year, 1, 1), date(today.year + year + 1, 12, 31)
    else:
        years, month = divmod(today.month - 1 + fields.pop("month"), 12)
        first = date(today.year + years, month + 1, fields.pop("day"))
        last = first + timedelta(days=fields.pop("days") - 1)
    dates = {"start_date": first.isoformat(), "end_date": last.isoformat()}
    return fields | dates | {"activity_id": f"4{first:%y%m}{number:04}"}
