"""The pages that the browser tests visit: each is judged by axe in both themes and at every width.

A new page is added here; `tests/structure/test_templates.py` finds one that was forgotten.
"""

from __future__ import annotations

VISITED = {
    "/accessibility": ["/accessibility"],
    "/gallery": ["/gallery"],
    "/": ["/"],
    "/sign-in": ["/sign-in"],
    "/sign-in/{token}": ["/sign-in/none-such"],
    "/sign-in/factor": ["/sign-in/factor"],
    "/account": ["/account"],
    "/account/authenticator": ["/account/authenticator"],
}
"""Addresses to visit, by the path of their route."""
ENTERED = {"/account": "a clerk", "/account/authenticator": "a clerk"}
"""As whom an address is visited, in the words of the demo's buttons; any other by somebody who is not signed in."""
ASTRAY = ["/nowhere"]
"""Addresses that answer with the page of a problem."""
PARTS: set[str] = set()
"""Paths of routes that answer a script with a part of a page, or with a file."""
THEMES = ("light", "dark")
WIDTHS = (1280, 360)
