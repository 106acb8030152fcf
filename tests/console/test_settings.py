"""Settings: people, systems with their keys, webhooks, vendors and the provider; secrets are shown once."""

from __future__ import annotations

import re

import pytest

from app.domain.clients import Role
from app.services.access import clients
from app.services.context import Service, operator, transact
from tests.harness.access.people import mails
from tests.harness.api import settle
from tests.harness.console.stronger import sign_in_manager
from tests.harness.console.windows import SAME_SITE, Window, sign_in
from tests.harness.managed import audited, wait_for_cache

DATABASES = ["sqlite"]
HERE = "/p/0008001/settings"
PAGES = ["people", "keys", "webhooks", "vendors", "provider"]
SECRET = re.compile(r"pars_live_\S+|whsec_\S+")


@pytest.fixture
def manager(window: Window, service: Service) -> Window:
    """A manager's window."""
    sign_in_manager(window, service)
    return window


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("role", ["reader", "reporter"])
def test_a_managers_page_is_refused_to_others(window: Window, service: Service, name: str, role: str) -> None:
    sign_in(window, service, role=role)
    assert window.open(f"{HERE}/{name}").status == 403
    settle(service)


@pytest.mark.parametrize("name", PAGES)
def test_each_page_is_shown_and_names_the_others(manager: Window, name: str) -> None:
    manager.open(f"{HERE}/{name}")
    assert manager.status == 200
    assert len(manager.tree.xpath("//nav[@aria-label='Settings']//a")) == 5
    assert manager.tree.xpath(f"//nav[@aria-label='Settings']//a[@aria-current][@href='{HERE}/{name}']")


def test_settings_lead_to_the_first_of_them(manager: Window) -> None:
    assert manager.open(HERE).heading == "People"


def test_somebody_is_invited_given_another_role_and_removed(manager: Window, service: Service) -> None:
    given = {"/address": "new@example.org", "/name": "New Person", "/role": "reader"}
    manager.open(f"{HERE}/people").submit(f"{HERE}/people", **given)
    assert "new@example.org was invited" in manager.text
    assert mails(service)[-1].to == "new@example.org"
    (action,) = manager.tree.xpath("//form[contains(@action, '/role')]/@action")
    manager.submit(action, role="reporter")
    assert "The role was changed to reporter." in manager.text
    (way,) = manager.tree.xpath("//a[contains(@href, '/remove')]/@href")
    assert "Remove New Person?" in manager.open(way).text
    manager.submit(way)
    assert "They were removed" in manager.text
    assert "New Person" not in manager.text
    settle(service)


def test_an_invitation_sent_twice_mails_once(manager: Window, service: Service) -> None:
    manager.open(f"{HERE}/people")
    form = manager.fields(f"{HERE}/people") | {"/address": "new@example.org", "/role": "reader"}
    manager.send(f"{HERE}/people", form)
    manager.send(f"{HERE}/people", form)
    assert "Nothing was mailed again" in manager.text
    assert [mail.to for mail in mails(service)].count("new@example.org") == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"/address": "no address", "/role": "reader"}, "Not a mail address"),
        ({"/address": "new@example.org", "/role": "owner"}, "Choose what the person may do"),
        ({"/address": "morgan@example.org", "/role": "reader"}, "is a member already"),
    ],
)
def test_an_invitation_that_cannot_be_comes_back(manager: Window, given: dict[str, str], said: str) -> None:
    manager.open(f"{HERE}/people").submit(f"{HERE}/people", **given)
    assert manager.status in (409, 422)
    assert said in manager.text
    assert manager.fields(f"{HERE}/people")["/address"] == [given["/address"]]


def add_system(manager: Window, name: str = "Our LMS") -> str:
    """Add a system; return its key."""
    manager.open(f"{HERE}/keys").submit(f"{HERE}/keys", **{"/name": name})
    (key,) = re.findall(r"pars_live_\S+", manager.text)
    return str(key)


def asked_with(manager: Window, key: str) -> int:
    """Return the status that a key is answered with."""
    return manager.browser.get("/v1/me", headers={"authorization": f"Bearer {key}"}).status_code


