"""Variables that begin as the settings do: slips are told with the name that is meant, others are let be."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.core.config import Settings
from app.core.errors import ConfigurationError
from app.core.setting_names import PREFIX, find_unknown_names
from tests.harness.commands import ROOT

FIELDS = tuple(Settings.model_fields)
PLACES = ("compose.yaml", "Dockerfile", "Makefile", "README.md", ".ci", "benchmarks", "docs", "examples", "tests")
KINDS = frozenset({"", ".py", ".md", ".yaml", ".toml", ".ts", ".sh"})
MADE_UP, SLIP = "NONSENSE", "DATABSE_URL"
"""An unknown name and a misspelt one, which are examples in tests and pages."""


def meant_by(name: str) -> str | None:
    """Return the setting that a name is a slip of; None for one that is unknown."""
    return find_unknown_names([PREFIX + name], FIELDS)[PREFIX + name]


@given(some.sampled_from(FIELDS), some.data())
def test_a_slip_of_one_letter_is_told_with_the_setting_that_is_meant(field: str, data: some.DataObject) -> None:
    name = field.upper()
    place = data.draw(some.integers(0, len(name) - 2))
    slip = data.draw(
        some.sampled_from(
            [
                name[:place] + name[place + 1 :],
                name[:place] + name[place] + name[place:],
                name[:place] + name[place + 1] + name[place] + name[place + 2 :],
                name[:place] + "X" + name[place + 1 :],
                name.replace("_", ""),
                name.replace("_", "__"),
                f"{name}S",
            ]
        )
    )
    if slip.lower() in FIELDS:
        assert find_unknown_names([PREFIX + slip], FIELDS) == {}
    else:
        assert meant_by(slip) == PREFIX + name


@given(some.sampled_from(FIELDS), some.booleans())
def test_a_setting_is_known_in_any_case(field: str, lower: bool) -> None:
    name = f"{PREFIX}{field}"
    assert find_unknown_names([name.lower() if lower else name.upper()], FIELDS) == {}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DB_URL", "DATABASE_URL"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("DATABASE", "DATABASE_URL"),
        ("SECRET", "SECRET_KEY"),
        ("DATA_DIRECTORY", "DATA_DIR"),
        ("DATAFOLDER", None),
        ("TRUSTED_PROXY", "TRUSTED_PROXIES"),
    ],
)
def test_what_others_call_it_is_as_near_as_a_slip(name: str, meant: str | None) -> None:
    assert meant_by(name) == (meant and PREFIX + meant)


@pytest.mark.parametrize(
    "name",
    ["SITE_URL", "REDIS_URL", "MAIL_BOUNCES", "READ_DATABASE_URL", "LOCALE_DIR", "SERVICE_ACCOUNT", "WORKERS", "HOST"],
)
def test_another_word_is_no_slip(name: str) -> None:
    assert meant_by(name) is None


@pytest.mark.parametrize(
    "name",
    ["SERVICE_HOST", "SERVICE_PORT_HTTP", "PORT", "PORT_8000_TCP_ADDR", "DATABASE_PORT_5432_TCP", "DB_SERVICE_PORT"],
)
def test_what_a_cluster_sets_for_a_service_of_our_name_is_nobodys_slip(name: str) -> None:
    assert find_unknown_names([PREFIX + name], FIELDS) == {}


def test_every_variable_that_the_repository_uses_is_known() -> None:
    folders = [ROOT / place for place in PLACES]
    paths = [path for folder in folders for path in (folder.rglob("*") if folder.is_dir() else [folder])]
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in paths
        if path.is_file() and path.suffix in KINDS and "__pycache__" not in path.parts
    }
    named = {name for text in texts.values() for name in re.findall(r"\bPARS_[A-Z][A-Z_]+[A-Z]\b", text)}
    assert len(named) > len(FIELDS) / 2
    assert set(find_unknown_names(named, FIELDS)) <= {PREFIX + MADE_UP, PREFIX + SLIP}


def test_a_slip_stops_the_start_and_no_value_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PREFIX + SLIP, "postgresql://u:hunter2@h/x")
    with pytest.raises(ConfigurationError, match="DATABSE_URL is not a setting: PARS_DATABASE_URL is meant") as refused:
        Settings.read()
    assert "hunter2" not in str(refused.value)


def test_another_unknown_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PREFIX + MADE_UP, "1")
    assert Settings.read() == Settings()
