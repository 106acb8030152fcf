"""The house's rules about templates and static files: each yields its faults, with the place and the reason.

Every check is seen to find a made-up fault in `test_templates`, and held against the repository there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, nodes
from lxml import html

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "app" / "console" / "templates"
STATIC = ROOT / "app" / "console" / "static"
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_UNSAFE = {
    re.compile(r"\|\s*safe\b"): "what was typed would be markup",
    re.compile(r"autoescape|Markup\("): "what was typed would be markup",
    re.compile(r"\sstyle\s*="): "the policy forbids it; a class says it",
    re.compile(r"\son[a-z]+\s*="): "the policy forbids it; console.js does it",
    re.compile(r"<script(?![^>]*\ssrc=)|<script[^>]*>\s*[^<\s]"): "the policy forbids it; console.js does it",
    re.compile(r"<style\b"): "the policy forbids it; console.css has it",
    re.compile(r"https?:|\bsrc=[\"']//|\bhref=[\"']//"): "pages load from us and lead to us",
    re.compile(r"javascript:|\bjs:"): "an evaluated string",
    re.compile(r"\bhx-on\b|hx-trigger=\"[^\"]*\["): "an evaluated string: the policy forbids eval",
    re.compile(r"\bautofocus\b.*\bautofocus\b"): "two parts ask for the focus",
}
_BARE = re.compile(r"<(input|select|textarea|button)\b(?![^>]*type=\"hidden\")")
_POSTING = re.compile(r"<form\b(?=[^>]*method=[\"']?post)", re.IGNORECASE)
_CELL = re.compile(r"<td\b[^>]*>")
_TOLD = re.compile(r"classes=\"told ")
_CLASSES = re.compile(r'class="([^"]*)"')
_PRINTED = re.compile(r"\{[{%].*?[}%]\}")


@dataclass(frozen=True)
class Template:
    """A template: its name below the folder of templates, and its text without comments."""

    name: str
    text: str

    @classmethod
    def read(cls, path: Path) -> Template:
        text = _COMMENT.sub("", path.read_text(encoding="utf-8"))
        return cls(str(path.relative_to(TEMPLATES)), text)

    def line_of(self, place: int) -> str:
        return f"{self.name}:{self.text.count(chr(10), 0, place) + 1}"


def templates() -> list[Template]:
    """Read every template."""
    return [Template.read(path) for path in sorted(TEMPLATES.rglob("*.html"))]


def unsafe_markup(template: Template) -> Iterator[str]:
    """Nothing in a template goes around escaping, nor needs what the security policy of pages forbids."""
    for pattern, reason in _UNSAFE.items():
        for found in pattern.finditer(template.text):
            yield f"{template.line_of(found.start())}: {found[0].strip()}: {reason}"


def bare_fields(template: Template) -> Iterator[str]:
    """Pages draw fields and buttons by macros, which give each its label, its findings and what was typed."""
    if template.name.startswith("pages/"):
        for found in _BARE.finditer(template.text):
            yield f"{template.line_of(found.start())}: {found[0]}"


def bare_forms(template: Template) -> Iterator[str]:
    """A form that posts is opened by `form` of parts/fields.html, which gives it token and idempotency key."""
    allowed = 1 if template.name == "parts/fields.html" else 0
    for found in list(_POSTING.finditer(template.text))[allowed:]:
        yield f"{template.line_of(found.start())}: {found[0]}"


def nameless_cells(template: Template) -> Iterator[str]:
    """As a card a cell is told by its `data-h`, or by the stylesheet if it is `told`, and stays a cell by its role."""
    if not template.name.startswith("pages/"):
        return
    told = _TOLD.search(template.text) is not None
    for found in _CELL.finditer(template.text):
        if 'role="cell"' not in found[0] or not (told or "data-h=" in found[0] or "colspan=" in found[0]):
            yield f"{template.line_of(found.start())}: {found[0]}"


def idle_imports(template: Template) -> Iterator[str]:
    """A template imports only what it calls: a head that was copied tells of what is not there."""
    tree = Environment().parse(template.text)
    used = {name.name for name in tree.find_all(nodes.Name)}
    for found in tree.find_all(nodes.FromImport):
        yield from (f"{template.name}:{found.lineno}: {name}" for name in found.names if name not in used)


def macros_of(found: Iterable[Template]) -> dict[str, str]:
    """Return the components: macros of parts that no other macro is the only one to call, by name with their file."""
    parts = [template for template in found if template.name.startswith("parts/")]
    names: dict[str, str] = {}
    called: set[str] = set()
    for template in parts:
        tree = Environment().parse(template.text)
        for macro in tree.find_all(nodes.Macro):
            names[macro.name] = template.name
            called |= {call.node.name for call in macro.find_all(nodes.Call) if isinstance(call.node, nodes.Name)}
    return {name: file for name, file in names.items() if name not in called}


def calls_of(template: Template) -> set[str]:
    """Return the names of the macros that a template calls."""
    calls = Environment().parse(template.text).find_all(nodes.Call)
    return {call.node.name for call in calls if isinstance(call.node, nodes.Name)}


def unshown(components: Mapping[str, str], gallery: Template) -> Iterator[str]:
    """Every component stands on the gallery, where its states are seen and axe visits them."""
    shown = calls_of(gallery)
    for name, file in components.items():
        if name not in shown:
            yield f"{file}: {name}"


def unlabelled(page: str) -> Iterator[str]:
    """Every field of a page has a label, and every form that posts a token and a key."""
    tree = html.fromstring(page)
    labelled = set(tree.xpath("//label/@for"))
    for field in tree.xpath("//input[not(@type='hidden')] | //select | //textarea"):
        named = field.get("id") in labelled or field.get("aria-label") or field.xpath("ancestor::label")
        if not named:
            yield f"no label: {field.tag} {field.get('name')}"
    for form in tree.xpath("//form[@method='post']"):
        for needed in ("token", "key"):
            if not form.xpath(f".//input[@type='hidden'][@name='{needed}'][@value!='']"):
                yield f"no {needed}: form {form.get('id')}"


def repeated_ids(page: str) -> Iterator[str]:
    """An id stands once on a page, and what refers to one finds it."""
    tree = html.fromstring(page)
    ids = tree.xpath("//@id")
    yield from (f"twice: {name}" for name in sorted({name for name in ids if ids.count(name) > 1}))
    referring = ("for", "aria-describedby", "aria-labelledby")
    wanted = {name for attribute in referring for value in tree.xpath(f"//@{attribute}") for name in value.split()}
    yield from (f"nowhere: {name}" for name in sorted(wanted - set(ids)))


def classes_of(template: Template) -> set[str]:
    """Return the classes that a template names as they stand there; those that are put together are not seen."""
    return {
        name
        for given in _CLASSES.findall(template.text)
        for name in _PRINTED.sub("{", given).split()
        if "{" not in name and "'" not in name
    }


def styled_classes(css: str) -> set[str]:
    """Return the classes that a stylesheet knows."""
    selectors = re.sub(r"\{[^{}]*\}", " ", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL))
    return set(re.findall(r"\.([a-zA-Z][\w-]*)", selectors))


def unstyled(classes: Collection[str], css: str, script: str = "") -> Iterator[str]:
    """A class that neither a rule nor the script knows is a slip of the pen, or was left behind."""
    yield from sorted(set(classes) - styled_classes(css) - set(re.findall(r"\.([a-z][\w-]*)", script)))


def told_headings(css: str, name: str) -> dict[int, str]:
    """Return the headings that a stylesheet has for the cells of a table's class, by the places of their columns."""
    pattern = rf'\.{name} td:nth-child\((\d+)\) \{{ --h: "([^"]+)" \}}'
    return {int(place): heading for place, heading in re.findall(pattern, css)}


def evaluating(script: str) -> Iterator[str]:
    """Our script evaluates no text, writes no markup, and says nothing: words come from the server."""
    pattern = r"\beval\b|\bFunction\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write|textContent\s*=|innerText"
    for number, line in enumerate(script.splitlines(), 1):
        if found := re.search(pattern, line):
            yield f"{number}: {found[0]}"
