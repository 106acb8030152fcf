"""Which letters are printed as they are, and what becomes of those that no font has."""

from __future__ import annotations

import hashlib
import tomllib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import ConfigurationError
from app.documents.fonts import SHIPPED, clusters_of, load_fonts
from app.documents.letters import DAGGER, ZERO_WIDTH, Letters

FONTS = load_fonts()


def printed(text: str, latin: str | None = None) -> str:
    return Letters(FONTS).set(text, latin)


@pytest.mark.parametrize(
    "name",
    [
        "\u0110\u1eb7ng Th\u1ecb \u00c1nh Nguy\u1ec7t",
        "\u0141ukasz \u017b\u00f3\u0142\u0107",
        "\u00deorger\u00f0ur J\u00f3nsd\u00f3ttir",
        "S\u0323\u0301\u1ecdla-\u00c0j\u00e0y\u00ed",
        "\u1fbf\u0391\u03c1\u03b9\u03c3\u03c4\u03bf\u03c4\u1f73\u03bb\u03b7\u03c2",
        "\u0406\u0432\u0430\u043d\u043d\u0430 \u0413\u043e\u043d\u0447\u0430\u0440\u0435\u043d\u043a\u043e\u0301",
        "q\u0303\u0323 x\u030c",
        "O\u2019Malley, Jr. \u2013 M.D.",
        "\u01c3Xun \u02bbAwapuhi",
    ],
)
def test_latin_greek_and_cyrillic_with_every_mark_stay(name: str) -> None:
    assert printed(name) == unicodedata.normalize("NFC", name)


def test_letters_without_a_font_become_latin_ones_and_say_so() -> None:
    assert printed("\u5c71\u7530 Zo\u00eb") == f"ShanTian Zo\u00eb {DAGGER}"
    assert printed("\u5c71\u7530", "Tar\u014d Yamada") == f"Tar\u014d Yamada {DAGGER}"
    assert printed("\u5c71\u7530", " ") == f"ShanTian {DAGGER}"
    assert printed("Zo\u00eb", "Zoe") == "Zo\u00eb"


def test_a_letter_that_nothing_is_like_keeps_its_place() -> None:
    assert printed("A\ue000\U0010ffffB\ud800") == f"A\ufffd\ufffdB\ufffd {DAGGER}"


def test_pictures_are_left_out_and_silent_letters_do_not_become_boxes() -> None:
    assert printed("Ann \U0001f469\U0001f3fd\u200d\u2695\ufe0f Lee") == f"Ann Lee {DAGGER}"
    assert printed("\u0639\u0628\u062f \u0627\u0644\u0644\u0647") == f"`bd allh {DAGGER}"
    assert printed("\U0001f600\U0001f600") == f"\ufffd {DAGGER}", "something stood there"


def test_what_cannot_be_seen_or_turns_the_line_is_left_out() -> None:
    assert printed("A\u202e\u200fnn\u00ad\x00 \t\n\u2028 Lee\ufe0f\u2066\ufeff") == "Ann Lee"
    assert printed("Ann\r\x1b") == "Ann"
    assert printed("e\u200b\u0301") == "\u00e9"


def test_a_document_knows_whether_a_text_had_to_change() -> None:
    letters = Letters(FONTS)
    letters.set("Zo\u00eb")
    assert not letters.changed
    letters.set("\u5c71")
    assert letters.changed


def test_plain_letters_are_those_of_ascii() -> None:
    assert Letters(FONTS, plain=True).set("Zo\u00eb \u0394\u03ae\u03bc\u03bf\u03c5") == f"Zoe Dimoy {DAGGER}"


def test_only_the_longest_words_may_be_broken() -> None:
    title = "Hydroxychloroquine in electroencephalography"
    assert printed(title) == title
    assert printed(f"On {'x' * 30}") == "On " + ZERO_WIDTH.join(["xxxxxxxx"] * 3 + ["xxxxxx"])


@given(st.text(st.characters(exclude_categories=[]), max_size=60), st.none() | st.text(max_size=20))
def test_whatever_is_printed_has_a_font(text: str, latin: str | None) -> None:
    shown = printed(text, latin)
    assert all(map(FONTS.covers, clusters_of(shown))), shown
    assert shown == " ".join(shown.split())


def test_the_fonts_of_the_release_come_first_and_are_of_one_family() -> None:
    assert FONTS.families == ["Noto Sans"]


def test_a_folder_without_fonts_changes_nothing_and_one_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert load_fonts(tmp_path).letters == FONTS.letters
    with pytest.raises(ConfigurationError, match="PARS_FONT_DIR must be a folder"):
        load_fonts(tmp_path / "nowhere")


def test_every_font_has_its_version_its_licence_and_its_digest() -> None:
    vendored = tomllib.loads((SHIPPED / "VENDORED.toml").read_text(encoding="utf-8"))["files"]
    for file in vendored:
        assert hashlib.sha256((SHIPPED / file["name"]).read_bytes()).hexdigest() == file["sha256"], file["name"]
        assert (SHIPPED / file["licence_file"]).is_file()
        assert file["version"] and file["licence"] and file["source"].startswith("https://")
    assert {path.name for path in SHIPPED.iterdir() if path.is_file()} == {
        "VENDORED.toml", *(file["name"] for file in vendored),
    }  # fmt: skip