def system_address(manager: Window, name: str = "Our LMS") -> str:
    (way,) = manager.open(f"{HERE}/keys").tree.xpath(f"//a[normalize-space()='{name}']/@href")
    return str(way)


def test_a_key_is_shown_once_in_the_answer_to_the_post(manager: Window, service: Service) -> None:
    key = add_system(manager)
    assert manager.shown is not None
    assert "no-store" in manager.shown.headers["cache-control"]
    assert asked_with(manager, key) == 200
    for page in ("keys", "people", "webhooks"):
        assert not SECRET.search(manager.open(f"{HERE}/{page}").text)
    assert not SECRET.search(manager.open(system_address(manager)).text)
    assert key[-4:] in manager.text
    settle(service)


def test_a_form_sent_twice_makes_one_system_and_shows_its_key_no_more(manager: Window) -> None:
    manager.open(f"{HERE}/keys")
    form = manager.fields(f"{HERE}/keys") | {"/name": "Our LMS"}
    manager.send(f"{HERE}/keys", form)
    assert SECRET.search(manager.text)
    manager.send(f"{HERE}/keys", form)
    assert not SECRET.search(manager.text)
    assert "This form was sent before" in manager.text
    assert len(manager.open(f"{HERE}/keys").tree.xpath("//a[normalize-space()='Our LMS']")) == 1


def test_two_keys_work_at_a_time_and_one_is_ended(manager: Window, service: Service) -> None:
    first = add_system(manager)
    way = system_address(manager)
    manager.open(way).submit(f"{way}/add/api-key")
    (second,) = re.findall(r"pars_live_\S+", manager.text)
    assert asked_with(manager, first) == 200
    manager.open(way).submit(f"{way}/add/api-key")
    assert manager.status == 409
    assert "work already" in manager.text
    (ending, *_) = manager.open(way).tree.xpath(f"//tr[td[contains(., '{first[-4:]}')]]//a/@href")
    assert "It was" in manager.open(ending).text
    manager.submit(ending)
    assert "The key was ended." in manager.text
    assert second[-4:] in manager.text
    wait_for_cache()
    assert asked_with(manager, first) == 401
    settle(service)


def test_what_cannot_be_made_comes_back(manager: Window) -> None:
    manager.open(f"{HERE}/keys")
    form = manager.fields(f"{HERE}/keys")
    manager.send(f"{HERE}/keys", form | {"/name": "", "/scopes": ["completions:read"]})
    assert manager.status == 422
    assert "The client has no name" in manager.text or "Which system it is" in manager.text
    assert manager.fields(f"{HERE}/keys")["/scopes"] == ["completions:read"]
    manager.send(f"{HERE}/keys", {**form, "/name": "Named", "/scopes": []})
    assert "A client without a scope can do nothing." in manager.text
    assert manager.fields(f"{HERE}/keys")["/name"] == ["Named"]


def test_a_revoked_system_is_gone(manager: Window, service: Service) -> None:
    key = add_system(manager)
    way = system_address(manager)
    assert "Revoke Our LMS?" in manager.open(f"{way}/revoke").text
    manager.submit(f"{way}/revoke")
    assert "Our LMS was revoked." in manager.text
    wait_for_cache()
    assert asked_with(manager, key) == 401
    settle(service)


def test_the_learners_permission_is_withdrawn_and_attested_again(manager: Window, service: Service) -> None:
    add_system(manager)
    way = system_address(manager)
    row = f"//tr[td//a[@href='{way}']]/td[last()]"
    assert "Attested" in manager.open(f"{HERE}/keys").tree.xpath(row)[0].text_content()
    assert "as Our LMS" in manager.open(way).text
    withdraw, attest = f"{way}/permission/withdraw", f"{way}/permission/attest"
    assert "PARS documents of this system" in manager.open(withdraw).text
    sent = manager.fields(withdraw)
    manager.send(withdraw, sent)
    assert "The attestation was withdrawn." in manager.text
    assert "Withdrawn" in manager.open(f"{HERE}/keys").tree.xpath(row)[0].text_content()
    manager.open(attest).submit(attest)
    assert "The learners' permission is attested." in manager.text
    manager.send(withdraw, sent)
    assert BEFORE in manager.text
    assert "Attested" in manager.open(f"{HERE}/keys").tree.xpath(row)[0].text_content()
    client_id = way.rpartition("/")[2]
    assert audited(service, client_id) == ["create", "withdraw-permission", "attest-permission"]
    settle(service)


