"""Names: which are none, how apostrophes and look-alike letters are compared, and that no lost letter is somebody."""

from __future__ import annotations

import hashlib
import html
import unicodedata
from html.entities import codepoint2name

from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.identity.comparison_keys import NAME_KEYS, NameDamage, damage_of, full_name_key, name_key
from tests.harness.cases import for_all
from tests.harness.properties import examples

REAL = (
    "Rebecca", "O'Brien", "O’Brien", "OʻBrien", "O`Brien", "O´Brien", "O'BRIEN", "JOÃO", "João", "Ânia", "ÂNGELA",
    "CONCEIÇÃO", "Âmbar", "IRMÃ", "GALVÃO", "MAGALHÃES", "JoÃo", "ConceiÇÃo", "Smith & Jones", "Smith/Jones", "AT&T;",
    "MÄKELÄ–VIRTANEN", "MÄKELÄ\u00a0JUHANI", "Weiß–Meyer", "ANDRÉ–PIERRE", "ČÍŽEK", "KŘÍŽ", "LUKÁŠ", "TOMÁŠ", "Mª José",
    "Gal·la", "Llorenç", "Nguyễn", "NGUYỄN THỊ HỒNG", "Đặng", "Ðorđević", "Ćosić", "Škoda", "Ōno", "N’Dour", "NʼDour",
    "Robert “Bob”", 'Robert "Bob"', "Иван", "Пётр", "Παπαδόπουλος", "王小明", "李", "محمد", "이", "Iñárritu", "Þór",
    "İbrahim", "Işık", "Şahin", "Ángstrom", "Ångström", "ÅSA", "Åse", "NYGÅRD", "FNU", "LNU", "-", ".", "Smith, Jr.",
    "Jean–Luc", "Jean−Luc", "Jean‑Luc", "D'Angelo", "Ēriks", "Mary 😀", "3rd", "III", "Na", "Null", "Nan", "Error",
    "Ý Nhi", "Øystein", "Œuvré", "Băşescu", "IOVĂŞ", "CRĂCIUN", "ÈVE", "D’ÉON", "Lê", "Hồ", "Võ", "Ngô", "Lã", "NGÃ",
    "Ấu", "Æsa", "Élise", "Zoë", "MÜLLER", "Müller", "Çelik", "Ağaoğlu", "Gökçe", "Straße", "STRAẞE", "Ñuñez", "NÚÑEZ",
    "Ærøskøbing", "Žižek", "Łukasz", "Dvořák", "Őry", "Ștefănescu", "Țepeş", "Kaʻahele", "Kaꞌahele", "Səfərov",
    "Sa’ad", "SÂDIK", "Smith (Jones)", "Garci´a", "Mun~oz", "Mary_Ann", "Ann+Andrew-Lee", "Kim&Dring",
)  # fmt: skip
"""Names of people as they are written by hand and by machines; the last ones hold what could be taken for an escape."""
APOSTROPHES = (
    "'", "‘", "’", "‛", "ʹ", "ʻ", "ʼ", "ʽ", "ʾ", "ʿ", "ˈ", "ˊ", "ˋ", "`", "´", "Ꞌ", "ꞌ", "′", "＇",
    "׳", "՚", "՝", "",
)  # fmt: skip
HYPHENS_AND_BLANKS = (*"-‐‑‒–—―−－\u00ad \u00a0\u202f\u2007\u3000\u200b\u200d\u2060\u200e\u202a\u2066", "")
ACCENTED = "".join(
    chr(code)
    for code in (
        *range(0xC0, 0xD7),
        *range(0xD8, 0xF7),
        *range(0xF8, 0x180),
        *range(0x218, 0x21C),
        *range(0x1E00, 0x1F00),
    )
    if unicodedata.category(chr(code)).startswith("L")
)
NAMES = st.text(st.sampled_from("aeiounrstlmcAEMRSO" + ACCENTED), min_size=1, max_size=8)
PLAIN = st.from_regex(r"[A-Z][a-z]{1,7}", fullmatch=True)
WINDOWS = [bytes((byte,)).decode("cp1252", "ignore") or chr(byte) for byte in range(256)]


def as_windows(text: str) -> str:
    """Read a text's UTF-8 as a browser reads Windows-1252."""
    return "".join(WINDOWS[byte] for byte in text.encode())


def as_latin(text: str) -> str:
    """Read a text's UTF-8 as ISO 8859-1."""
    return text.encode().decode("latin-1")


@for_all("name", REAL)
def test_no_name_of_somebody_is_refused(name: str) -> None:
    assert damage_of(name) is None
    assert "\ufffd" not in name_key(name)


