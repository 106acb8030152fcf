"""A value of the command line that is refused is told in words of our own."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from app.cli.main import commands
from tests.harness.refusals import LIBRARY_WORDS


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["serve", "--port", "99999"], "Must be at most 65,535."),
        (["worker", "--threads", "x"], "Must be a whole number."),
        (["batch", "x.tsv", "--provider", "0008001", "--kind", "learners"], "'learners' is not one of"),
    ],
)
def test_a_value_that_is_refused_is_told_in_words_of_our_own(words: list[str], told: str) -> None:
    ended = CliRunner().invoke(commands, words)
    assert ended.exit_code == 2
    assert told in ended.output
    assert not LIBRARY_WORDS.search(ended.output), ended.output
    assert "Value error" not in ended.output
