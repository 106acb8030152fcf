"""Pages for people who follow the address of a problem or a rule in a browser; programs are given JSON there.

A page stands alone: no script, no file beside it, its style in itself and allowed by its digest.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from fastapi import Request
from starlette.responses import HTMLResponse

from app.core.http.accepting import prefers_html
from app.core.http.browser_headers import page_headers
from app.domain.findings import Severity
from app.domain.rules import RuleFacts, Scope
from app.routers.description.problems import problem_examples
from app.routers.description.responses import Responses
from app.schemas.problems import ProblemKindOut

PAGE: Responses = {
    200: {"content": {"text/html": {"schema": {"type": "string"}, "example": "<!doctype html>…"}}},
}
"""Declares that a route shows a page to those who prefer HTML, beside its JSON."""
_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1c2330; --quiet: #556070; --line: #d9dee6; --chip: #f0f3f7;
  --link: #0b57b0; --reject: #a3201c; --warning: #7a5200 }
@media (prefers-color-scheme: dark) { :root { --back: #14181f; --text: #e4e8ee; --quiet: #9da8b7; --line: #323a46;
  --chip: #1f2631; --link: #8bbcff; --reject: #ff9d94; --warning: #f0c060 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--text); font: 1rem/1.55 system-ui, sans-serif }
main, footer { max-width: 46rem; margin: 0 auto; padding: 0 1.25rem }
main { padding-top: 2.5rem }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .75rem; text-wrap: balance }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
p { margin: 0 0 1rem }
a { color: var(--link) }
code, pre { font: .9em/1.5 ui-monospace, monospace; background: var(--chip); border-radius: .3rem }
code { padding: .1rem .35rem; overflow-wrap: anywhere }
pre { padding: .9rem 1rem; margin: 0; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere }
.facts { color: var(--quiet); margin-bottom: 1.5rem }
.reject { color: var(--reject) }
.warning { color: var(--warning) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .4rem 0; margin: 1rem 0 1.5rem }
dt { color: var(--quiet); padding-right: 1.5rem }
dd { margin: 0 }
.list dt, .list dd { padding-top: .5rem; border-top: 1px solid var(--line) }
footer { color: var(--quiet); margin-top: 2.5rem; padding-bottom: 2.5rem }
footer p { border-top: 1px solid var(--line); padding-top: 1rem }
@media (max-width: 34rem) { dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: .6rem }
  .list dd { border-top: 0; padding-top: .15rem } main { padding-top: 1.5rem } h1 { font-size: 1.35rem } }
"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = page_headers(f"style-src 'sha256-{_DIGEST}'") | {"Vary": "Accept"}
_SCOPES = {
    Scope.ALL: "every record",
    Scope.CME: "records with CME",
    Scope.MOC: "records with MOC/CC points",
    Scope.REMS: "records of risk-mitigation education (REMS)",
    Scope.ACTIVITY: "activities, as they are registered or changed",
    Scope.VALIDATION: "learner validations",
    Scope.ROSTER: "rows of a board's roster",
    Scope.FILE: "files and documents that hold records",
}
_SEVERITIES = {
    Severity.REJECT: "a record that breaks it is rejected",
    Severity.WARNING: "a record that breaks it is accepted with a warning",
}
_TICKED = re.compile(r"`([^`]+)`")


def asks_for_page(request: Request) -> bool:
    """Whether a request prefers HTML to JSON, as browsers do."""
    accept = request.headers.get("accept")
    return prefers_html(accept.encode("latin-1") if accept is not None else None)


def problem_kind_page(explained: ProblemKindOut, *, up: str) -> HTMLResponse:
    """Show a kind of problem, or of error; `up` is the relative address of the service."""
    facts = f"HTTP status {explained.status}" if explained.status is not None else "one of the errors of a problem"
    parts = [_paragraph(text) for text in explained.explanation]
    example = problem_examples().get(f"problem-{explained.code}")
    if example is not None and explained.status is not None:
        shown = json.dumps(example["value"], indent=2, ensure_ascii=False)
        parts += ["<h2>What such an answer looks like</h2>", f"<pre>{escape(shown)}</pre>"]
    return _page(explained.title, f"<code>{escape(explained.code)}</code> · {facts}", parts, up)


def rule_page(rules: Sequence[RuleFacts], *, up: str) -> HTMLResponse:
    """Show a rule: what it says of each kind of record; `up` is the relative address of the service."""
    first = rules[0]
    title, *more = first.statement.split(". ", 1)
    parts = [_paragraph(text) for text in more]
    for rule in rules:
        if rule is not first and rule.statement != first.statement:
            parts += [f"<h2>For {', '.join(_SCOPES[scope] for scope in rule.scopes)}</h2>", _paragraph(rule.statement)]
        parts.append(_rule_facts(rule))
    facts = f'<code>{escape(first.id)}</code> · <span class="{first.severity}">{_SEVERITIES[first.severity]}</span>'
    return _page(title.rstrip("."), facts, parts, up)


def _rule_facts(rule: RuleFacts) -> str:
    rows = {
        "Judges": ", ".join(_SCOPES[scope] for scope in rule.scopes),
        "Boards": ", ".join(rule.boards),
        "Since": f"{rule.since}",
        "Source": rule.source,
    }
    shown = "".join(f"<dt>{name}</dt><dd>{_marked(text)}</dd>" for name, text in rows.items() if text)
    return f"<dl>{shown}</dl>"


def rules_page(rules: Mapping[str, Sequence[RuleFacts]], *, up: str) -> HTMLResponse:
    """Show all rules, each with a link to its page; `up` is the relative address of the service."""
    rows = "".join(
        f'<dt><a href="rules/{escape(rule_id)}">{escape(rule_id)}</a></dt><dd>{_marked(facts[0].statement)}</dd>'
        for rule_id, facts in rules.items()
    )
    return _page("Reporting rules", f"{len(rules)} rules", [f'<dl class="list">{rows}</dl>'], up)


def _paragraph(text: str) -> str:
    return f"<p>{_marked(text)}</p>"


def _marked(text: str) -> str:
    """Return a text in HTML, what stands between backticks as code."""
    return _TICKED.sub(r"<code>\1</code>", escape(text, quote=False))


def _page(title: str, facts: str, parts: Iterable[str], up: str) -> HTMLResponse:
    return HTMLResponse(
        f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{_marked(title)}</h1>
<p class="facts">{facts}</p>
{"".join(parts)}
</main>
<footer><p><a href="{up}/docs">Description of the API</a> · <a href="{up}/v1/rules">All rules</a></p></footer>
</body>
</html>
""",
        headers=_HEADERS,
    )
