"""Of an option that stands twice neither value is taken."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from app.cli.main import commands


@pytest.mark.parametrize(
    "words",
    [
        ["batch", "x.tsv", "--provider", "0008001", "--provider", "0008002"],
        ["batch", "x.tsv", "--provider", "0008001", "--kind", "activities", "--kind", "learner-completions"],
        ["serve", "--port", "1", "--port=2"],
        ["provider", "add", "0008001", "A", "--city", "B", "--city", "C"],
    ],
)
def test_an_option_with_one_value_is_not_given_twice(words: list[str]) -> None:
    ended = CliRunner().invoke(commands, words)
    assert ended.exit_code == 2
    assert "stands twice" in ended.output


def test_an_option_that_is_a_list_or_a_flag_may_be_repeated() -> None:
    words = ["client", "create", "x", "--provider", "0008001", "--provider", "0008002", "--json", "--json", "--help"]
    assert CliRunner().invoke(commands, words).exit_code == 0
