"""Settings of documents: paths that may be left empty, and lines of an address."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.config import Settings


def test_an_empty_path_is_none_and_no_working_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    for given, read in (("", None), (" ", None), ("/fonts", Path("/fonts"))):
        monkeypatch.setenv("PARS_FONT_DIR", given)
        monkeypatch.setenv("PARS_TRANSCRIPT_KEY", given)
        settings = Settings.read()
        assert (settings.font_dir, settings.transcript_key) == (read, read)


def test_an_address_has_as_many_lines_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().address_lines == ()
    monkeypatch.setenv("PARS_SERVICE_ADDRESS", "401 Example Avenue; Chicago, IL 60611 ;; 312.555.0100;")
    assert Settings.read().address_lines == ("401 Example Avenue", "Chicago, IL 60611", "312.555.0100")
