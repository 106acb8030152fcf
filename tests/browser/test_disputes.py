"""A dispute from both sides and the operator's, in a browser: each page of it is judged by axe."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from tests.browser.conftest import Visitor
from tests.browser.looks import breaches_in, widths_scrolling_sideways
from tests.browser.visited import FEW_LOOKS, FEW_WIDTHS


def look_at(page: Page) -> None:
    """Judge the page that is shown."""
    assert breaches_in(page, FEW_LOOKS) == []
    assert widths_scrolling_sideways(page, FEW_WIDTHS) == []


def test_a_dispute_is_opened_answered_passed_on_and_decided(visitor: Visitor) -> None:
    physician = visitor.open("/passport/credits")
    physician.get_by_role("link", name="Testing out CME Passport").click()
    physician.get_by_role("link", name="This is wrong, or not mine").click()
    physician.get_by_role("button", name="Send it to the provider").click()
    look_at(physician)
    physician.get_by_label("The amount is wrong").check()
    physician.get_by_label("In a sentence").fill("I was there for the morning only.")
    physician.get_by_role("button", name="Send it to the provider").click()
    look_at(physician)
    physician.get_by_role("link", name="What was said, and what you can do").click()
    look_at(physician)
    dispute_id = physician.url.rpartition("/")[2]
    clerk = visitor.open("/p/0008001/disputes")
    look_at(clerk)
    clerk.get_by_role("link", name="The amount is wrong").click()
    clerk.get_by_label("Your answer").fill("You signed for the whole day.")
    look_at(clerk)
    clerk.get_by_role("button", name="Send the answer").click()
    assert clerk.get_by_role("status").first.is_visible()
    physician.reload()
    look_at(physician)
    physician.get_by_role("button", name="Ask the operator to decide").click()
    boss = visitor.open("/operator/passport/disputes")
    look_at(boss)
    boss.goto(f"/operator/passport/disputes/{dispute_id}")
    boss.get_by_role("button", name="Refuse it: the record stays").click()
    look_at(boss)
    boss.get_by_label("Why").fill("The sheet says so.")
    boss.get_by_role("button", name="Refuse it: the record stays").click()
    physician.goto(f"/passport/disputes/{dispute_id}")
    assert physician.get_by_text("Refused", exact=True).first.is_visible()


def test_permission_is_withdrawn_and_given_back(visitor: Visitor) -> None:
    page = visitor.open("/passport/settings")
    page.get_by_role("link", name=re.compile("Withdraw it from AAA Test Organization")).click()
    page.get_by_role("button", name=re.compile("Withdraw the permission for 3 records")).click()
    look_at(page)
    page.get_by_role("link", name=re.compile("Where it stands with AAA")).click()
    look_at(page)
    page.get_by_role("button", name="Give the permission back").click()
    assert page.get_by_role("link", name=re.compile("Withdraw it from AAA Test Organization")).is_visible()
