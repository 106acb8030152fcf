"""Mails as their readers see them: the subject says what it is, the first line what to do, no line runs on."""

from __future__ import annotations

import pytest

from app.domain.people.mails import (
    PlaceWaiting,
    attention_text,
    invitation_text,
    notice_text,
    sign_in_text,
)

LINK = "https://pars.example.org/sign-in/" + "a" * 60
PLACES = [
    PlaceWaiting(
        name=f"The {'very ' * 20}long name of a provider ({number:07})",
        sentences=[
            "12 credits were rejected by their boards. " + "9 ABIM, 3 ABA. Most: the name differs from theirs. " * 3
        ],
    )
    for number in range(60)
]
MAILS = {
    "sign-in": (sign_in_text(LINK, "123456", service="PARS"), "Open this link to sign in:"),
    "invitation": (
        invitation_text(LINK, "reporter at Western Regional Medical Center, " * 3, service="PARS"),
        "Open this link to sign in for the first time:",
    ),
    "notice": (
        notice_text("Your authenticator was replaced. " * 4, service="PARS"),
        "Your authenticator was replaced.",
    ),
    "attention": (attention_text(PLACES, LINK, service="PARS"), "Open this link, and deal with what waits:"),
}


@pytest.mark.parametrize("name", MAILS)
def test_the_first_line_says_what_to_do_and_no_line_runs_on(name: str) -> None:
    mail, first = MAILS[name]
    lines = mail.body.split("\n")
    assert lines[0].startswith(first)
    assert [line for line in lines if len(line) > 72 and LINK not in line] == []
    assert mail.body.endswith("\n")
    assert not mail.body.endswith("\n\n")
    assert "PARS" in mail.subject
    assert "\n" not in mail.subject


def test_a_link_stands_in_a_line_of_its_own() -> None:
    for mail, _ in (MAILS["sign-in"], MAILS["invitation"], MAILS["attention"]):
        assert LINK in mail.body.split("\n")


def test_what_waits_is_listed_below_each_provider() -> None:
    place = PlaceWaiting(name="Harbor (2)", sentences=["1 key expires.", "many words " * 10])
    mail = attention_text([place], LINK, service="PARS")
    assert mail.subject == "PARS: 2 things wait for you"
    assert "\n\nHarbor (2)\n- 1 key expires.\n- many words" in mail.body
    assert "\n  words many" in mail.body or "\n  many words" in mail.body
    assert "And 10 more providers." in MAILS["attention"][0].body