@given(st.text(st.characters(max_codepoint=0x7F, categories=["L", "Nd"], include_characters=" '.,-()")))
def test_no_name_in_plain_letters_is_refused(name: str) -> None:
    assume(any(map(str.isalnum, name)))
    assert damage_of(name) is None or "**" in name


@given(st.text(st.characters(categories=["P", "S", "M", "Zs"]), min_size=1, max_size=4))
def test_signs_alone_are_no_name_but_dots_and_dashes_stand_for_one_that_nobody_has(name: str) -> None:
    assume(name_key(name) in ("", "\ufffd") and name.strip())
    stands_for_none = all(c in ".\u2026\u2212" or unicodedata.category(c) in ("Pd", "Zs") for c in name)
    assert damage_of(name) is None or not stands_for_none or not set(name) <= set("-.\u2010\u2011\u2012\u2013\u2014 ")
    assert damage_of(name) is not None or stands_for_none


@for_all(
    "name",
    ("=", "=A2", '=TRIM("x")', "=PROPER(B2)", " = ", "*", "&", "_", "/", "´", "¸", "~", '""', "ʻ", "\u0301", "😀"),
)
def test_neither_a_formula_nor_a_sign_stands_for_a_missing_name(name: str) -> None:
    damage = damage_of(name)
    assert damage is not None
    assert name_key(name) != ""
    assert ("formula" in damage.detail) == ("=" in name)


@given(PLAIN, st.text(st.sampled_from(ACCENTED.lower()), min_size=1, max_size=6))
def test_no_name_in_small_letters_with_accents_is_refused(start: str, rest: str) -> None:
    assume(not rest.startswith("ã") or len(rest) == 1)
    assert damage_of(start + rest) is None


@for_all(
    "text, damage",
    [
        *((text, NameDamage.LOST) for text in (
            "Mar?a", "Jos?", "?lvarez", "????", "Mar\ufffda", "Mu\ufffdoz", "\ufffd", "Marï¿½a", "Mar？a", "Mar\x1aa",
            "Mar□a", "Mar\ufffca", "L****", "Mar*a", "Mar#a",
        )),
        *((text, NameDamage.NOT_A_NAME) for text in (
            "#N/A", "#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#GETTING_DATA", "#SPILL!", "#CALC!",
            "#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#ERROR!", "#NV", "#WERT!", "#¡VALOR!", "#¿NOMBRE?", "####",
            " #n/a ", "Smith #N/A", "Err:502", "err: 508", "Fehler:502", "Ошибка:502", "N/A", "n/a",
        )),
        *((text, NameDamage.ESCAPED) for text in (
            "O&#39;Malley", "O&#039;Malley", "O&#x27;Malley", "O&#X2019;Malley", "O&apos;Malley", "O&rsquo;Malley",
            "Garc&iacute;a", "GARC&IACUTE;A", "O&amp;#39;Malley", "O&amp;amp;#39;Malley", "O&#39Malley", "O&#39",
            "Garc&iacutea", "O#39;Malley", "Kova&ccaron;", "Smith &amp; Jones", "Mary&nbsp;Ann", "O%27Malley",
            "Garc%C3%ADa", "Garc%EDa", "O%u2019Malley", "Garc\\u00eda", "Garc\\xeda", "Garc\\303\\255a", "Jos=C3=A9",
            "O_x0027_Malley", "<b>Mary</b>", "Mary<br>Ann",
        )),
        *((text, NameDamage.MISREAD) for text in (
            "GarcÃ\u00ada", "GarcÃa", "Oâ€™Malley", "OÂ’Malley", "O\x92Malley", "NovÃ¡k", "KovaÄ\x8d", "Ã–ZTÃœRK",
            "NÃšÃ‘EZ", "MÃ¼ller", "ÃƒÂ¡ngel", "GarcÃƒÂ\u00ada", "GarcÃƒÆ’Ã‚Â\u00ada", "ZoÃ«", "KaÊ»ahele", "KaÊ¼ahele",
            "Nguyá»…n", "Mar¡a", "P‚rez", "Fran‡ois", "Mu¤oz", "G”tz", "Kova\x9a", "Garc├¡a",
            "Garc√\u00ada", "GarcĂ\u00ada", "Mar\ue000a", "Smith™", "RocÃ\u00ado",
        )),
        *((text, NameDamage.MIXED) for text in ("Мartin", "Mаrtin", "Rοsa", "µartin", "GarcГ\u00ada", "OΓÇÖMalley")),
    ],
)  # fmt: skip
def test_what_is_no_name_is_told_with_its_cause(text: str, damage: NameDamage) -> None:
    assert damage_of(text) is damage


