"""Addresses, paths to go on to, browsers, and when regular mails are due."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.domain.people.mails import period_of
from app.domain.people.persons import MailChoice, fold_address, read_address
from app.domain.people.sessions import browser_of, read_path


@pytest.mark.parametrize("given", ["a@example.org", " Willa.Duncan+cme@mail.example.co.uk ", "x@localhost"])
def test_an_address_is_read_without_what_surrounds_it(given: str) -> None:
    assert read_address(given) == given.strip()


@pytest.mark.parametrize(
    "given",
    ["", "nobody", "a@b@c", "a b@example.org", "a@exa mple.org", "a@example.org\nBcc: b@example.org", "<a@example.org>",
     "a,b@example.org", "é@example.org", f"a@{'e' * 260}.org", "a@-example.org"],
)  # fmt: skip
def test_what_is_no_address_is_not_written_to(given: str) -> None:
    assert read_address(given) is None


def test_addresses_that_differ_in_case_alone_are_one() -> None:
    assert fold_address(" Willa@Example.ORG") == fold_address("willa@example.org")


@pytest.mark.parametrize("given", ["/", "/p/0008001/learners?f=abc_-", "/account"])
def test_a_path_of_this_installation_is_gone_on_to(given: str) -> None:
    assert read_path(given) == given


@pytest.mark.parametrize(
    "given", [None, "", "//evil.example", "/\\evil.example", "https://evil.example", "p/1", "/a b", "/a\\b", "/\tx",
              "/é", "/" + "a" * 2_000],
)  # fmt: skip
def test_what_could_lead_elsewhere_is_not(given: str | None) -> None:
    assert read_path(given) is None


def test_a_browser_is_named_without_its_version() -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
    safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
    assert (browser_of(firefox), browser_of(safari)) == ("Firefox on Linux", "Safari on iPhone")
    assert browser_of(None) == browser_of("<script>") == "A browser"


@pytest.mark.parametrize(
    ("choice", "at", "zone", "period"),
    [
        (MailChoice.NONE, "2026-11-30T12:00", "UTC", None),
        (MailChoice.DAILY, "2026-11-30T06:59", "UTC", None),
        (MailChoice.DAILY, "2026-11-30T07:00", "UTC", "2026-11-30"),
        (MailChoice.DAILY, "2026-11-30T23:59", "UTC", "2026-11-30"),
        (MailChoice.DAILY, "2026-11-30T12:00", "US/Pacific", None),
        (MailChoice.WEEKLY, "2026-11-30T06:59", "UTC", "2026-W48"),
        (MailChoice.WEEKLY, "2026-11-30T07:00", "UTC", "2026-W49"),
        (MailChoice.WEEKLY, "2027-01-01T12:00", "UTC", "2026-W53"),
    ],
)
def test_a_regular_mail_is_due_in_the_morning_of_who_gets_it(
    choice: MailChoice, at: str, zone: str, period: str | None
) -> None:
    assert period_of(choice, datetime.fromisoformat(at).replace(tzinfo=UTC), zone) == period