def test_a_webhook_belongs_to_a_system_and_its_secret_is_shown_once(manager: Window, service: Service) -> None:
    assert "Add a system first" in manager.open(f"{HERE}/webhooks").text or "Add a webhook" in manager.text
    add_system(manager)
    client_id = system_address(manager).rpartition("/")[2]
    given = {"system": client_id, "/url": "https://lms.example.org/pars"}
    manager.open(f"{HERE}/webhooks").submit(f"{HERE}/webhooks", **given)
    (secret,) = re.findall(r"whsec_\S+", manager.text)
    (way,) = manager.open(f"{HERE}/webhooks").tree.xpath("//a[contains(., 'lms.example.org')]/@href")
    assert not SECRET.search(manager.text)
    assert "Nothing was sent yet" in manager.open(way).text
    manager.submit(f"{way}/test")
    assert "A test is on its way" in manager.text
    assert "Waits" in manager.text
    manager.submit(f"{way}/rotate")
    (other,) = re.findall(r"whsec_\S+", manager.text)
    assert other != secret
    manager.open(way).submit(f"{way}/switch/disabled")
    assert "It is off" in manager.text
    manager.submit(f"{way}/switch/enabled")
    assert "It is off" not in manager.text
    manager.open(f"{way}/delete").submit(f"{way}/delete")
    assert "The webhook was deleted." in manager.text
    settle(service)


def test_the_log_says_which_person_added_a_webhook(manager: Window, service: Service) -> None:
    add_system(manager)
    client_id = system_address(manager).rpartition("/")[2]
    given = {"system": client_id, "/url": "https://lms.example.org/pars"}
    manager.open(f"{HERE}/webhooks").submit(f"{HERE}/webhooks", **given)
    settle(service)
    key = transact(operator(service), clients.create, "Operator's tool", role=Role.OPERATOR).api_key
    answer = manager.browser.get("/v1/audit?limit=500", headers={"authorization": f"Bearer {key}"})
    (entry,) = [row for row in answer.json()["data"] if row["noun"] == "webhook-endpoint"]
    own = manager.open(f"{HERE}/people").text
    assert "(you)" in own
    assert entry["client_id"] not in (client_id, "operator")


def test_a_webhook_that_cannot_be_comes_back(manager: Window) -> None:
    add_system(manager)
    client_id = system_address(manager).rpartition("/")[2]
    manager.open(f"{HERE}/webhooks").submit(f"{HERE}/webhooks", **{"/url": "https://lms.example.org/pars"})
    assert manager.status == 422
    assert "Choose the system" in manager.text
    assert manager.fields(f"{HERE}/webhooks")["/url"] == ["https://lms.example.org/pars"]
    given = {"system": client_id, "/url": "ftp://lms.example.org/x"}
    manager.open(f"{HERE}/webhooks").submit(f"{HERE}/webhooks", **given)
    assert manager.status == 422
    assert manager.tree.xpath("//input[@name='/url'][@aria-invalid='true']")
    assert manager.fields(f"{HERE}/webhooks")["system"] == [client_id]


def test_a_vendor_is_granted_by_name_and_revoked_at_once(manager: Window, service: Service) -> None:
    vendor = transact(operator(service), clients.create, "CreditWorks", role=Role.VENDOR).client_id
    manager.open(f"{HERE}/vendors").submit(f"{HERE}/vendors", vendor="cli_nobody")
    assert manager.status == 422
    assert manager.fields(f"{HERE}/vendors")["vendor"] == ["cli_nobody"]
    manager.submit(f"{HERE}/vendors", vendor=vendor)
    assert manager.heading == "Let CreditWorks act for you?"
    manager.submit(f"{HERE}/vendors/{vendor}/grant")
    assert "CreditWorks may act for you now." in manager.text
    manager.open(f"{HERE}/vendors/{vendor}/revoke").submit(f"{HERE}/vendors/{vendor}/revoke")
    assert "may not act for this provider any longer" in manager.text
    settle(service)


