"""How a command ends when what it was asked for cannot be done."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest

import app
from app.cli.support import fail_on_faults
from app.core.config import Settings
from app.core.errors import Conflict, OperatorFault


def kinds_of(fault: type[OperatorFault]) -> Iterator[type[OperatorFault]]:
    yield fault
    for kind in fault.__subclasses__():
        yield from kinds_of(kind)


def every_fault() -> list[type[OperatorFault]]:
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    return list(kinds_of(OperatorFault))


@pytest.mark.parametrize("kind", every_fault(), ids=lambda kind: kind.__name__)
def test_a_fault_of_the_operator_ends_a_command_with_its_sentence(
    kind: type[OperatorFault], capsys: pytest.CaptureFixture[str]
) -> None:
    fault = kind.__new__(kind, "The file is empty.")  # some are built from a file and a line
    with pytest.raises(SystemExit) as ended, fail_on_faults():
        raise fault
    assert ended.value.code == 1
    assert capsys.readouterr().err == "pars: The file is empty.\n"


def test_a_problem_ends_a_command_as_it_would_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, fail_on_faults():
        raise Conflict("Another upload is running.")
    assert ended.value.code == 1
    assert capsys.readouterr().err == "pars: Another upload is running.\n"


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(KeyError), fail_on_faults():
        raise KeyError("a bug")


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("PARS_BODY_LIMIT", "hunter2", "PARS_BODY_LIMIT cannot be used: it must be a whole number of 1,024 or more."),
        ("PARS_POOL_SIZE", "201", "PARS_POOL_SIZE cannot be used: it must be a whole number from 1 to 200."),
        (
            "PARS_WEBHOOK_ALLOW_PRIVATE",
            "hunter2",
            "PARS_WEBHOOK_ALLOW_PRIVATE cannot be used: it must be true or false.",
        ),
        ("PARS_LOG_FORMAT", "hunter2", "PARS_LOG_FORMAT cannot be used: it must be auto, human or json."),
        ("PARS_HEAD_DEADLINE", "inf", "PARS_HEAD_DEADLINE cannot be used: it must be a number above 0."),
        ("PARS_DATABASE_URL", "postgresql://u:hunter2@h:no/x", "PARS_DATABASE_URL cannot be read."),
        ("PARS_DATABASE_URL", "postgresql://u:pw@hunter2:1:/x", "PARS_DATABASE_URL cannot be read."),
        ("PARS_DATABASE_URL", "sqlite://hunter2/x.db", "PARS_DATABASE_URL has two slashes where a SQLite file needs"),
        ("PARS_DATABASE_URL", "sqlite:///file:hunter2?uri=perhaps", "PARS_DATABASE_URL cannot be read."),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_in_a_sentence_without_what_it_holds(
    name: str, given: str, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, given)
    with pytest.raises(SystemExit) as ended, fail_on_faults():
        assert Settings.read().sqlalchemy_url
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert told.startswith(f"pars: {sentence}")
    assert told.count("\n") == 1
    assert "hunter2" not in told
