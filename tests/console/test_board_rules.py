"""Boards and their dated rules on pages: the facts of a day, what changes when, and the rules that hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.console.pages.operator.board_rules import changes_of
from app.domain.boards import CreditType, FactChange, Span
from app.main import answer_for
from app.rules.catalogue import BOARDS_FOLDER, load_catalogue
from app.services import reference
from app.services.context import Service
from tests.harness.console.stronger import sign_in_operator
from tests.harness.console.windows import Window

DATABASES = ["sqlite"]


@pytest.fixture
def operator(window: Window, service: Service) -> Window:
    """An operator's window."""
    sign_in_operator(window, service)
    return window


def facts(operator: Window) -> dict[str, str]:
    return {
        item.xpath("string(dt)"): " ".join(item.xpath("string(dd)").split())
        for item in operator.tree.xpath("//section[@id='facts']//dl/div")
    }


def rules(operator: Window) -> set[str]:
    return {link.text_content() for link in operator.tree.xpath("//section[@id='rules']//tbody//a")}


def test_every_board_of_the_catalogue_is_listed_and_shown(operator: Window, service: Service) -> None:
    operator.open("/operator/boards/rules")
    links = operator.tree.xpath("//tbody//a/@href")
    assert len(links) == len(service.catalogue.boards)
    for link in links:
        assert operator.open(link).status == 200, link
    assert operator.open("/operator/boards/NONE").status == 404


def test_facts_are_those_that_records_are_judged_by(operator: Window, service: Service) -> None:
    operator.open("/operator/boards/ABS")
    assert facts(operator)["Board ID"] == "Need not be given"
    assert "board-id-required" not in rules(operator)
    assert {"daily-credits-unusual", "moc-maximum", "cumulative-maximum"} <= rules(operator)
    assert "cme-maximum" not in rules(operator)
    operator.open("/operator/boards/ABP")
    assert facts(operator)["Birth month and day"] == "Need not be given"
    assert facts(operator)["One record a day"] == "Yes"
    assert {"board-id-required", "one-record-per-day"} <= rules(operator)
    assert "birth-date-required" not in rules(operator)
    operator.open("/operator/boards/CA-M")
    assert "Licenses physicians, CA" in facts(operator)["Kind"]
    assert "cme-maximum" in rules(operator)
    assert "moc-maximum" not in rules(operator)


def test_the_facts_of_a_day_are_asked_for(
    operator: Window, running_site: TestClient, service: Service, tmp_path: Path
) -> None:
    text = (BOARDS_FOLDER / "ABP.toml").read_text(encoding="utf-8")
    change = '\n[[changes]]\nfrom = 2023-01-01\nsource = "a circular"\nbirth_date = "required"\n'
    (tmp_path / "ABP.toml").write_text(text + change, encoding="utf-8")
    changed = msgspec.structs.replace(service, catalogue=load_catalogue((BOARDS_FOLDER, tmp_path)))
    app = running_site.app
    assert isinstance(app, FastAPI)
    answer_for(app, changed)
    operator.open("/operator/boards/ABP?on=12/31/2022")
    assert facts(operator)["Birth month and day"] == "Need not be given"
    operator.open("/operator/boards/ABP?on=2023-01-01")
    assert facts(operator)["Birth month and day"] == "Required"
    assert "birth-date-required" in rules(operator)
    told = " ".join(operator.tree.xpath("string(//section[@id='changes'])").split())
    assert "01/01/2023 Birth month and day: Need not be given becomes Required a circular" in told
    operator.open("/operator/boards/ABP?on=never")
    assert operator.status == 422
    assert "Not a date." in operator.text


def test_what_begins_or_ends_on_a_day_is_told_in_order(service: Service) -> None:
    board = replace(
        reference.board(service.catalogue, "ABS"),
        completions=Span(since=date(2020, 1, 1), until=date(2030, 12, 31)),
        changes=(FactChange(since=date(2025, 5, 1), source="s", facts=(("once_per_day", True),)),),
        credit_types=(CreditType(name="Self-Assessment", completions=Span(since=date(2021, 3, 1))),),
    )
    told = [(fact.since.year, fact.text) for fact in changes_of(board)]
    assert told[0] == (2020, "Completions are taken, from this day on")
    assert (2021, "Self-Assessment can be earned, from this day on") in told
    assert (2025, "One record a day: No becomes Yes") in told
    assert told[-1] == (2030, "Completions are taken on this day for the last time")
