"""`/gallery`: every component in every state, on one page; it is served in the demo only."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.charts import Chart, Measured, Ranks, Series, draw_bars, rank
from app.console.drawn_forms import DrawnForm, Said
from app.console.frame import Flash, PageOwner, page
from app.console.lists.addresses import read_request
from app.console.lists.filters import options_of
from app.console.lists.line_list import DETAILS, ENTRY_METHODS, KINDS, STATUSES
from app.console.lists.listings import Listing, Rows, draw_list
from app.console.routes import ANYBODY, PageRoute
from app.core.http.pagination import Total
from app.core.security import Keyring

router = APIRouter(prefix="/gallery", route_class=PageRoute, dependencies=[ANYBODY], include_in_schema=False)
_OWNER = PageOwner("/p/0008001", "Western Regional Medical Center")


class Onlooker(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody made up, so that the header is shown whole."""

    name: str = "Dana Reyes"
    theme: str = ""
    roles: frozenset[str] = frozenset({"reader", "reporter", "manager"})
    owner: PageOwner | None = _OWNER
    owners: tuple[PageOwner, ...] = (_OWNER, PageOwner("/p/0008002", "Harbor Point Hospital"))
    token: str = "shown-nowhere-else"


class GalleryStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the timeline on the gallery."""

    kind: str
    drawing: str
    text: str
    when: str
    who: str = ""
    detail: str = ""


class GalleryView(msgspec.Struct, frozen=True, kw_only=True):
    """What the gallery shows."""

    plain: DrawnForm
    faulty: DrawnForm
    ready_row: DrawnForm
    faulty_row: DrawnForm
    weeks: Chart
    months: Chart
    few: Chart
    reasons: Ranks
    list: Listing
    steps: tuple[GalleryStep, ...]
    flash: Flash


@router.get("")
async def show_gallery(request: Request, theme: str = "") -> Response:
    """Show every component; `theme` is light or dark, else the system's."""
    visitor = Onlooker(theme=theme)
    return page(request, visitor, "pages/gallery.html", gallery_view())


def gallery_view() -> GalleryView:
    """Return every component's values: typed, faulty, empty."""
    return GalleryView(
        plain=DrawnForm(_TYPED, prefix="plain"),
        faulty=DrawnForm(_TYPED, _SAID, prefix="faulty"),
        ready_row=DrawnForm({"/cme/0/credits": ["1.0"]}, prefix="row-14"),
        faulty_row=DrawnForm({"/moc/0/total_credits": ["60"]}, _ROW_SAID, prefix="row-37"),
        weeks=_weeks(),
        months=_months(),
        few=_few(),
        reasons=rank(
            "reasons",
            "Why boards rejected credits",
            [
                ("The name differs", 41, "/gallery#lists"),
                ("The board ID is not known", 17, "/gallery#lists"),
                ("Reported by another provider", 6, "/gallery#lists"),
                ("The completion date is too late", 2, "/gallery#lists"),
            ],
            across="Reason",
        ),
        list=_list(),
        steps=_STEPS,
        flash=Flash(text="Rebecca Test was reported: 2 CME, Tennessee.", link="/gallery#flash", link_text="Open it"),
    )