@given(NAMES, st.data(), st.sampled_from("?\ufffd？"))
def test_a_name_that_lost_a_letter_is_nobodys(name: str, data: st.DataObject, sign: str) -> None:
    place = data.draw(st.integers(0, len(name) - 1))
    lost = name[:place] + sign + name[place + 1 :]
    assert damage_of(lost) is not None
    left = name[:place] + name[place + 1 :]
    for somebody in (name, left, "", "FNU"):
        assume(damage_of(somebody) is None)
        assert name_key(lost) != name_key(somebody)
        assert full_name_key(lost, "Lopez") != full_name_key(somebody, "Lopez")
        assert full_name_key("Ana", lost) != full_name_key("Ana", somebody)


@given(PLAIN, PLAIN, st.sampled_from(APOSTROPHES), st.sampled_from(APOSTROPHES))
def test_an_apostrophe_is_one_in_every_shape(start: str, end: str, one: str, other: str) -> None:
    assert damage_of(start + one + end) is None
    assert name_key(start + one + end) == name_key(start + other + end) == (start + end).lower()


@given(PLAIN, PLAIN, st.sampled_from(HYPHENS_AND_BLANKS), st.sampled_from(HYPHENS_AND_BLANKS))
def test_hyphens_blanks_and_what_nobody_sees_are_no_part_of_a_key(start: str, end: str, one: str, other: str) -> None:
    assert damage_of(start + one + end) is None
    assert name_key(start + one + end) == name_key(start + other + end) == (start + end).lower()


@for_all(
    "one, other",
    [
        ("Đorđe", "Ðorđe"), ("Ɖorđe", "Đorđe"), ("Ștefan", "Ştefan"), ("ﬁnn", "Finn"),
        ("Ｍａｒｙ", "Mary"), ("Işık", "Isik"), ("İnci", "Inci"), ("ĳsbrand", "IJsbrand"), ("ŉdour", "N'dour"),
        ("Əli", "Ǝli"), ("Ŧeste", "Teste"), ("Garci\u0301a", "García"), ("Straße", "STRASSE"), ("ȷan", "Jan"),
        ("محـمد", "محمد"), ("김\u3164민", "김민"),
    ],
)  # fmt: skip
def test_letters_that_people_take_for_the_same_are_the_same(one: str, other: str) -> None:
    assert name_key(one) == name_key(other) != ""


@given(PLAIN, st.sampled_from([chr(code) for code in codepoint2name if chr(code).isalpha()] + list("'’‘`´")), PLAIN)
def test_a_name_with_an_entity_is_always_recognised(start: str, letter: str, end: str) -> None:
    assume(letter.isalpha() or letter in "'’‘`´")
    forms = [f"&#{ord(letter)};", f"&#x{ord(letter):x};", f"&#{ord(letter):05d}", html.escape(f"&#{ord(letter)};")]
    if ord(letter) in codepoint2name:
        forms.append(f"&{codepoint2name[ord(letter)]};")
    for form in forms:
        assert damage_of(start + form + end) is NameDamage.ESCAPED


@examples(400)
@given(st.one_of(PLAIN, st.just("")), st.sampled_from(ACCENTED + "’‘ʻʼꞌ\ufffd"), st.one_of(PLAIN, st.just("")))
def test_a_name_that_was_misread_is_always_recognised(start: str, letter: str, end: str) -> None:
    end = end.lower()
    # A capital Ã beside a small letter is itself what is left of a misread name.
    assume(letter != "Ã" or not (end or start[-1:].islower()))
    for read in (as_windows, as_latin):
        once = read(start + letter + end)
        twice = read(once)
        for misread in (once, twice, as_windows(twice)):
            assert damage_of(misread) in (NameDamage.MISREAD, NameDamage.LOST), misread
            assert name_key(misread) != name_key(start + letter + end)


@given(NAMES)
def test_the_key_of_a_key_is_itself(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)


def test_a_changed_key_has_a_new_version() -> None:
    """A change of keys raises `NAME_KEYS`, and a migration makes stored keys anew; then this digest is changed."""
    keys = "\n".join(name_key(f"a{chr(code)}b").lstrip("\ufffd") for code in range(0x20, 0x3000))
    assert (NAME_KEYS, hashlib.sha256(keys.encode()).hexdigest()[:16]) == (2, "a2e4f05e0ee6f1d4")
