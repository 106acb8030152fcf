from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.identity.febrl import hash_of
from benchmarks.identity.thresholds import Found, best_quality, quality_of

MEANT = {"1": "a", "2": "b", "3": "c", "4": "d"}
EVERYBODY = frozenset("abcd")


def test_an_answer_counts_as_right_only_for_who_is_meant_and_nobody_absent_is_missed():
    quality = quality_of({"1": "a", "2": "c"}, MEANT, frozenset("abc"))
    assert (quality.precision, quality.recall) == (0.5, pytest.approx(1 / 3))


def test_a_threshold_is_where_the_precision_is_still_reached():
    found = [
        Found(query="1", person="a", score=9),
        Found(query="2", person="b", score=8),
        Found(query="3", person="d", score=7),
        Found(query="4", person="d", score=6),
    ]
    strict, loose = (best_quality(found, MEANT, EVERYBODY, least) for least in (1.0, 0.75))
    assert (strict.score, strict.precision, strict.recall) == (8, 1.0, 0.5)
    assert (loose.score, loose.precision, loose.recall) == (6, 0.75, 0.75)


def test_one_of_two_that_score_alike_is_not_accepted_without_the_other():
    found = [Found(query="1", person="a", score=5), Found(query="2", person="c", score=5)]
    assert best_quality(found, MEANT, EVERYBODY, 0.9).recall == 0


def test_a_tie_with_the_next_best_is_no_answer():
    assert best_quality([Found(query="1", person="a", score=5, lead=0)], MEANT, EVERYBODY, 0.5).recall == 0


def test_a_lead_is_chosen_where_it_helps():
    found = [
        Found(query="1", person="a", score=5, lead=4),
        Found(query="2", person="c", score=9, lead=0.1),
        Found(query="3", person="c", score=5, lead=3),
    ]
    best = best_quality(found, MEANT, EVERYBODY, 0.99)
    assert (best.precision, best.recall) == (1.0, 0.5)
    assert best.lead > 0.1


@given(
    st.lists(
        st.tuples(st.sampled_from("1234"), st.sampled_from("abcd"), st.integers(0, 5)),
        max_size=4,
        unique_by=lambda one: one[0],
    ),
    st.sampled_from([0.5, 0.9, 1.0]),
)
def test_the_threshold_gives_the_quality_that_it_promises(found, least):
    every = [Found(query=query, person=person, score=score) for query, person, score in found]
    best = best_quality(every, MEANT, EVERYBODY, least)
    accepted = {one.query: one.person for one in every if one.score >= best.score} if best.recall else {}
    assert best.precision >= least
    assert quality_of(accepted, MEANT, EVERYBODY).recall == best.recall


def test_people_are_divided_alike_in_every_run():
    assert hash_of("rec-1070-org") == hash_of("rec-1070-org") != hash_of("rec-1016-org")
    halves = [hash_of(f"rec-{place}-org") < 2**31 for place in range(2_000)]
    assert 850 < sum(halves) < 1_150
