"""`make drill-transcript`: programs that have nothing of ours read transcripts of every kind, printed and signed.

outloud judges each by PDF/UA-1 and by what a validator cannot see (reading order, letters that map to others, cells
without a heading); it runs in `.venv-pdf`, apart from the project. `pdfsig` verifies signatures where poppler-utils is
installed. Then 120 and 1,000 rows are timed, each time with other content, and the memory of the process is read.
Exits with 1 when a checker finds anything, or when memory grows.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from app.documents.signing import sign_pdf
from app.documents.signing_keys import open_signing_key
from app.documents.transcript.printing import print_transcript
from app.domain.credits import CreditStatus, Delivery
from app.domain.passport.transcripts import RowFlag, Transcript, TranscriptPeriod, assemble
from benchmarks.world.installation import ROOT
from tests.builders.transcripts import a_credit, a_publication, a_row, a_transcript, slides_transcript

CHECKER = ROOT / ".venv-pdf" / "bin" / "outloud"
TIMES = 8
MOST_MEGABYTES = 400
"""What the process may have grown to after all of it."""
_WORDS = (
    "pain", "opioid", "stroke", "sepsis", "glaucoma", "ethics", "asthma", "imaging", "vaccine", "diabetes", "trauma",
    "dialysis", "screening",
)  # fmt: skip
_NAMES = {
    "vietnamese": "\u0110\u1eb7ng Th\u1ecb \u00c1nh Nguy\u1ec7t",
    "greek": "\u039f\u03b4\u03c5\u03c3\u03c3\u03ad\u03b1\u03c2 \u0395\u03bb\u03cd\u03c4\u03b7\u03c2",
    "cyrillic": "\u0410\u043d\u043d\u0430 \u0410\u0445\u043c\u0430\u0442\u043e\u0432\u0430",
    "japanese": "\u5c71\u7530\u592a\u90ce",
    "long": "Featherstonehaugh-Cholmondeley " * 8,
    "unbroken": "Hydroxy" * 40,
}


def main() -> None:
    """Check every kind of transcript; exit with 1 when anything is found."""
    with tempfile.TemporaryDirectory(prefix="pars-transcripts-") as place:
        folder = Path(place)
        key = open_signing_key(folder / "keys", "PARS", datetime.now(UTC))
        for name, transcript in _kinds().items():
            pdf = print_transcript(transcript, a_publication())
            (folder / f"{name}.pdf").write_bytes(pdf)
            (folder / f"{name}-signed.pdf").write_bytes(sign_pdf(pdf, key, service_name="PARS"))
        (folder / "unpublished.pdf").write_bytes(print_transcript(slides_transcript(), a_publication(code=None)))
        files = sorted(folder.glob("*.pdf"))
        faults = [*_judge(files), *(_verify(files) if shutil.which("pdfsig") else ())]
        print(f"{len(files)} documents read, pdfsig: {shutil.which('pdfsig') or 'not here'}", flush=True)
    faults += _time()
    for fault in faults:
        print(fault, flush=True)
    sys.exit(bool(faults))


def _kinds() -> Mapping[str, Transcript]:
    chance = random.Random(8)
    unusual = a_row(
        1, a_credit("CA-M", 3), a_credit("TN-M", 3, delivery=Delivery.TRANSCRIPT_ONLY),
        a_credit("ZZNC", 2, types=("Controlled Substance",)), a_credit("ABO", 4, status=CreditStatus.REJECTED),
        flags=tuple(RowFlag),
    )  # fmt: skip
    return {
        "slide": slides_transcript(),
        "empty": assemble("Vincent Van Gogh", TranscriptPeriod(), [], []),
        "unusual": a_transcript(unusual),
        **{f"{rows}-rows": _of_many_rows(rows, chance) for rows in (3, 120, 1_000)},
        **{kind: a_transcript(a_row(activity=name, provider=name), name=name) for kind, name in _NAMES.items()},
    }


def _of_many_rows(rows: int, chance: random.Random) -> Transcript:
    return a_transcript(
        *(
            a_row(
                number,
                a_credit("CA-M", credits := chance.randint(1, 40) / 4),
                a_credit("ABIM", credits, types=("Medical Knowledge", "Patient Safety")),
                activity=f"{' '.join(chance.sample(_WORDS, chance.randint(2, 9))).capitalize()} {chance.random():.6f}",
                provider=f"{chance.choice(_WORDS).capitalize()} Society",
            )
            for number in range(rows)
        )
    )


def _judge(files: list[Path]) -> Iterator[str]:
    run = subprocess.run(
        [CHECKER, "--fail-on", "warning", "--no-info", *files], capture_output=True, text=True, check=False
    )
    if run.returncode:
        yield run.stdout + run.stderr


def _verify(files: list[Path]) -> Iterator[str]:
    for file in files:
        said = subprocess.run(["pdfsig", file], capture_output=True, text=True, check=False).stdout
        valid = "Signature is Valid." in said and "Total document signed" in said
        if valid is not file.stem.endswith("-signed"):
            yield f"{file.name}: {said}"


def _time() -> Iterator[str]:
    chance = random.Random(9)
    for rows in (120, 1_000):
        seconds = []
        for _ in range(TIMES):
            transcript = _of_many_rows(rows, chance)
            began = time.perf_counter()
            print_transcript(transcript, a_publication())
            seconds.append(time.perf_counter() - began)
        print(f"{rows:,} rows: {min(seconds):.2f} s at best, {sorted(seconds)[TIMES // 2]:.2f} s in the middle")
    resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4_096 >> 20
    print(f"memory afterwards: {resident} MB", flush=True)
    if resident > MOST_MEGABYTES:
        yield f"the process has grown to {resident} MB, more than {MOST_MEGABYTES}"


if __name__ == "__main__":
    main()
