"""The board catalogue: complete, strict about every word in its files, and proved by its own examples."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.domain.boards import BoardKind, Need
from app.domain.states import STATES
from app.rules import board_advice
from app.rules.catalogue import ADVICE_RULES, BOARDS_FOLDER, CatalogueError, load_catalogue
from app.rules.engine import COMPLETION_RULES
from app.rules.examples import find_failures, judge_example
from tests.builders.judging import CATALOGUE
from tests.harness.cases import for_all

EXAMPLES = [(code, example) for code, examples in CATALOGUE.examples.items() for example in examples]
CERTIFYING = {code: board for code, board in CATALOGUE.boards.items() if board.kind is BoardKind.CERTIFYING}
LICENSING = {code: board for code, board in CATALOGUE.boards.items() if board.kind is BoardKind.LICENSING}
OSTEOPATHIC = ("AZ", "CA", "FL", "ME", "MI", "NV", "NM", "OK", "PA", "TN", "UT", "VT", "WA", "WV")


@for_all("code, example", EXAMPLES, lambda case: f"{case[0]}: {case[1]['says']}")
def test_every_example_of_a_board_holds(code: str, example: Mapping[str, Any]) -> None:
    refusals = judge_example(CATALOGUE, CATALOGUE.boards[code], example["report"])
    assert refusals == set(example["expect"]), example["says"]


def test_an_example_that_does_not_hold_is_told(tmp_path: Path) -> None:
    text = (BOARDS_FOLDER / "ABS.toml").read_text(encoding="utf-8")
    (tmp_path / "ABS.toml").write_text(text.replace('expect = ["board-collaborates"]', "expect = []"), encoding="utf-8")
    (told,) = find_failures(load_catalogue((tmp_path,)))
    assert (told.board, told.expected, told.found) == ("ABS", (), ("board-collaborates",))


def test_a_year_of_a_boards_rules_is_a_table_in_its_file(tmp_path: Path) -> None:
    text = (BOARDS_FOLDER / "ABIM.toml").read_text(encoding="utf-8")
    change = '\n[[changes]]\nfrom = 2023-01-01\nsource = "a test"\nbirth_date = "optional"\nonce_per_day = true\n'
    (tmp_path / "ABIM.toml").write_text(text + change, encoding="utf-8")
    board = load_catalogue((tmp_path,)).boards["ABIM"]
    assert board.on(date(2022, 12, 31)) is board
    assert board.on(date(2023, 1, 1)).birth_date is Need.OPTIONAL
    assert board.on(date(2023, 1, 1)).once_per_day


def test_every_board_proves_itself_and_certifying_ones_in_both_directions() -> None:
    accepted = {code for code, example in EXAMPLES if not example["expect"]}
    refused = {code for code, example in EXAMPLES if example["expect"]}
    assert accepted == set(CATALOGUE.boards)
    assert refused >= set(CERTIFYING)
    assert not list(find_failures(CATALOGUE))
    assert all(example["sent"] is not None for code, example in EXAMPLES if code in LICENSING)


def test_every_rule_that_an_example_expects_exists() -> None:
    assert {rule for _, example in EXAMPLES for rule in example["expect"]} <= set(COMPLETION_RULES)


def test_every_state_and_territory_has_a_medical_board() -> None:
    assert {board.state for board in LICENSING.values() if board.profession == "medical"} == set(STATES)
    for state in STATES:
        assert CATALOGUE.licensing(state)[0].profession == "medical"


def test_codes_of_licensing_boards_are_a_table() -> None:
    assert {code for code, board in LICENSING.items() if board.profession == "osteopathic"} == {
        f"{state}-O" for state in OSTEOPATHIC
    }
    assert [board.code for board in CATALOGUE.licensing("North Carolina")] == ["ZZNC"]
    assert [board.code for board in CATALOGUE.licensing("Maine")] == ["ME-M", "ME-O"]


def test_ten_certifying_boards_say_what_must_be_given() -> None:
    assert set(CERTIFYING) == {"ABA", "ABIM", "ABO", "ABOHNS", "ABPath", "ABP", "ABS", "ABOS", "ABTS", "ABPMR"}
    assert {code for code, board in CERTIFYING.items() if board.board_id is Need.OPTIONAL} == {"ABS"}
    assert {code for code, board in CERTIFYING.items() if board.birth_date is Need.OPTIONAL} == {"ABA", "ABP"}
    assert {code for code, board in CERTIFYING.items() if board.once_per_day} == {"ABA", "ABP"}


def test_only_north_carolina_knows_a_special_credit() -> None:
    assert {code: board.special_credits for code, board in CATALOGUE.boards.items() if board.special_credits} == {
        "ZZNC": ("Controlled Substance",)
    }


IN_2022 = {"AL-M", "CA-M", "ME-M", "ME-O", "MD-M", "OR-M", "ZZNC", "ND-M", "VI-M"}


def test_the_boards_of_the_2022_list_take_part_in_2022() -> None:
    day = date(2022, 6, 1)
    assert {code for code, board in LICENSING.items() if board.participates(day)} == IN_2022


@pytest.mark.parametrize(("day", "sent"), [("2017-12-31", False), ("2018-01-01", True), ("2021-12-15", True)])
def test_tennessee_takes_part_from_2018(day: str, sent: bool) -> None:
    assert CATALOGUE.boards["TN-M"].participates(date.fromisoformat(day)) is sent


@for_all("code", CATALOGUE.boards)
def test_every_board_is_found_by_code_name_and_alias(code: str) -> None:
    board = CATALOGUE.boards[code]
    for text in (board.code, board.name, board.code.lower(), board.name.upper(), *board.aliases):
        assert CATALOGUE.board(text) is board


@for_all("code", CERTIFYING)
def test_no_two_types_of_a_board_share_a_name(code: str) -> None:
    keys = [key for credit_type in CERTIFYING[code].credit_types for key in credit_type.keys]
    assert len(keys) == len(set(keys))


FINE = """\
code = "ABX"
name = "American Board of Examples"
kind = "certifying"
decides = true
source = "the tests"
aliases = ["Examples"]
advice = ["aba-outline"]
[identity]
board_id = "required"
birth_date = "optional"
[one_record_per_day]
applies = true
exempt_formats = ["journal-cme"]
[collaborates]
completions_from = 2021-03-01
completions_until = 2030-12-31
[[credit_types]]
name = "First Type"
completions_until = 2020-12-31
[[credit_types]]
name = "Second Type"
completions_until = 2021-12-31
[[participates]]
from = 2018-01-01
until = 2021-12-31
[[examples]]
says = "something"
report = { completed_on = 2022-05-01, total = 1, types = { "First Type" = 1 } }
expect = []
"""


def _faults(folder: Path, text: str, name: str = "ABX.toml") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as refused:
        load_catalogue((folder,))
    return str(refused.value)


def test_a_board_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "ABX.toml").write_text(FINE, encoding="utf-8")
    board = load_catalogue((tmp_path,)).boards["ABX"]
    assert (board.birth_date, board.once_per_day, board.decides) == (Need.OPTIONAL, True, True)
    assert not board.counts_once_per_day("journal-cme")
    assert board.counts_once_per_day("live-course")
    assert board.completions.since == date(2021, 3, 1)
    assert [credit_type.completions.until for credit_type in board.credit_types] == [
        date(2020, 12, 31),
        date(2021, 12, 31),
    ]
    assert board.participates(date(2021, 12, 31)) and not board.participates(date(2022, 1, 1))


def _line(text: str) -> int:
    return FINE.splitlines().index(text) + 1


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('aliases = ["Examples"]', 'aliasses = ["Examples"]'),
        ('aliases = ["Examples"]', 'aliases = "Examples"'),
        ('aliases = ["Examples"]', "aliases = [1]"),
        ('kind = "certifying"', 'kind = "certifing"'),
        ("decides = true", 'decides = "yes"'),
        ("decides = true", "decides = 1"),
        ('advice = ["aba-outline"]', 'advice = ["aba-outlines"]'),
        ('board_id = "required"', 'board_id = "needed"'),
        ('board_id = "required"', 'bord_id = "required"'),
        ('birth_date = "optional"', "birth_date = false"),
        ("[one_record_per_day]", "[one_record_a_day]"),
        ("applies = true", 'applies = "true"'),
        ('exempt_formats = ["journal-cme"]', 'exempt_formats = ["journals"]'),
        ('exempt_formats = ["journal-cme"]', 'exempt_format = ["journal-cme"]'),
        ("completions_from = 2021-03-01", 'completions_from = "2021-03-01"'),
        ("completions_from = 2021-03-01", "completions_from = 2021-03-01T00:00:00"),
        ("completions_from = 2021-03-01", "completion_from = 2021-03-01"),
        ("completions_from = 2021-03-01", "completions_from = 2021-02-30"),
        ("completions_until = 2030-12-31", "completions_until = 2020-12-31"),
        ('name = "First Type"', 'name = ["First Type"]'),
        ("completions_until = 2021-12-31", 'completions_until = "2021-12-31"'),
        ("completions_until = 2021-12-31", "completed_until = 2021-12-31"),
        ('name = "Second Type"', 'name = "Second Type"\nalias = ["ST"]'),
        ("from = 2018-01-01", "since = 2018-01-01"),
        ("until = 2021-12-31", "until = 2017-12-31"),
        ('code = "ABX"', 'code = "ABX'),
        ("expect = []", 'expect = []\nnotes = "something"'),
        ("expect = []", 'expect = "permission"'),
    ],
)
def test_a_misspelt_key_type_date_or_name_stops_the_start_with_file_and_line(
    tmp_path: Path, right: str, wrong: str
) -> None:
    line = _line(right) + wrong.count("\n")
    told = _faults(tmp_path, f"\n{FINE}".replace(f"\n{right}\n", f"\n{wrong}\n")[1:])
    assert told.startswith(f"ABX.toml:{line}: ")


@pytest.mark.parametrize("key", ["code", "name", "kind", "decides", "source"])
def test_a_missing_key_is_named_with_the_file(tmp_path: Path, key: str) -> None:
    lines = [line for place, line in enumerate(FINE.splitlines()) if not (place < 5 and line.startswith(f"{key} ="))]
    told = _faults(tmp_path, "\n".join(lines))
    assert told.startswith("ABX.toml:")
    assert told.endswith(f"{key} is missing")


@pytest.mark.parametrize("state", ['state = "XX"', 'state = "Maine"', ""])
def test_a_licensing_board_names_its_state(tmp_path: Path, state: str) -> None:
    head = 'code = "XX-M"\nname = "A board"\nkind = "licensing"\ndecides = false\nsource = "the tests"\n'
    assert _faults(tmp_path, head + state, "XX-M.toml").startswith("XX-M.toml:")


def test_a_certifying_board_has_no_state(tmp_path: Path) -> None:
    told = _faults(tmp_path, 'state = "ME"\n' + FINE)
    assert told.startswith("ABX.toml:1: ")


def test_two_boards_of_one_name_are_refused_with_the_file_named(tmp_path: Path) -> None:
    (tmp_path / "ABX.toml").write_text(FINE, encoding="utf-8")
    told = _faults(tmp_path, FINE.replace('"ABX"', '"ABY"').replace("of Examples", "of Others"), "other.toml")
    line = _line('aliases = ["Examples"]')
    assert told.startswith(f"other.toml:{line}: ")


def test_a_later_folder_replaces_a_board(tmp_path: Path) -> None:
    changed = (BOARDS_FOLDER / "ABP.toml").read_text(encoding="utf-8")
    changed = changed.replace("applies = true", 'applies = true\nexempt_formats = ["journal-cme"]')
    (tmp_path / "ABP.toml").write_text(changed, encoding="utf-8")
    both = load_catalogue((BOARDS_FOLDER, tmp_path))
    assert not both.boards["ABP"].counts_once_per_day("journal-cme")
    assert both.digest != CATALOGUE.digest
    assert set(both.boards) == set(CATALOGUE.boards)


def test_what_only_boards_advise_is_asked_of_their_records_alone() -> None:
    # The judge passes over advice that no board of a record gives: so each must have nothing to say without one.
    of_the_file = {
        rule.id: rule.judge for rule in COMPLETION_RULES.values() if rule.judge.__module__ == board_advice.__name__
    }
    assert set(of_the_file) == ADVICE_RULES
    for id_, judge in of_the_file.items():
        code: Any = judge
        assert "_advised" in code.__code__.co_names, id_
        assert id_ in code.__code__.co_consts, id_
