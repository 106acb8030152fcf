"""What an activity may lack has words and an input, whatever the domain names."""

from __future__ import annotations

from app.console.activity_words import missing_in_words, missing_inputs
from app.domain.activities import Activity, Registration

BARE = Activity(
    activity_id="1", provider_id="2", title="A course", format=None, start_date=None, end_date=None,
    registrations=(Registration(board="ABS"), Registration(board="ABIM")), delivery_methods=("in-person",),
)  # fmt: skip


def test_everything_that_may_be_missing_is_named_and_leads_to_its_input() -> None:
    unheld = Activity(activity_id="1", provider_id="2", title=None, format=None, start_date=None, end_date=None)
    paths = {*BARE.missing_to_activate(), *BARE.missing_to_close(), *unheld.missing_to_activate()}
    assert len(paths) == 15
    inputs = missing_inputs(BARE, sorted(paths))
    assert len({pointer for _, pointer in inputs}) == len({words for words, _ in inputs}) == len(paths)
    assert all(pointer.startswith("/") for _, pointer in inputs)


def test_what_boards_want_names_the_board() -> None:
    assert missing_in_words(BARE, ["commercial_support", "moc.1.practice_areas"]) == (
        "commercial support, ABIM: practice areas"
    )
