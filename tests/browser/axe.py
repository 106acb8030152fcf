"""axe: every breach of WCAG 2.0 to 2.2, A and AA, and of good practice, that can be found by looking at a page."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

_SCRIPT = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def _source() -> str:
    return _SCRIPT.read_text(encoding="utf-8")


def breaches(page: Page) -> list[str]:
    """Return what axe finds on a page, each as `rule: element: what to mend`."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    found = page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", _RULES)
    assert found["passes"], "axe looked at nothing"
    return [
        f"{violation['id']}: {node['html'][:160]}: {' '.join(node['failureSummary'].split())}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
