"""The pages that the browser tests visit: each is judged by axe in both themes and at every width.

A new page is added here; `tests/structure/test_templates.py` finds one that was forgotten.
"""

from __future__ import annotations

from typing import Literal

_ON_FILE = (
    "/operator/registry > [name=reason] := physician-asked > [name='/last_name'] := Karacme > #search .btn > tbody .btn"
)
"""Everything on file of somebody: ids are made anew with each demo, and names stand in no address."""
_WITH_ACCOUNT = _ON_FILE.replace("Karacme", "Van Gogh")
"""The same of the physician who has an account in CME Passport."""
_LICENSEE = "/b/ABA/licensees > [name='/first_name']"
_MADE = "/passport/shares/new > [name='/receiver'] := Credentials, Harbor Point > main .go"
"""A link that was made: it is shown once."""
VISITED = {
    "/": ["/"],
    "/accessibility": ["/accessibility"],
    "/account": ["/account"],
    "/account/authenticator": ["/account/authenticator"],
    "/b/{code}": ["/b/ABA"],
    "/b/{code}/days/{day}": ["/b/ABA/days/2021-12-20"],
    "/b/{code}/licensees": [
        "/b/ABA/licensees",
        f"{_LICENSEE} := Tina > [name='/last_name'] := Karacme > [name='/board_id'] := 35867909 > #licensee .btn",
        f"{_LICENSEE} := Nobody > [name='/last_name'] := Atall > [name='/board_id'] := 1 > #licensee .btn",
    ],
    "/b/{code}/licensees/lists": ["/b/ABA/licensees/lists"],
    "/b/{code}/roster": ["/b/ABA/roster"],
    "/gallery": ["/gallery"],
    "/operator": ["/operator"],
    "/operator/audit": ["/operator/audit"],
    "/operator/boards": ["/operator/boards"],
    "/operator/boards/rules": ["/operator/boards/rules"],
    "/operator/boards/{code}": ["/operator/boards/ABS", "/operator/boards/ABA?on=never"],
    "/operator/disputes": ["/operator/disputes", "/operator/disputes?status=never"],
    "/operator/disputes/{pair_id}": [],
    "/operator/misses": ["/operator/misses"],
    "/operator/misses/{help_id}": [],
    "/operator/overdue": ["/operator/overdue"],
    "/operator/people": ["/operator/people"],
    "/operator/providers": ["/operator/providers"],
    "/operator/registry": ["/operator/registry"],
    "/operator/rems": ["/operator/rems?year=2021"],
    "/operator/registry/{physician_id}/merge": [f"{_ON_FILE} > main a[href$='/merge']"],
    "/operator/registry/{physician_id}/split": [
        f"{_ON_FILE} > main a[href$='/split']",
        f"{_WITH_ACCOUNT} > main a[href$='/split']",
    ],
    "/operator/registry/{physician_id}/unmerge": [],
    "/operator/work": [],
    "/operator/passport": ["/operator/passport"],
    "/operator/passport/disputes": ["/operator/passport/disputes"],
    "/operator/passport/disputes/{dispute_id}": [],
    "/p/{provider_id}": ["/p/0008001"],
    "/p/{provider_id}/activities": ["/p/0008001/activities", "/p/0008001/activities?q=nothing-like-it"],
    "/p/{provider_id}/activities/new": ["/p/0008001/activities/new"],
    "/p/{provider_id}/activities/{activity_id}": ["/p/0008001/activities/201759558"],
    "/p/{provider_id}/activities/{activity_id}/add": ["/p/0008001/activities/201759558/add"],
    "/p/{provider_id}/activities/{activity_id}/close": ["/p/0008001/activities/201754277/close"],
    "/p/{provider_id}/activities/{activity_id}/copy": ["/p/0008001/activities/201759558/copy"],
    "/p/{provider_id}/activities/{activity_id}/delete": ["/p/0008001/activities/201759558/delete"],
    "/p/{provider_id}/activities/{activity_id}/edit": ["/p/0008001/activities/201759558/edit"],
    "/p/{provider_id}/activities/{activity_id}/learners": [
        "/p/0008001/activities/210016444/learners",
        "/p/0008001/activities/201759558/learners",
    ],
    "/p/{provider_id}/activities/{activity_id}/session": ["/p/0008001/activities/201759558/session"],
    "/p/{provider_id}/completions/withdraw": ["/p/0008001/learners > tbody .act a:nth-child(2)"],
    "/p/{provider_id}/completions/{completion_id}": ["/p/0008001/learners > tbody td:nth-child(3) a"],
    "/p/{provider_id}/completions/{completion_id}/correct": [],
    "/p/{provider_id}/completions/{completion_id}/withdraw": ["/p/0008001/learners > tbody .act a:nth-child(2)"],
    "/passport/credits": [
        "/passport/credits",
        "/passport/credits?from=never",
        "/passport/credits?board=ABO&state=accepted&to=12/31/2022",
        "/passport/credits?board=ABO&state=withdrawn",
    ],
    "/passport/credits/{completion_id}": ["/passport/credits > tbody td:nth-child(2) a"],
    "/passport/credits/{completion_id}/dispute": [
        "/passport/credits > tbody td:nth-child(2) a > main a[href$='/dispute']"
    ],
    "/passport/credits/{completion_id}/permission": [
        "/passport/credits > tbody td:nth-child(2) a > main a[href$='/permission']"
    ],
    "/passport/disputes/{dispute_id}": [],
    "/passport/address/{token}": ["/passport/address/none"],
    "/passport/join": ["/passport/join"],
    "/passport/join/{token}": ["/passport/join/none"],
    "/passport/periods": ["/passport/periods", "/passport/periods?from=01/01/2021&to=12/31/2022"],
    "/passport/settings": ["/passport/settings"],
    "/passport/settings/permission/{reporter_id}": ["/passport/settings > main a[href*='/permission/']"],
    "/passport/settings/close": ["/passport/settings/close"],
    "/passport/shares": ["/passport/shares"],
    "/passport/shares/new": ["/passport/shares/new", _MADE, f"{_MADE} > main a[href^='/s/'] > main .go"],
    "/passport/sign-in": [],
    "/passport/transcript": ["/passport/transcript", "/passport/transcript?from=never"],
    "/passport/transcript.json": [],
    "/passport/transcript.pdf": [],
    "/passport/transcripts/{transcript_id}/pdf": [],
    "/verify": ["/verify"],
    "/verify/{code}": ["/verify/7K4M-9QXD-2TRA"],
    "/p/{provider_id}/disputes": ["/p/0008001/disputes", "/p/0008001/disputes?status=ended"],
    "/p/{provider_id}/disputes/{dispute_id}": [],
    "/p/{provider_id}/held": ["/p/0008001/held"],
    "/p/{provider_id}/held/{held_id}": [],
    "/p/{provider_id}/learners": [
        "/p/0008001/learners",
        "/p/0008001/learners?status=rejected&board=ABA&mips=true",
        "/p/0008001/learners?completed_from=never",
    ],
    "/p/{provider_id}/reports": ["/p/0008001/reports"],
    "/p/{provider_id}/reports/{name}": [
        "/p/0008001/reports/not-yet-accepted",
        "/p/0008001/reports/reported-late?year=2021",
        "/p/0008001/reports/before-closing",
        "/p/0008001/reports/year-totals?year=2021",
        "/p/0008001/reports/attendance",
        "/p/0008001/reports/rems?year=2021",
    ],
    "/p/{provider_id}/settings": ["/p/0008001/settings"],
    "/p/{provider_id}/settings/keys": ["/p/0008001/settings/keys"],
    "/p/{provider_id}/settings/keys/{client_id}": [],
    "/p/{provider_id}/settings/keys/{client_id}/end/{key_id}": [],
    "/p/{provider_id}/settings/keys/{client_id}/revoke": [],
    "/p/{provider_id}/settings/keys/{client_id}/permission/{what}": [],
    "/p/{provider_id}/settings/people": ["/p/0008001/settings/people"],
    "/p/{provider_id}/settings/people/{client_id}/remove": [],
    "/p/{provider_id}/settings/provider": ["/p/0008001/settings/provider"],
    "/p/{provider_id}/settings/vendors": ["/p/0008001/settings/vendors"],
    "/p/{provider_id}/settings/vendors/{vendor_id}/revoke": [],
    "/p/{provider_id}/settings/webhooks": ["/p/0008001/settings/webhooks"],
    "/p/{provider_id}/settings/webhooks/{client_id}/{endpoint_id}": [],
    "/p/{provider_id}/settings/webhooks/{client_id}/{endpoint_id}/delete": [],
    "/p/{provider_id}/summary": ["/p/0008001/summary"],
    "/p/{provider_id}/uploads": ["/p/0008001/uploads"],
    "/p/{provider_id}/uploads/new": ["/p/0008001/uploads/new"],
    "/p/{provider_id}/uploads/{batch_id}": [],
    "/p/{provider_id}/uploads/{batch_id}/fix": [],
    "/p/{provider_id}/uploads/{batch_id}/withdraw": [],
    "/p/{provider_id}/validate": ["/p/0008001/validate"],
    "/passport": [
        "/passport",
        "/passport?past=true&q=course&specialty=Anesthesiology",
        "/passport?board=ABTS&fee=no",
        "/passport?credits_from=many",
    ],
    "/passport/activities/{activity_id}": ["/passport/activities/201759558"],
    "/passport/boards": ["/passport/boards"],
    "/s/{token}": ["/s/none"],
    "/sign-in": ["/sign-in"],
    "/sign-in/factor": ["/sign-in/factor"],
    "/sign-in/{token}": ["/sign-in/none-such"],
}
_LOOKED_AT = (
    "", "/activities", "/activities/{activity_id}", "/activities/{activity_id}/learners",
    "/completions/{completion_id}", "/disputes", "/disputes/{dispute_id}", "/held", "/held/{held_id}", "/learners",
    "/reports", "/reports/{name}", "/settings",
    "/settings/keys", "/settings/keys/{client_id}", "/settings/people", "/settings/provider", "/settings/vendors",
    "/settings/webhooks", "/settings/webhooks/{client_id}/{endpoint_id}", "/summary", "/uploads", "/uploads/{batch_id}",
)  # fmt: skip
"""Pages of a provider that an operator sees as well."""
VISITED |= {
    f"/operator/as/{{provider_id}}{path}": [
        address.replace("/p/0008001", "/operator/as/0008001") for address in VISITED[f"/p/{{provider_id}}{path}"][:1]
    ]
    for path in _LOOKED_AT
}
"""Addresses to visit, by the path of their route; ` > ` stands before what is clicked then, or filled (` := `)."""
ENTERED = {
    "/account": "a clerk",
    "/operator": "the operator",
    "/b/": "ABA's staff",
    "/p/0008001/settings": "a manager",
    "/p/": "a clerk",
    "/passport/credits": "a physician",
    "/passport/disputes": "a physician",
    "/passport/periods": "a physician",
    "/passport/transcript": "a physician",
    "/passport/shares": "a physician",
    "/passport/settings": "a physician",
}
"""As whom addresses are visited, by their beginning, in the words of the demo's buttons; others by nobody."""
ASTRAY = ["/nowhere"]
"""Addresses that answer with the page of a problem."""
PARTS: set[str] = {
    "/b/{code}/days/{day}/file/{format}",
    "/b/{code}/licensees/lists/progress",
    "/b/{code}/licensees/lists/{batch_id}/files/{which}",
    "/b/{code}/roster/{batch_id}/files/{which}",
    "/operator/as/{provider_id}/downloads/ticked",
    "/operator/as/{provider_id}/downloads/{kind}",
    "/operator/as/{provider_id}/uploads/{batch_id}/files/{which}",
    "/operator/as/{provider_id}/uploads/{batch_id}/progress",
    "/operator/downloads/rems",
    "/operator/as/{provider_id}/activities/{activity_id}/mark/{format}",
    "/p/{provider_id}/activities/{activity_id}/mark/{format}",
    "/p/{provider_id}/downloads/ticked",
    "/p/{provider_id}/downloads/{kind}",
    "/p/{provider_id}/uploads/{batch_id}/files/{which}",
    "/p/{provider_id}/uploads/{batch_id}/progress",
    "/passport/activities/{activity_id}/calendar.ics",
}
"""Paths of routes that answer a script with a part of a page, or with a file."""
Look = tuple[Literal["light", "dark"], int]
"""Theme and width in which a page is judged."""
ALL_LOOKS: tuple[Look, ...] = tuple((theme, width) for theme in ("light", "dark") for width in (1280, 360, 320))
FEW_LOOKS: tuple[Look, ...] = (("light", 1280), ("dark", 320))
"""What CI has time for: pages take turns."""
WIDTHS = (320, 360, 640, 768, 1280, 1920)
FEW_WIDTHS = (320,)
