"""Time-ordered ids."""

from __future__ import annotations

import multiprocessing
import uuid

from app.core.clock import is_id, new_id


def test_ids_rise_and_say_what_they_are():
    made = [new_id() for _ in range(2_000)]
    assert made == sorted(set(made))
    assert {(uuid.UUID(made_id).version, uuid.UUID(made_id).variant) for made_id in made} == {(7, uuid.RFC_4122)}


def test_no_name_or_number_has_the_form_of_an_id():
    assert all(is_id(new_id()) for _ in range(100))
    for text in ("", "Test", "ZQ98765431", "1234567893", "02/01", new_id().upper(), f"{new_id()} ", new_id()[1:]):
        assert not is_id(text)


def test_a_forked_process_draws_noise_of_its_own():
    new_id()
    with multiprocessing.get_context("fork").Pool(1) as child:
        theirs = child.apply(_noises)
    assert not set(theirs) & set(_noises())


def _noises() -> list[str]:
    return [new_id()[24:] for _ in range(100)]
