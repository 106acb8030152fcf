"""Activities as they are registered: what can never be right, what is advised, and which status follows."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from app.domain.activities import Activity, ActivityStatus
from app.domain.boards import Span
from app.domain.formats import ACTIVITY_FORMATS, anniversary, find_format
from app.domain.parsing import Unparsed
from tests.builders.judging import a_registration, advised, an_activity

FINE: tuple[set[str], set[str]] = (set(), set())
FIRST = date(2021, 1, 1)
TODAY = date(2021, 12, 20)
LISTED = {"url": "https://education.example.org/a", "fee": "no", "registration": "open"}


def test_a_complete_activity_is_beyond_reproach() -> None:
    assert advised(an_activity()) == FINE


@pytest.mark.parametrize("name", ["format", "start_date", "end_date", "title"])
def test_title_format_and_dates_are_given(name: str) -> None:
    rules = {"format": "format-known", "title": "title-required"}
    assert advised(an_activity(**{name: None})) == ({rules.get(name, "date-valid")}, set())


def test_every_date_that_cannot_be_read_is_told() -> None:
    bad = Unparsed("2021-13-01")
    activity = an_activity(a_registration(credit_claim_date=bad), start_date=bad, end_date=bad)
    assert advised(activity) == ({"date-valid"}, set())


def test_an_activity_of_one_day_is_in_order() -> None:
    assert advised(an_activity(end_date=FIRST)) == FINE
    assert advised(an_activity(start_date=date(2022, 1, 1))) == ({"dates-in-order"}, set())


@pytest.mark.parametrize(
    ("format", "end", "said"),
    [
        ("regularly-scheduled-series", date(2022, 1, 1), FINE),
        ("regularly-scheduled-series", date(2022, 1, 2), ({"span-limit"}, set())),
        ("enduring-material", date(2024, 1, 1), FINE),
        ("enduring-material", date(2024, 1, 2), ({"span-limit"}, set())),
        ("performance-improvement", date(2022, 1, 1), FINE),
        ("performance-improvement", date(2022, 1, 2), (set(), {"span-unusual"})),
        ("live-course", date(2031, 1, 1), FINE),
        ("journal-cme", date(2031, 1, 1), FINE),
        ("manuscript-review", date(2022, 1, 2), (set(), {"span-unusual"})),
        ("test-item-writing", date(2022, 1, 2), (set(), {"span-unusual"})),
        ("committee-learning", date(2022, 1, 2), (set(), {"span-unusual"})),
        ("internet-searching-and-learning", date(2022, 1, 2), (set(), {"span-unusual"})),
        ("learning-from-teaching", date(2022, 1, 2), (set(), {"span-unusual"})),
        ("other-blended", date(2022, 1, 2), (set(), {"span-unusual"})),
    ],
)
def test_spans_include_the_anniversary(format: str, end: date, said: tuple[set[str], set[str]]) -> None:
    assert advised(an_activity(format=format, end_date=end, ama_pra_credits=52.0)) == said


def test_a_series_from_a_29th_of_february_ends_on_the_28th() -> None:
    leap = an_activity(format="RSS", start_date=date(2020, 2, 29), end_date=date(2021, 2, 28), ama_pra_credits=52.0)
    assert advised(leap) == FINE
    assert advised(replace(leap, end_date=date(2021, 3, 1))) == ({"span-limit"}, set())
    assert anniversary(date(2020, 2, 29), 36) == date(2023, 2, 28)
    assert anniversary(date(2020, 2, 29), 48) == date(2024, 2, 29)
    assert anniversary(date(2021, 12, 31), 12) == date(2022, 12, 31)


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (None, FINE),
        (date(2021, 12, 31), FINE),
        (date(2022, 3, 31), FINE),
        (date(2021, 12, 30), ({"claim-date-order"}, set())),
    ],
)
def test_a_claim_date_is_the_end_date_or_later(claim: date | None, said: tuple[set[str], set[str]]) -> None:
    assert advised(an_activity(a_registration(credit_claim_date=claim))) == said


@pytest.mark.parametrize("amount", [0.0, -1.0])
def test_amounts_of_an_activity_are_above_zero(amount: float) -> None:
    assert advised(an_activity(ama_pra_credits=amount)) == ({"credit-positive"}, set())
    assert advised(an_activity(a_registration(points=amount))) == ({"credit-positive"}, set())


def test_amounts_of_an_activity_are_quarters() -> None:
    assert advised(an_activity(ama_pra_credits=1.1)) == ({"credit-quarter"}, set())
    assert advised(an_activity(a_registration(points=1.1))) == ({"credit-quarter"}, set())
    assert advised(an_activity(a_registration(points=1.25), ama_pra_credits=1.7501)) == FINE


@pytest.mark.parametrize("board", ["ABXYZ", "TN-M", "Tennessee", ""])
def test_an_activity_is_registered_for_certifying_boards_only(board: str) -> None:
    assert advised(an_activity(a_registration(board, "Lifelong Learning"))) == ({"board-known"}, set())


def test_a_type_of_a_board_whose_types_are_not_known_needs_only_a_name() -> None:
    assert advised(an_activity(a_registration("ABTS", "Skills & Drills"))) == FINE
    assert advised(an_activity(a_registration("ABTS", "?!"))) == ({"credit-type-known"}, set())
    assert advised(an_activity(a_registration("ABIM", "Skills & Drills"))) == ({"credit-type-known"}, set())


def test_a_type_stands_once_in_a_registration_under_any_name() -> None:
    assert advised(an_activity(a_registration("ABIM", "MK", "medical-knowledge"))) == ({"credit-type-once"}, set())
    assert advised(an_activity(a_registration("ABIM", "MK", "PS"))) == FINE


@pytest.mark.parametrize(
    ("fields", "warned"),
    [
        ({"ama_pra_credits": 2.0}, True),
        ({"ama_pra_credits": 0.25}, True),
        ({"ama_pra_credits": 2.25}, False),
        ({"ama_pra_credits": 1.0, "end_date": date(2021, 3, 2)}, False),
        ({"ama_pra_credits": 1.0, "end_date": date(2021, 3, 3)}, True),
        ({"ama_pra_credits": 1.0, "format": "enduring-material"}, False),
        ({"ama_pra_credits": None}, False),
    ],
)
def test_a_long_series_registered_with_one_sessions_credit_is_told(fields: dict[str, object], warned: bool) -> None:
    activity = an_activity(**({"format": "regularly-scheduled-series"} | fields))
    assert advised(activity) == (set(), {"rss-session-amount"} if warned else set())


def test_a_series_may_be_registered_with_one_sessions_points_for_a_board() -> None:
    series = an_activity(a_registration("ABIM", points=1.0), format="RSS", ama_pra_credits=52.0)
    assert advised(series) == (set(), {"rss-session-amount"})


@pytest.mark.parametrize("lacking", ["url", "fee", "registration"])
def test_a_public_listing_has_url_fee_and_registration(lacking: str) -> None:
    details = {"listing": {name: value for name, value in LISTED.items() if name != lacking}}
    assert advised(an_activity(listing_public=True, details=details)) == (set(), {"listing-incomplete"})
    assert advised(an_activity(listing_public=False, details=details)) == FINE
    assert advised(an_activity(listing_public=True, details={"listing": LISTED})) == FINE


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("https://education.example.org", True),
        ("https://education.example.org/", True),
        ("https://education.example.org/?course=7", False),
        ("https://education.example.org/#course-7", False),
        ("https://education.example.org/course-7", False),
    ],
)
def test_a_bare_home_page_is_not_the_activitys_page(url: str, warned: bool) -> None:
    activity = an_activity(listing_public=True, details={"listing": LISTED | {"url": url}})
    assert advised(activity) == (set(), {"listing-home-page"} if warned else set())


@pytest.mark.parametrize(
    ("activity", "rule"),
    [
        (an_activity(a_registration("ABA", content_outline=())), "aba-outline"),
        (an_activity(a_registration("ABA", points=5.0)), "aba-equals-ama"),
        (an_activity(a_registration("ABO", "Patient Safety", "Improvement in Medical Practice")), "abo-not-both"),
        (an_activity(a_registration("ABIM", "Practice Assessment")), "abim-practice-assessment"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_the_boards_advices_on_registration_are_findings_of_the_activity_too(activity: Activity, rule: str) -> None:
    assert advised(activity) == (set(), {rule})


def test_four_formats_hold_learners_to_the_maximum() -> None:
    assert {error.code for error in ACTIVITY_FORMATS if error.maximum_checked} == {
        "live-course", "regularly-scheduled-series", "enduring-material", "performance-improvement",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Course", "live-course"),
        ("internet live course", "live-course"),
        ("RSS", "regularly-scheduled-series"),
        ("Internet Enduring", "enduring-material"),
        ("Performance/Quality Improvement", "performance-improvement"),
        ("Test-Item Writing", "test-item-writing"),
        ("Other/Blended Learning", "other-blended"),
    ],
)
def test_a_format_goes_by_code_name_and_older_names(text: str, code: str) -> None:
    found = find_format(text)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, ActivityStatus.ACTIVE),
        ({"end_date": TODAY}, ActivityStatus.ACTIVE),
        ({"end_date": date(2021, 12, 19)}, ActivityStatus.READY_TO_CLOSE),
        ({"closed": True}, ActivityStatus.CLOSED),
        ({"description": None}, ActivityStatus.DRAFT),
        ({"listing_public": None}, ActivityStatus.DRAFT),
        ({"delivery_methods": ("in-person",), "city": "Portland"}, ActivityStatus.DRAFT),
        ({"delivery_methods": ("in-person",), "city": "Toronto", "country": "Canada"}, ActivityStatus.ACTIVE),
    ],
)
def test_a_status_is_computed_from_fields_and_date(fields: dict[str, object], status: ActivityStatus) -> None:
    assert an_activity(**fields).status(TODAY) is status


def test_what_is_missing_to_close_is_named_per_board() -> None:
    ended = an_activity(a_registration("ABIM"), end_date=date(2021, 12, 19))
    assert ended.missing(TODAY) == (
        "measured_outcomes", "commercial_support", "learner_counts", "moc.0.attested", "moc.0.practice_areas",
    )  # fmt: skip
    done = an_activity(
        a_registration("ABIM", attested=True, practice_areas=("Cardiology",)),
        end_date=date(2021, 12, 19),
        details={"measured_outcomes": [], "commercial_support": False, "learner_counts": {}},
    )
    assert done.missing(TODAY) == ()


def test_a_missing_claim_date_is_the_end_date_and_missing_points_are_the_ama_amount() -> None:
    activity = an_activity(a_registration("ABIM"), a_registration("ABA", points=5.0))
    assert (activity.claim_date("ABIM"), activity.maximum("ABIM"), activity.maximum("ABA")) == (
        date(2021, 12, 31), 10.0, 5.0,
    )  # fmt: skip
    assert (activity.maximum("ABO"), activity.maximum()) == (None, 10.0)


@pytest.mark.parametrize(
    ("since", "until", "refused"),
    [
        (None, None, False),
        (None, date(2020, 12, 31), True),
        (None, date(2021, 1, 1), False),
        (date(2022, 1, 1), None, True),
        (date(2021, 12, 31), None, False),
        (date(2021, 6, 1), date(2021, 6, 30), False),
    ],
)
def test_an_activity_touches_the_time_of_the_accreditation(
    since: date | None, until: date | None, refused: bool
) -> None:
    activity = an_activity(start_date=date(2021, 1, 1), end_date=date(2021, 12, 31))
    assert advised(activity, Span(since=since, until=until))[0] == ({"within-accreditation"} if refused else set())
