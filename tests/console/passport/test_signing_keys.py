"""The keys that transcripts are signed with: listed with what each signed, changed, exported, looked at before use."""

from __future__ import annotations

import io
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from app.core.errors import ConfigurationError
from app.services.context import Service, operator, transact
from app.services.passport import certificates
from tests.builders.signing_keys import Private, a_key_file
from tests.harness.api import settle
from tests.harness.commands import run_command
from tests.harness.console.windows import Window
from tests.harness.databases import SECRET
from tests.harness.inbox import stored

NOW = datetime.now(UTC).replace(microsecond=0)


def published(physician: Window) -> bytes:
    """Publish a transcript; return its signed bytes."""
    physician.open("/passport/transcript").submit("/passport/transcript/publish")
    address = physician.tree.xpath("string((//*[@id='published']//tbody//a[contains(@href, '/pdf')]/@href)[1])")
    return physician.browser.get(str(address)).content


def run(service: Service, *words: str, **settings: str) -> tuple[int, str, str]:
    """Run `pars transcript` in the service's installation; return its exit code, output and errors."""
    url, folder = service.settings.database_url, str(service.settings.data_dir)
    given = {"PARS_DATABASE_URL": url, "PARS_DATA_DIR": folder, "PARS_SECRET_KEY": SECRET} | settings
    ended = run_command("transcript", *words, environment=os.environ | given)
    return ended.returncode, ended.stdout, ended.stderr


def verifies(pdf: bytes, pem: str) -> bool:
    """Whether a reader that trusts one certificate accepts a signature."""
    (root,) = load_certs_from_pemder_data(pem.encode())
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    return bool(validate_pdf_signature(signature, ValidationContext(trust_roots=[root])).bottom_line)


def test_keys_are_listed_with_what_each_signed_and_what_an_old_one_signed_verifies(
    physician: Window, service: Service
) -> None:
    assert run(service, "keys", "--json") == (0, '{"data": []}\n', "")
    assert run(service, "certificate")[0] == 1
    before = published(physician)
    assert len({before, published(physician)}) == 2
    (first,) = json.loads(run(service, "keys", "--json")[1])["data"]
    assert (first["current"], first["transcripts"], first["subject"]) == (True, 2, "OU=Transcripts,CN=PARS")
    assert first["valid_until"] == "2031-12-18T15:00:00Z"
    code, said, _ = run(service, "rotate", "--json")
    assert code == 0
    after = published(physician)
    second, kept = json.loads(run(service, "keys", "--json")[1])["data"]
    assert second["fingerprint"] == json.loads(said)["fingerprint"] != first["fingerprint"]
    assert kept == first | {"current": False}
    assert (second["current"], second["transcripts"]) == (True, 1)
    exported = run(service, "certificate")[1]
    assert exported == second["pem"] and "PRIVATE" not in exported
    assert run(service, "certificate", kept["fingerprint"][:12].upper())[1] == kept["pem"]
    assert verifies(after, exported) and verifies(before, kept["pem"]) and not verifies(before, exported)
    (entry,) = stored(service, "SELECT verb, subject_id, fields FROM audit WHERE noun = 'signing-key'")
    assert entry[:2] == ("rotate", second["fingerprint"]) and first["fingerprint"] in str(entry[2])
    table = run(service, "keys")[1].splitlines()
    assert [line.split()[0] for line in table[1:]] == [second["fingerprint"][:16], first["fingerprint"][:16]]
    assert [line.split("  ")[-1] for line in table[1:]] == ["in use", "kept"]
    settle(service)


def test_what_another_machine_has_signed_is_listed_by_the_database_alone(physician: Window, service: Service) -> None:
    pdf = published(physician)
    for path in sorted(service.settings.transcript_keys.rglob("*.pem")):
        path.unlink()
    (known,) = json.loads(run(service, "keys", "--json")[1])["data"]
    assert (known["current"], known["transcripts"]) == (False, 1) and verifies(pdf, known["pem"])


def test_a_certificate_that_is_none_or_could_be_several_is_told(service: Service) -> None:
    transact(operator(service), certificates.rotate)
    transact(operator(service), certificates.rotate)
    assert run(service, "certificate", "no")[2] == "pars: No certificate has a fingerprint that begins with no.\n"
    assert "2 certificates have a fingerprint that begins with" in run(service, "certificate", "")[2]


def test_a_key_that_a_setting_gives_is_not_rotated_and_is_listed_as_in_use(service: Service, tmp_path: Path) -> None:
    given = a_key_file(tmp_path / "given.pem", NOW, ec.generate_private_key(ec.SECP256R1()))
    transact(operator(service), certificates.rotate)
    code, _, said = run(service, "rotate", PARS_TRANSCRIPT_KEY=str(given))
    assert code == 1 and "PARS_TRANSCRIPT_KEY" in said
    listed = json.loads(run(service, "keys", "--json", PARS_TRANSCRIPT_KEY=str(given))[1])["data"]
    assert {one["subject"]: one["current"] for one in listed} == {
        "CN=Western Health": True, "OU=Transcripts,CN=PARS": False,
    }  # fmt: skip
    code, said, _ = run(service, "check-key", PARS_TRANSCRIPT_KEY=str(given))
    assert code == 0 and "fits: CN=Western Health" in said and "It ends in" in said
    looked = json.loads(run(service, "check-key", str(given), "--json")[1])
    assert looked["fits"] and looked["faults"] == [] and len(looked["notes"]) == 1
    assert run(service, "check-key")[::2] == (1, "pars: Name a file, or set PARS_TRANSCRIPT_KEY.\n")


@pytest.mark.parametrize(
    ("private", "wrong", "said"),
    [
        (ec.generate_private_key(ec.SECP384R1()), {}, None),
        (rsa.generate_private_key(65537, 1024), {}, "2,048 bits at least; this one has 1,024"),
        (ec.generate_private_key(ec.SECP256R1()), {"since": 5}, "is valid from"),
        (ec.generate_private_key(ec.SECP256R1()), {"days": -1}, "Its certificate expired on"),
        (ec.generate_private_key(ec.SECP256R1()), {"signs": False}, "does not permit signatures"),
        (ec.generate_private_key(ec.SECP256R1()), {"vouched": False}, "CN=An Authority does not vouch for CN=Western"),
    ],
    ids=["fits", "weak", "too-early", "expired", "another-use", "another-authority"],
)
def test_a_key_is_looked_at_before_it_signs(
    tmp_path: Path, private: Private, wrong: dict[str, int], said: str | None
) -> None:
    found = certificates.look_at_key(a_key_file(tmp_path / "key.pem", NOW, private, **wrong), NOW)  # type: ignore[arg-type]
    assert (said is None) == (not found.faults)
    assert said is None or said in found.faults[0]


def test_a_file_without_a_key_is_refused_without_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "text.pem").write_text("a secret", encoding="ascii")
    with pytest.raises(ConfigurationError, match="must be a PEM file") as refused:
        certificates.look_at_key(tmp_path / "text.pem", NOW)
    assert "secret" not in str(refused.value)
