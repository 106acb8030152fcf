"""A transcript's totals, its order, and the bytes by which it is compared."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from app.domain.boards import BoardKind
from app.domain.credits import CreditStatus
from app.domain.passport.transcripts import (
    RowFlag,
    Totals,
    Transcript,
    TranscriptPeriod,
    assemble,
    content_of,
    digest_of_content,
    read_content,
    totals,
)
from tests.builders.transcripts import CERTIFICATION, LICENSE, a_credit, a_row, slides_transcript


def test_the_slides_transcript_has_its_totals() -> None:
    transcript = slides_transcript()
    assert {line.board: line.quarters / 4 for line in transcript.lines} == {"CA-M": 7.00, "ABO": 22.75}
    assert transcript.ama_pra_quarters / 4 == 7.00


def test_types_are_never_added_up() -> None:
    row = a_row(1, a_credit("ABIM", 7, types=("Medical Knowledge", "Patient Safety", "Practice Assessment", "Other")))
    assert totals([row]) == Totals(ama_pra=0, boards={"ABIM": 28})


def test_credit_of_three_states_is_one_amount_and_each_has_its_own_total() -> None:
    row = a_row(1, a_credit("CA-M", 2.25), a_credit("ME-M", 2.25), a_credit("TN-M", 2))
    counted = totals([row, a_row(2, a_credit("TN-M", 1))])
    assert counted == Totals(ama_pra=9 + 4, boards={"CA-M": 9, "ME-M": 9, "TN-M": 12})


@pytest.mark.parametrize("status", [CreditStatus.REJECTED, CreditStatus.WITHDRAWN])
def test_credit_that_does_not_stand_counts_for_nothing(status: CreditStatus) -> None:
    row = a_row(1, a_credit("CA-M", 5, status=status), a_credit("ME-M", 2), a_credit("ABO", 5, status=status))
    assert totals([row]) == Totals(ama_pra=8, boards={"ME-M": 8})


def test_credit_that_waits_for_its_board_counts() -> None:
    row = a_row(1, a_credit("CA-M", 5, status=CreditStatus.PENDING), a_credit("ABO", 3, status=CreditStatus.PENDING))
    assert totals([row]) == Totals(ama_pra=20, boards={"CA-M": 20, "ABO": 12})


def test_licenses_stand_before_certifications_and_every_board_with_credit_has_a_line() -> None:
    second = replace(LICENSE, number="G-7")
    rows = [a_row(1, a_credit("ABIM", 1), a_credit("TN-M", 1))]
    lines = assemble("A", TranscriptPeriod(), [CERTIFICATION, LICENSE, second, LICENSE], rows).lines
    assert [(line.board, line.numbers, line.quarters) for line in lines] == [
        ("CA-M", ("54916519", "G-7"), 0),
        ("TN-M", (), 4),
        ("ABIM", (), 4),
        ("ABO", ("98989",), 0),
    ]
    assert [line.kind for line in lines] == [BoardKind.LICENSING] * 2 + [BoardKind.CERTIFYING] * 2


def shuffled(transcript: Transcript, seed: int) -> Transcript:
    """Return a transcript made of the same parts in another order."""
    chance = random.Random(seed)

    def mixed(parts: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(chance.sample(parts, len(parts)))

    rows = [
        replace(
            row,
            credits=mixed(tuple(replace(credit, credit_types=mixed(credit.credit_types)) for credit in row.credits)),
            flags=mixed(row.flags),
        )
        for row in transcript.rows
    ]
    numbers = mixed((LICENSE, CERTIFICATION, LICENSE))
    return assemble(transcript.name, transcript.period, numbers, mixed(tuple(rows)))


def test_the_same_content_is_the_same_bytes_in_whichever_order_it_comes() -> None:
    both = (RowFlag.PERMISSION_WITHDRAWN, RowFlag.DISPUTED)
    rows = [*slides_transcript().rows, a_row(9), a_row(8, completed_on=date(2022, 4, 21)), a_row(7, flags=both)]
    transcript = assemble("Vincent Van Gogh", TranscriptPeriod(), [LICENSE, CERTIFICATION], rows)
    assert [row.completed_on for row in transcript.rows] == sorted((row.completed_on for row in rows), reverse=True)
    assert {content_of(shuffled(transcript, seed)) for seed in range(20)} == {content_of(transcript)}


def test_content_is_read_back_as_it_was_and_its_digest_tells_any_change() -> None:
    transcript = replace(slides_transcript(), name="Zo\u00eb \u0394\u03ae\u03bc\u03bf\u03c5 \u5c71", latin_name="Zoe")
    content = content_of(transcript)
    assert read_content(content) == transcript and content_of(read_content(content)) == content
    other = replace(transcript, ama_pra_quarters=transcript.ama_pra_quarters + 1)
    assert digest_of_content(content) != digest_of_content(content_of(other))
    assert len(digest_of_content(content)) == 64


def test_the_form_of_content_is_what_was_published_under_its_number() -> None:
    row = a_row(1, a_credit("ABO", 5.25, types=("Lifelong Learning",)), flags=(RowFlag.DISPUTED,))
    transcript = assemble("Zo\u00eb", TranscriptPeriod(first=date(2021, 12, 2)), [LICENSE], [row])
    credit = (
        '{"board":"ABO","board_name":"American Board of Ophthalmology","credit_types":[["Lifelong Learning",21]],'
        '"delivery":"board","kind":"moc","quarters":21,"status":"accepted","status_on":"2022-04-22"}'
    )
    lines = (
        '{"board":"CA-M","board_name":"Medical Board of California","kind":"licensing","numbers":["54916519"],'
        '"quarters":0},'
        '{"board":"ABO","board_name":"American Board of Ophthalmology","kind":"certifying","numbers":[],"quarters":21}'
    )
    row_in_json = (
        f'{{"activity":"Grand Rounds 1","activity_id":"300000001","completed_on":"2022-04-20",'
        f'"completion_id":"cmp_00001","credits":[{credit}],"flags":["disputed"],'
        '"provider":"Western Regional Medical Center"}'
    )
    assert content_of(transcript).decode() == (
        f'{{"ama_pra_quarters":0,"latin_name":null,"layout":1,"lines":[{lines}],"name":"Zo\u00eb",'
        f'"period":{{"first":"2021-12-02","last":null}},"rows":[{row_in_json}]}}'
    ), "another form is another number of `layout`, and content of this one stays readable"


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"name": 1}'])
def test_what_is_no_content_is_refused(content: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        read_content(content)
