"""What a browser loads and runs: little, from us only, under the security policy."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visitor

KILOBYTE = 1_000


def test_a_first_visit_asks_us_only_and_seldom(visitor: Visitor) -> None:
    page = visitor.open("/gallery")
    page.wait_for_load_state("networkidle")
    assert len(visitor.requests) <= 7, visitor.requests
    assert all(line.startswith(f"GET {visitor.server}/") for line in visitor.requests)
    sizes = page.evaluate("performance.getEntries().map(entry => entry.encodedBodySize ?? 0)")
    assert 60 * KILOBYTE < sum(sizes) <= 120 * KILOBYTE
    visitor.requests.clear()
    page.goto("/gallery?theme=dark")
    page.wait_for_load_state("networkidle")
    assert [line for line in visitor.requests if "/static/" not in line] == [f"GET {visitor.server}/gallery?theme=dark"]


def test_our_font_is_used(visitor: Visitor) -> None:
    page = visitor.open("/gallery")
    page.evaluate("document.fonts.ready")
    assert page.evaluate("[...document.fonts].filter(font => font.status === 'loaded').length") == 1
    assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith("Hyperlegible")


@pytest.mark.parametrize(("theme", "paper"), [("light", "rgb(245, 246, 243)"), ("dark", "rgb(16, 23, 26)")])
def test_a_theme_that_was_chosen_overrides_that_of_the_system(visitor: Visitor, theme: str, paper: str) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    other = "dark" if theme == "light" else "light"
    assert visitor.open("/gallery", theme=theme).evaluate(colour) == paper
    assert visitor.open(f"/gallery?theme={theme}", theme=other).evaluate(colour) == paper


def test_the_policy_forbids_scripts_styles_and_requests_that_are_not_ours(visitor: Visitor) -> None:
    page = visitor.open("/gallery")
    page.evaluate("""() => {
        const markup = "<img src=x onerror='window.ran = 1'><a id=l style='color: red'>x</a>";
        document.body.insertAdjacentHTML("beforeend", markup);
        const script = document.createElement("script");
        script.textContent = "window.ran = 1";
        document.body.append(script);
    }""")
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    assert page.evaluate("document.getElementById('l').style.color") == ""
    breached = [text for text in visitor.complaints if "Content Security Policy" in text]
    assert len(breached) >= 3
    visitor.complaints = []


def test_a_double_click_sends_a_form_once(visitor: Visitor) -> None:
    page = visitor.open("/gallery")
    page.route(
        "**/gallery", lambda route: route.fulfill(status=204) if route.request.method == "POST" else route.continue_()
    )
    page.locator("#plain-form").get_by_role("button", name="Report and next learner").dblclick(no_wait_after=True)
    page.wait_for_timeout(300)
    assert [line for line in visitor.requests if line.startswith("POST")] == [f"POST {visitor.server}/gallery"]
    assert page.get_by_text("Reporting", exact=True).is_visible()


def test_boxes_tick_all_rows_and_are_counted(visitor: Visitor) -> None:
    page = visitor.open("/gallery")
    count = page.locator("output[data-ticked=rows]")
    assert count.text_content() == "1"
    page.locator("[data-tick-all=rows]").check()
    assert count.text_content() == "2"
    page.get_by_label("Joe Accme, 12/01/2021").uncheck()
    assert count.text_content() == "1"
    assert page.locator("[data-tick-all=rows]").evaluate("box => box.indeterminate")


def test_a_button_fills_a_day(visitor: Visitor) -> None:
    page = visitor.open("/gallery")
    page.get_by_role("button", name="Today").click()
    assert page.get_by_label("Date completed").first.input_value() == "12/12/2021"


def test_a_file_is_dropped_anywhere_on_the_page(visitor: Visitor) -> None:
    page = visitor.open("/gallery")
    page.evaluate("""() => {
        const files = new DataTransfer();
        files.items.add(new File(["a"], "learners.xlsx"));
        for (const kind of ["dragover", "drop"])
            document.querySelector("h1").dispatchEvent(
                new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: files}));
    }""")
    assert page.locator("input[type=file]").evaluate("field => field.files[0].name") == "learners.xlsx"


def test_what_was_typed_is_not_left_without_a_question(visitor: Visitor) -> None:
    page = visitor.open("/gallery")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.locator("#faulty-form").get_by_label("First name").fill("Willa")
    page.reload()
    assert asked == ["beforeunload"]
