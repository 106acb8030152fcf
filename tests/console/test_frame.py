"""The frame: headers, header bar, title, the sentence after a form, static files, and problems as pages."""

from __future__ import annotations

import gzip
import re

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from lxml import html

from app.console.assets import assets
from app.console.frame import POLICY, go_to
from app.console.routes import PageRoute, page_routes, refuse_roleless
from app.main import create_app

DATABASES = ["sqlite"]
PAGE = "/p/0008001/made-up"
SHOWN = {
    "unauthenticated": 401, "forbidden": 403, "not-found": 404, "conflict": 409, "precondition-failed": 412,
    "invalid-request": 422, "rate-limited": 429, "internal": 500, "unavailable": 503,
}  # fmt: skip


def texts(page: str, path: str) -> list[str]:
    return [" ".join(element.text_content().split()) for element in html.fromstring(page).xpath(path)]


def test_every_page_has_the_headers_that_keep_it_safe(browser: TestClient) -> None:
    for address in (PAGE, "/made-up/anybodys", "/made-up/problems/not-found", "/nowhere", "/gallery"):
        answer = browser.get(address)
        assert answer.headers["content-security-policy"] == POLICY, address
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "no-transform" in answer.headers["cache-control"]
        assert "content-encoding" not in answer.headers


def test_a_page_that_shows_who_looks_is_kept_by_nobody(browser: TestClient) -> None:
    assert browser.get(PAGE).headers["cache-control"] == "no-store, no-transform"
    assert browser.get("/made-up/anybodys").headers["cache-control"] == "no-cache, no-transform"


def test_the_title_says_first_what_the_page_is_and_then_whose(browser: TestClient) -> None:
    assert texts(browser.get(PAGE).text, "//title") == ["A made-up page – Western Regional Medical Center"]
    assert texts(browser.get("/made-up/anybodys").text, "//title") == ["A made-up page – PARS"]


@pytest.mark.parametrize(
    ("role", "links"),
    [
        ("reader", ["Home", "Activities", "Learners", "Reports"]),
        ("reporter", ["Uploads", "Validate"]),
        ("manager", ["Settings"]),
        ("operator", []),
    ],
)
def test_the_header_bar_has_the_links_that_a_role_may_follow(browser: TestClient, role: str, links: list[str]) -> None:
    page = browser.get(f"{PAGE}?role={role}").text
    assert texts(page, "//nav[@aria-label='Main']/a") == links
    assert html.fromstring(page).xpath("//nav[@aria-label='Main']/a/@aria-current") == []


def test_a_provider_can_be_changed_where_there_are_several(browser: TestClient) -> None:
    assert "<details" not in browser.get(PAGE).text
    page = browser.get("/p/0008002/made-up").text
    assert html.fromstring(page).xpath("//details[@class='menu']//a/@href") == ["/p/0008001", "/p/0008002", "/"]


def test_what_was_typed_is_text_on_a_page(browser: TestClient) -> None:
    page = browser.get(PAGE, params={"heading": "<script>alert(1)</script> & \"'"}).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_a_form_is_answered_by_another_page_that_says_once_what_happened(browser: TestClient) -> None:
    answer = browser.post("/made-up/forms", data={"name": "Tina <b>"})
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert "Tina" not in answer.headers["set-cookie"]
    for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert attribute in answer.headers["set-cookie"]
    assert texts(browser.get(PAGE).text, "//*[@role='status']") == ["Tina <b> was reported. Open it"]
    assert texts(browser.get(PAGE).text, "//*[@role='status']") == []


def test_a_flash_that_we_did_not_seal_is_not_shown(browser: TestClient) -> None:
    browser.cookies.set("__Host-pars-flash", "eyJ0ZXh0Ijoi", domain="testserver", path="/")
    assert texts(browser.get(PAGE).text, "//*[@role='status']") == []