BEFORE = "This form was sent before: nothing was done again."


def test_old_forms_of_a_grant_do_nothing_once_somebody_undid_it(manager: Window, service: Service) -> None:
    vendor = transact(operator(service), clients.create, "CreditWorks", role=Role.VENDOR).client_id
    here = f"{HERE}/vendors"
    give, take = f"{here}/{vendor}/grant", f"{here}/{vendor}/revoke"

    def may_act() -> bool:
        return bool(manager.open(here).tree.xpath(f"//a[@href='{take}']"))

    manager.open(here).submit(here, vendor=vendor)
    given = manager.fields(give)
    manager.send(give, given)
    taken = manager.open(take).fields(take)
    manager.send(take, taken)
    assert "any longer" in manager.text
    manager.send(give, given)
    assert BEFORE in manager.text
    assert not may_act()
    manager.open(here).submit(here, vendor=vendor).submit(give)
    manager.send(take, taken)
    assert BEFORE in manager.text
    assert may_act()
    settle(service)


def test_an_old_form_of_a_role_does_nothing_once_it_was_changed_back(manager: Window, service: Service) -> None:
    given = {"/address": "new@example.org", "/role": "reader"}
    manager.open(f"{HERE}/people").submit(f"{HERE}/people", **given)
    (action,) = manager.tree.xpath("//form[contains(@action, '/role')]/@action")
    raised = manager.fields(action) | {"role": "manager"}

    def role() -> str:
        """Return the roles that the member may be given: all but the one they have."""
        (form,) = manager.tree.xpath("//form[@action=$action]", action=action)
        return " ".join(form.text_content().split())

    manager.send(action, raised)
    assert "The role was changed to manager." in manager.text
    manager.submit(action, role="reader")
    manager.send(action, raised)
    assert BEFORE in manager.text
    assert "Make reader" not in role()
    # With another choice it is another form.
    manager.send(action, raised | {"role": "reporter"})
    assert "Make reporter" not in role()
    settle(service)


def test_old_forms_of_an_invitation_and_a_removal_do_nothing_again(manager: Window, service: Service) -> None:
    people = f"{HERE}/people"
    invited = manager.open(people).fields(people) | {"/address": "new@example.org", "/role": "reader"}
    manager.send(people, invited)
    (way,) = manager.tree.xpath("//a[contains(@href, '/remove')]/@href")
    removed = manager.open(way).fields(way)
    manager.send(way, removed)
    assert "They were removed" in manager.text
    manager.send(people, invited)
    assert "Nothing was mailed again" in manager.text
    assert not manager.tree.xpath("//a[contains(@href, '/remove')]")
    manager.send(way, removed)
    assert BEFORE in manager.text
    settle(service)


def test_what_belongs_to_another_provider_looks_absent(manager: Window, open_window: object, service: Service) -> None:
    add_system(manager)
    foreign = system_address(manager).rpartition("/")[2]
    people = manager.open(f"{HERE}/people").tree.xpath("//tr")
    assert people
    other = open_window()  # type: ignore[operator]
    sign_in_manager(other, service, "other@example.org", id="0008002")
    there = "/p/0008002/settings"
    for id in (foreign, "none-such"):
        for path in (
            f"keys/{id}",
            f"keys/{id}/revoke",
            f"people/{id}/remove",
            f"webhooks/{id}/x",
            f"vendors/{id}/revoke",
        ):
            assert other.open(f"{there}/{path}").status == 404, path
    token = other.open(f"{there}/people").fields(f"{there}/people")["token"]
    for path in (f"keys/{foreign}/revoke", f"keys/{foreign}/add/api-key", f"webhooks/{foreign}/x/test"):
        answer = other.browser.post(f"{there}/{path}", data={"token": token, "key": "1"}, headers=SAME_SITE)
        assert answer.status_code == 404, path
    settle(service)


def test_the_provider_is_shown_as_it_is_on_file(manager: Window) -> None:
    manager.open(f"{HERE}/provider")
    assert "0008001" in manager.text
    assert "Western Regional Medical Center" in manager.text