_TYPED = {
    "/learner/first_name": ["Tina"],
    "/learner/last_name": ["Karacme"],
    "/learner/date_of_birth": ["11/24"],
    "/completed_on": ["12/01/2021"],
    "/cme/0/state": ["CA"],
    "/cme/0/credits": ["1.25"],
    "/moc/0/board_id": ["3586790"],
    "/moc/0/total_credits": ["60"],
    "/moc/0/credit_types/0/credits": ["61"],
    "/permission": ["true"],
    "kind": ["learners"],
    "board": ["ABA", "ABIM"],
}
_RULE = "/v1/rules/moc-maximum"
_SAID = [
    Said(pointer="", text="The activity takes no more records since 03/31/2022.", hint="Ask the operator."),
    Said(
        pointer="/moc/0/total_credits",
        text="60 is above the activity's maximum of 52.",
        hint="Check the amount and the activity's maximum.",
        rule_address=_RULE,
    ),
    Said(pointer="/moc/0/credit_types/0/credits", text="61 is above the total of 60.", hint="Types are not added up."),
    Said(pointer="/learner/date_of_birth", text="This is no month and day.", hint="Give MM/DD, for example 03/14."),
    Said(pointer="/moc/0", text="No learner was matched.", hint="We cannot say which of these is wrong."),
    Said(pointer="/cme/0/state", text="The learner has no licence there that we know.", hint="Give the other state."),
    Said(pointer="kind", text="The file holds activities.", hint="Choose what is in it."),
    Said(
        pointer="/moc/0/credit_types/1",
        severity="warn",
        text="Patient Safety is registered for this activity.",
        hint="Left off on purpose?",
    ),
]
_ROW_SAID = [
    Said(
        pointer="/moc/0/total_credits",
        text="Total Board Credits: 60 is above the activity's maximum of 52 ABA points.",
        hint="Check the amount and the activity's registered maximum.",
        rule_address=_RULE,
    )
]
_STEPS = (
    GalleryStep(kind="ok", drawing="tick", text="Reported", when="12/01/2021, 9:14 AM EST", who="Dana Reyes"),
    GalleryStep(kind="wait", drawing="clock", text="Sent to ABA", when="12/01/2021, 9:20 AM EST"),
    GalleryStep(
        kind="no",
        drawing="stop",
        text="Rejected by ABA",
        when="12/02/2021, 6:02 AM EST",
        detail="The name differs from the board's record. Correct the name, or ask the learner.",
    ),
)


def _list() -> Listing:
    given = {"status": ["rejected"], "board": ["ABA"], "kind": ["moc"]}
    asked = read_request(Keyring(("gallery",)), "0008001", "/gallery", DETAILS, given)
    options = {
        "status": options_of(STATUSES, {"rejected": 2, "pending": 11}),
        "board": options_of({}, {"ABA": 2, "ABIM": 9}),
        "kind": options_of(KINDS),
        "entry_method": options_of(ENTRY_METHODS),
        "credit_type": options_of({"Lifelong Learning": "Lifelong Learning"}),
    }
    page: Rows[int] = Rows(rows=(1, 2), total=Total(10_000, capped=True), newer="#lists", older="#lists")
    return draw_list(asked, page, "Learners of the activity", options, "/gallery")


def _weeks() -> Chart:
    accepted = (41, 66, 58, 90, 72, 104, 131, 96, 120, 143, 151, 164)
    pending = (0, 0, 0, 0, 0, 0, 0, 0, 2, 6, 14, 38)
    rejected = (0, 0, 4, 0, 6, 0, 5, 0, 3, 0, 9, 12)
    september = ["Sep 8", "Sep 15", "Sep 22", "Sep 29"]
    names = [*september, "Oct 6", "Oct 13", "Oct 20", "Oct 27", "Nov 3", "Nov 10", "Nov 17", "Nov 24"]
    return draw_bars(
        "weeks",
        "Credits by week of submission",
        "From 41 credits in the week of September 8 to 214 in the week of November 24, of which 38 are pending and 12 "
        "were rejected.",
        across="Week of",
        series=[Series("Accepted"), Series("Pending", "striped"), Series("Rejected", "alarm")],
        measured=[Measured(week[0], week[1:]) for week in zip(names, accepted, pending, rejected, strict=True)],
    )


def _months() -> Chart:
    shares = {"Jan": 71, "Feb": 74, "Mar": 70, "Apr": 82, "May": 85, "Jun": 88, "Jul": 91, "Aug": 94}
    return draw_bars(
        "months",
        "Are records reported within 30 days?",
        "The share grew from 71 % in January to 94 % in August; the goal of 90 % is reached since July.",
        across="Month",
        series=[Series("Within 30 days")],
        measured=[Measured(name, (share,)) for name, share in shares.items()],
        unit=" %",
        top=100,
        goal=(90, "Goal: 90 %"),
    )


def _few() -> Chart:
    return draw_bars(
        "few",
        "Learners by session",
        "Two sessions so far: 41 learners on 12/05/2021 and 38 on 12/12/2021.",
        across="Session",
        series=[Series("Learners")],
        measured=[Measured("12/05", (41,)), Measured("12/12", (38,))],
    )
