"""What every answer tells browsers: not to guess its type, not to keep it, not to frame it, not to hand it to others.

None lets a page of another origin read an answer (CORS): a key in a page is a key in everybody's hands, so this API is
called from servers. `Strict-Transport-Security` is the proxy's: it is about the address that the proxy serves with TLS,
and this service speaks plain HTTP behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Headers = Sequence[tuple[bytes, bytes]]
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_NO_REFERRER = (b"referrer-policy", b"no-referrer")
_NO_PAGE = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_NOT_KEPT = (b"cache-control", b"no-store")
SECRET_ADDRESS = {
    "Cache-Control": "no-store, no-transform",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
}
"""Headers of what shows a transcript to whoever has its address: nobody keeps it, finds it, or learns the address."""
_BY_CASE: dict[tuple[bool, bool, bool], Headers] = {
    (page, kept, refers): (
        *_ALWAYS,
        *(() if refers else (_NO_REFERRER,)),
        *(() if page else (_NO_PAGE,)),
        *(() if kept else (_NOT_KEPT,)),
    )
    for page in (True, False)
    for kept in (True, False)
    for refers in (True, False)
}


def headers_beside(own: Iterable[tuple[bytes, bytes]], *, of_client: bool) -> Headers:
    """Return the headers that an answer gets beside its own.

    What is answered to a client is kept by nobody unless it says otherwise itself; a page has policies of its own.
    """
    page, kept, refers = False, not of_client, False
    for name, _ in own:
        if name == b"cache-control":
            kept = True
        elif name == b"content-security-policy":
            page = True
        elif name == b"referrer-policy":
            refers = True
    return _BY_CASE[page, kept, refers]


def page_headers(policy: str) -> dict[str, str]:
    """Return the headers of a page that may load what a policy says, and nothing else."""
    return {
        "Content-Security-Policy": f"default-src 'none'; {policy}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
