"""What pages may cost: the bytes of a list, and what a part of a page asks of the database. None of it is a timing."""

from __future__ import annotations

import pytest
from lxml import html

from app.services.context import Service
from app.store.sql import statements
from tests.console.test_adding_learners import ADD, REBECCA, report
from tests.harness.api import settle
from tests.harness.console.windows import Window, sign_in

DATABASES = ["sqlite"]


def test_a_mark_asks_little_of_the_database_beside_its_validation(
    window: Window, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(window, service)
    report(window, REBECCA)
    form = {**window.open(ADD).fields(ADD), **REBECCA, "target": "/cme/0"}
    sent: list[str] = []
    monkeypatch.setattr(statements, "BEFORE_STATEMENT", [sent.append])
    window.send(f"{ADD}/match", form, hx_request="true")
    assert window.text == "Learner matched 50 left for this learner"
    # Who asks: the session, the memberships with their grants, the place and its name. Then the activity, whom it is
    # about and whether they may be told, and what is left.
    assert len(sent) == 5 + 1 + 2 + 1, sent
    sent.clear()
    assert window.shown is not None
    (asked,) = html.fromstring(window.shown.text).xpath("//input[@name='asked.cme.0']/@value")
    window.send(f"{ADD}/match", form | {"asked.cme.0": asked}, hx_request="true")
    assert window.text == "Learner matched 50 left for this learner"
    assert len(sent) == 5 + 1 + 1, sent
    settle(service)
