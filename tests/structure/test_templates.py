"""Templates and static files: every rule of the console's pages, seen to find a fault and held against ours."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from lxml import html
from msgspec import structs

from app.console import frame, gallery
from app.console.assets import assets
from app.console.drawn_forms import DrawnForm, Said
from app.console.lists.filters import ListSpec
from app.console.lists.line_list import DETAILS, SEARCH
from app.console.lists.summary_list import SUMMARY
from app.console.routes import page_routes, role_of
from app.main import create_app
from tests.browser.visited import PARTS, VISITED
from tests.harness.console.pages import Somebody
from tests.structure import template_checks as checks
from tests.structure.template_checks import STATIC, TEMPLATES, Template, templates

OURS = templates()
CSS = (STATIC / "console.css").read_text(encoding="utf-8")
SCRIPT = (STATIC / "console.js").read_text(encoding="utf-8")
KILOBYTE = 1_000
ROLES = {"anybody", "session", "reader", "reporter", "manager", "board", "operator", "learner", "person"}


def none_of(faults: Iterable[str], check: Callable[..., object]) -> None:
    found = list(faults)
    assert not found, "\n".join([str(check.__doc__), *found])


def rendered(template: jinja2.Template, view: Any) -> str:
    """Return a page without an installation."""
    settings = SimpleNamespace(support_contact="help@example.org")
    state = SimpleNamespace(service=SimpleNamespace(keyring=None, settings=settings), demo=True)
    request: Any = SimpleNamespace(
        app=SimpleNamespace(state=state), cookies={}, url=SimpleNamespace(path="/p/0008001/learners"),
        state=SimpleNamespace(request_id="made-up"),
    )  # fmt: skip
    return template.render(frame=frame.Frame(request, Somebody()), view=view)


def test_every_template_compiles() -> None:
    environment = frame.templates()
    assert {one.name for one in OURS} <= set(environment.list_templates())
    for name in environment.list_templates():
        environment.get_template(name)


@pytest.fixture(scope="module")
def gallery_page() -> str:
    return rendered(frame.templates().get_template("pages/gallery.html"), gallery.gallery_view())


@pytest.mark.parametrize(
    ("check", "wrong", "right"),
    [
        (checks.unsafe_markup, "{{ name | safe }}", "{{ name }} is safe"),
        (checks.unsafe_markup, "{% autoescape false %}", "{# |safe #}"),
        (checks.unsafe_markup, '<p style="color: red">', '<p class="no">'),
        (checks.unsafe_markup, '<button onclick="go()">', '<option selected>'),
        (checks.unsafe_markup, "<script>go()</script>", '<script src="{{ asset(\'console.js\') }}" defer></script>'),
        (checks.unsafe_markup, '<script src="/x">go()</script>', '<script src="/x">\n</script>'),
        (checks.unsafe_markup, '<a href="http://elsewhere.org">', '<a href="/account">'),
        (checks.unsafe_markup, '<img src="//elsewhere.org/x">', '<img src="/x">'),
        (checks.unsafe_markup, '<a href="javascript:go()">', '<a href="/js">'),
        (checks.unsafe_markup, '<p hx-on:click="go()">', '<p hx-get="/x">'),
        (checks.unsafe_markup, '<p hx-trigger="click[ctrlKey]">', '<p hx-trigger="change delay:300ms">'),
        (checks.bare_fields, '<input name="x">', '<input type="hidden" name="x">'),
        (checks.bare_fields, "<select>", "<p>"),
        (checks.bare_forms, '<form method="post">', '<form method="get">'),
        (checks.nameless_cells, "<td>", '<td role="cell" data-h="Name">'),
        (checks.nameless_cells, '<td role="cell">', '<td role="cell" colspan="2">'),
        (checks.nameless_cells, '{% call table(x, classes="told") %}<td>', 'classes="told cards"<td role="cell">'),
        (checks.idle_imports, '{% from "x" import a, b %}{{ a(b=1) }}', '{% from "x" import a, b %}{{ a(b) }}'),
    ],
)  # fmt: skip
def test_a_fault_of_a_template_is_found(check: Callable[[Template], Iterable[str]], wrong: str, right: str) -> None:
    assert len(list(check(Template("pages/x.html", f"\n{checks._COMMENT.sub('', wrong)}")))) == 1
    assert list(check(Template("pages/x.html", checks._COMMENT.sub("", right)))) == []


def test_faults_of_a_page_are_found() -> None:
    key = '<input type="hidden" name="key" value="1">'
    wrong = f'<form method="post" id="f"><input name="a"><label for="b">B</label><input id="b">{key}</form>'
    assert list(checks.unlabelled(wrong)) == ["no label: input a", "no token: form f"]
    assert list(checks.repeated_ids('<div><p id="a"></p><p id="a" aria-describedby="b"></p></div>')) == [
        "twice: a", "nowhere: b",
    ]  # fmt: skip


def test_a_component_that_the_gallery_does_not_show_is_found() -> None:
    parts = Template(
        "parts/x.html",
        "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{% endmacro %}{% macro c() %}{% endmacro %}",
    )
    components = checks.macros_of([parts])
    assert set(components) == {"a", "c"}
    assert list(checks.unshown(components, Template("pages/gallery.html", "{{ a() }}"))) == ["parts/x.html: c"]


def test_a_class_without_a_rule_is_found() -> None:
    classes = checks.classes_of(Template("x.html", '<p class="btn {{ kind }} w-{{ width }} gone"><p class="lost">'))
    assert list(checks.unstyled(classes, ".btn { color: red } @media print { .gone > p { x: .5rem } }")) == ["lost"]


def test_a_script_that_writes_is_found() -> None:
    assert list(checks.evaluating("a.value = 1\nb.innerHTML = c\nb.textContent = 'x'\neval(c)")) == [
        "2: innerHTML", "3: textContent =", "4: eval",
    ]  # fmt: skip


def test_no_template_goes_around_escaping_or_the_policy() -> None:
    none_of((fault for template in OURS for fault in checks.unsafe_markup(template)), checks.unsafe_markup)


def test_pages_draw_fields_forms_and_cells_by_macros() -> None:
    for check in (checks.bare_fields, checks.bare_forms, checks.nameless_cells):
        none_of((fault for template in OURS for fault in check(template)), check)


def test_templates_import_what_they_call() -> None:
    none_of((fault for template in OURS for fault in checks.idle_imports(template)), checks.idle_imports)


def test_every_component_is_on_the_gallery() -> None:
    (shown,) = (template for template in OURS if template.name == "pages/gallery.html")
    components = checks.macros_of(OURS)
    assert len(components) > 25
    none_of(checks.unshown(components, shown), checks.unshown)


def test_every_field_has_a_label_and_every_form_its_token_and_key(gallery_page: str) -> None:
    none_of(checks.unlabelled(gallery_page), checks.unlabelled)
    none_of(checks.repeated_ids(gallery_page), checks.repeated_ids)


PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "</textarea><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}",
    "</title><script>alert(1)</script>",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_was_typed_and_what_is_said_of_it_stay_text(payload: str) -> None:
    view = gallery.gallery_view()
    said = [Said(pointer="", text=payload, hint=payload)]
    faulty = DrawnForm({name: [payload] for name in view.faulty.fields}, said, prefix="faulty")
    plain = DrawnForm({name: [payload] for name in view.plain.fields}, prefix="plain")
    flash = frame.Flash(text=payload, link="/", link_text=payload)
    template = frame.templates().get_template("pages/gallery.html")
    before = html.fromstring(rendered(template, view))
    after = html.fromstring(rendered(template, structs.replace(view, faulty=faulty, plain=plain, flash=flash)))
    assert len(after.xpath("//script")) == len(before.xpath("//script"))
    assert after.xpath("//img | //*[@onerror or @onfocus or @onload]") == []
    assert after.xpath("//input[@name='/learner/first_name']/@value") == [payload, payload]


def test_every_class_has_a_rule_and_every_rule_a_use() -> None:
    classes = {name for template in OURS for name in checks.classes_of(template)}
    none_of(checks.unstyled(classes, CSS, SCRIPT), checks.unstyled)
    everywhere = SCRIPT + "".join(template.text for template in OURS)
    python = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.parent.rglob("*.py"))
    unused = [name for name in checks.styled_classes(CSS) if name.removeprefix("w-") not in everywhere + python]
    assert not unused, f"rules that nothing uses: {sorted(unused)}"


@pytest.mark.parametrize(("name", "spec"), [("of-all", SEARCH), ("of-one", DETAILS), ("of-sums", SUMMARY)])
def test_the_stylesheet_tells_each_cell_of_a_list_by_the_heading_of_its_column(name: str, spec: ListSpec) -> None:
    headings = {place: column.heading for place, column in enumerate(spec.columns, 1) if column.classes != "hidden"}
    assert checks.told_headings(CSS, name) == headings


def test_every_page_names_a_role() -> None:
    for route in page_routes(create_app(demo=True)):
        assert role_of(route) in ROLES, route.path


def test_every_page_is_in_the_list_that_axe_visits() -> None:
    shown = {route.path for route in page_routes(create_app(demo=True)) if "GET" in (route.methods or ())}
    assert shown - PARTS - {"/static/{file}"} == VISITED.keys(), "tests/browser/visited.py lists the pages"


def test_every_file_of_others_has_its_version_its_licence_and_its_digest() -> None:
    vendored = tomllib.loads((STATIC / "VENDORED.toml").read_text(encoding="utf-8"))["files"]
    for file in vendored:
        assert hashlib.sha256((STATIC / file["name"]).read_bytes()).hexdigest() == file["sha256"], file["name"]
        assert (STATIC / file["licence_file"]).is_file()
        assert file["version"] and file["licence"] and file["source"].startswith("https://")
    ours = {"console.css", "console.js", "mark.svg", "tags.svg"}
    assert {path.name for path in STATIC.iterdir() if path.is_file()} == ours | {
        "VENDORED.toml", *(file["name"] for file in vendored),
    }  # fmt: skip


def test_our_script_is_short_and_evaluates_nothing() -> None:
    assert len(SCRIPT.splitlines()) <= 200
    none_of(checks.evaluating(SCRIPT), checks.evaluating)


def test_a_first_visit_loads_little(gallery_page: str) -> None:
    sent = {name: len(asset.packed or asset.body) for name, asset in assets().items()}
    most = {
        "console.css": 8, "htmx.min.js": 13.5, "console.js": 4, "hyperlegible.woff2": 34.5, "mark.svg": 1,
        "tags.svg": 1,
    }  # fmt: skip
    assert {name: sent[name] for name in most if sent[name] > most[name] * KILOBYTE} == {}
    # With the drawings of tags, which the stylesheet names; extended letters are asked for where a page has some.
    loaded = [name for name, asset in assets().items() if asset.address in gallery_page or name == "tags.svg"]
    assert len(loaded) + 1 <= 7
    assert sum(sent[name] for name in loaded) + len(gallery_page.encode()) <= 120 * KILOBYTE


ROWS = """{% extends "base.html" %}
{% from "parts/list.html" import table, tick_row, nothing %}{% from "parts/status.html" import status %}
{% block title %}Learners{% endblock %}
{% block main %}{% call table("Learners", [("Name", "", "", "")] * 9) %}<tbody role="rowgroup">
{% for row in view %}
<tr role="row"><td role="cell" data-h="">{{ tick_row("completion", row.id, row.name) }}</td>
<td role="cell" data-h="Name"><a href="/p/0008001/completions/{{ row.id }}">{{ row.name }}</a></td>
<td role="cell" data-h="MM/DD">11/24</td><td role="cell" data-h="Learner's id">35867909</td>
<td role="cell" data-h="Completed">12/01/2021</td><td role="cell" data-h="Submitted">12/14/2021</td>
<td role="cell" data-h="Credits" class="num">{{ 0.25|amount }} Lifelong Learning</td>
<td role="cell" data-h="Status">{{ status("rejected", "Rejected: the name differs") }}</td>
<td role="cell" data-h=""><a href="/p/0008001/completions/{{ row.id }}/correct">Correct<span class="vh">
{{ row.name }}</span></a></td></tr>
{% endfor %}</tbody>{% endcall %}{% endblock %}"""


def test_a_page_of_fifty_rows_is_at_most_60_kilobytes() -> None:
    view = [
        SimpleNamespace(id=f"01a22a19-88dd-7000-a94b-{row:012}", name="Tina Karacme-Featherstone") for row in range(50)
    ]
    page = rendered(frame.templates().from_string(ROWS), view)
    assert len(page.encode()) <= 60 * KILOBYTE