def test_a_script_is_told_to_go_to_the_page_after_a_form(browser: TestClient) -> None:
    answer = browser.post("/made-up/forms", data={"name": "Tina"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (200, PAGE)
    assert "location" not in answer.headers


@pytest.mark.parametrize("address", ["//elsewhere.org", "https://elsewhere.org/p", "/\\elsewhere.org", "p/1", ""])
def test_a_form_never_leads_to_another_site(address: str) -> None:
    with pytest.raises(ValueError, match="page of ours"):
        go_to(None, address)  # type: ignore[arg-type]


@pytest.mark.parametrize(("code", "status"), SHOWN.items())
def test_problems_are_pages(browser: TestClient, code: str, status: int) -> None:
    answer = browser.get(f"/made-up/problems/{code}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store, no-transform"
    assert answer.headers["x-request-id"] in answer.text
    (heading,) = texts(answer.text, "//h1")
    assert texts(answer.text, "//title") == [f"{heading} – Western Regional Medical Center"]
    assert "Dana Reyes" in answer.text


def test_a_fault_of_ours_says_that_nothing_was_stored_and_nothing_of_itself(browser: TestClient) -> None:
    answer = browser.get("/made-up/problems/broken")
    assert answer.status_code == 500
    assert "Nothing was stored" in answer.text
    assert "fault of ours" not in answer.text
    assert html.fromstring(answer.text).xpath("//a[.='Try again']/@href") == ["/made-up/problems/broken"]


def test_a_script_gets_a_part_that_says_what_happened(browser: TestClient) -> None:
    answer = browser.get("/made-up/problems/forbidden", headers={"HX-Request": "true"})
    assert answer.status_code == 403
    part = html.fragment_fromstring(answer.text)
    assert (part.tag, part.get("class"), part.get("role")) == ("div", "note no", "alert")
    assert "<html" not in answer.text


def test_every_fault_of_a_request_to_a_page_is_listed(browser: TestClient) -> None:
    answer = browser.get(f"{PAGE}?colour=red&taste=sweet")
    assert answer.status_code == 422
    assert len(texts(answer.text, "//main//li")) == 2


@pytest.mark.parametrize(
    ("address", "accept", "shown"),
    [
        ("/nowhere", "text/html", True), ("/nowhere", "*/*", False), ("/nowhere", "application/json", False),
        ("/v1/nowhere", "text/html", False), ("/docs/a/b", "text/html", False), ("/livezz", "text/html", True),
    ],
)  # fmt: skip
def test_an_address_of_nothing_is_a_page_for_browsers_and_a_problem_for_programs(
    browser: TestClient, address: str, accept: str, shown: bool
) -> None:
    answer = browser.get(address, headers={"accept": accept})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html" if shown else "application/problem+json")


def test_an_operation_of_the_api_answers_browsers_as_it_answers_programs(browser: TestClient) -> None:
    answer = browser.get("/v1/activities")
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


def test_pages_are_no_operations_of_the_api(browser: TestClient) -> None:
    app = browser.app
    assert isinstance(app, FastAPI)
    paths = {route.path for route in page_routes(app)}
    assert {"/static/{file}", "/gallery"} <= paths
    assert not paths & app.openapi()["paths"].keys()
    problem = browser.get("/p/0008001/made-upp", headers={"accept": "application/json"}).json()
    assert "made-up" not in problem["detail"]


def test_a_page_that_names_no_role_stops_the_start() -> None:
    app, router = FastAPI(), APIRouter(route_class=PageRoute)

    @router.get("/open")
    async def forgotten() -> None: ...

    app.include_router(router)
    with pytest.raises(RuntimeError, match="/open"):
        refuse_roleless(app)


def test_the_gallery_is_served_in_the_demo_only() -> None:
    assert "/gallery" in {route.path for route in page_routes(create_app(demo=True))}
    assert "/gallery" not in {route.path for route in page_routes(create_app())}


def test_static_files_are_kept_for_a_year_by_their_content(browser: TestClient) -> None:
    page = browser.get(PAGE).text
    linked = html.fromstring(page).xpath("//script/@src | //link/@href")
    assert len(linked) == 5
    for address in linked:
        answer = browser.get(address, headers={"accept-encoding": "identity"})
        assert answer.status_code == 200, address
        assert answer.headers["cache-control"].startswith("public, max-age=31536000, immutable")
        assert re.search(r"\.[0-9a-f]{12}\.", address)
        packed = browser.get(address, headers={"accept-encoding": "gzip"})
        assert packed.content == answer.content
        assert (packed.headers.get("content-encoding") == "gzip") == (not address.endswith(".woff2"))
    assert browser.get("/static/console.css").status_code == 404
    assert browser.get("/static/VENDORED.toml").status_code == 404


def test_a_stylesheet_names_fonts_and_drawings_by_their_content() -> None:
    css = assets()["console.css"].body.decode()
    named = re.findall(r"url\(([^)]+)\)", css)
    assert [f"/static/{name}" for name in named] == [
        assets()["hyperlegible.woff2"].address, assets()["hyperlegible-ext.woff2"].address,
        assets()["tags.svg"].address,
    ]  # fmt: skip


def test_packed_files_are_what_they_stand_for() -> None:
    packed = [asset for asset in assets().values() if asset.packed is not None]
    assert len(packed) == 5
    assert all(asset.packed and gzip.decompress(asset.packed) == asset.body for asset in packed)
