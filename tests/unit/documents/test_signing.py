"""Transcripts are signed once: any reader can tell whether one was changed, also after the key was."""

from __future__ import annotations

import io
import shutil
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.generic import NumberObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from app.core.errors import ConfigurationError
from app.documents.signing import sign_pdf
from app.documents.signing_keys import SigningCertificate, list_certificates, open_signing_key, rotate_signing_key
from app.documents.transcript.printing import print_transcript
from tests.builders.signing_keys import PEM, PKCS8, a_key_file
from tests.builders.transcripts import a_publication, slides_transcript
from tests.harness.wire import at_once

NOW = datetime.now(UTC).replace(microsecond=0)
PDF = print_transcript(slides_transcript(), a_publication())


def status_of(pdf: bytes, trusted: SigningCertificate) -> PdfSignatureStatus:
    """Return how the signature of a PDF stands, with one certificate trusted."""
    (root,) = load_certs_from_pemder_data(trusted.pem.encode())
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    return validate_pdf_signature(signature, ValidationContext(trust_roots=[root]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "transcript-keys"


@pytest.fixture(scope="module")
def signed(folder: Path) -> bytes:
    return sign_pdf(PDF, open_signing_key(folder, "PARS", NOW), service_name="PARS")


def test_a_signature_covers_all_of_it_and_permits_no_change(folder: Path, signed: bytes) -> None:
    status = status_of(signed, list_certificates(folder)[0])
    assert status.intact and status.valid and status.trusted and status.bottom_line
    assert status.coverage.name == "ENTIRE_FILE"
    assert status.docmdp_ok
    (signature,) = PdfFileReader(io.BytesIO(signed)).embedded_signatures
    assert signature.docmdp_level is MDPPerm.NO_CHANGES
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"


def test_a_changed_byte_is_seen(folder: Path, signed: bytes) -> None:
    place = signed.index(b"/StructTreeRoot") + 1
    changed = signed[:place] + b"s" + signed[place + 1 :]
    assert not status_of(changed, list_certificates(folder)[0]).intact


def test_what_is_added_behind_a_signature_is_seen(folder: Path, signed: bytes) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(signed))
    page = writer.find_page_for_modification(0)[0].get_object()
    page["/Rotate"] = NumberObject(180)
    writer.update_container(page)
    output = io.BytesIO()
    writer.write(output)
    status = status_of(output.getvalue(), list_certificates(folder)[0])
    assert status.coverage.name != "ENTIRE_FILE" and not status.bottom_line


def test_what_was_printed_stands_unchanged_before_the_signature_and_stays_tagged(signed: bytes) -> None:
    assert signed.startswith(PDF)
    reader = PdfReader(io.BytesIO(signed), strict=True)
    assert reader.root_object["/MarkInfo"]["/Marked"]
    assert b'pdfuaid:part="1"' in reader.root_object["/Metadata"].get_data()
    assert reader.pages[0]["/Tabs"] == "/S"
    (field,) = (reference.get_object() for reference in reader.root_object["/AcroForm"]["/Fields"])
    assert field["/TU"] == "Signature of PARS"
    assert field["/F"] & 2, "it is hidden"


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="needs poppler-utils")
def test_another_program_finds_the_signature_valid(tmp_path: Path, signed: bytes) -> None:
    (tmp_path / "signed.pdf").write_bytes(signed)
    said = subprocess.run(["pdfsig", "signed.pdf"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "Signature Validation: Signature is Valid." in said and "Total document signed" in said


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    opened = at_once([partial(open_signing_key, folder, "PARS", NOW)] * 4)
    again = open_signing_key(folder, "Other", NOW)
    assert {key.certificate.fingerprint for key in (*opened, again)} == {again.certificate.fingerprint}
    for path in (folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    (kept,) = list_certificates(folder)
    assert kept == opened[0].certificate and kept.subject == "OU=Transcripts,CN=PARS"
    assert (kept.not_after - NOW).days == 3_650 and kept.not_before < NOW
    assert "PRIVATE" not in repr(opened[0]) and "PRIVATE" not in kept.pem


def test_what_an_old_key_has_signed_still_verifies_after_a_rotation(tmp_path: Path) -> None:
    before = sign_pdf(PDF, open_signing_key(tmp_path, "PARS", NOW), service_name="PARS")
    rotated = rotate_signing_key(tmp_path, "PARS", NOW + timedelta(days=1))
    newest, old = list_certificates(tmp_path)
    assert newest == rotated.certificate == open_signing_key(tmp_path, "PARS", NOW).certificate
    assert status_of(before, old).bottom_line and not status_of(before, newest).trusted
    assert (tmp_path / "key.pem").read_bytes().count(b"PRIVATE KEY") == 2, "one key, with its beginning and its end"


def test_a_key_that_expired_is_replaced(tmp_path: Path) -> None:
    first = open_signing_key(tmp_path, "PARS", NOW)
    later = NOW + timedelta(days=3_651)
    second = open_signing_key(tmp_path, "PARS", later)
    assert second.certificate.not_after > later
    assert list_certificates(tmp_path) == [second.certificate, first.certificate]


def test_a_key_that_was_given_signs_with_those_who_vouch_for_it(tmp_path: Path) -> None:
    given = a_key_file(tmp_path / "given.pem", NOW, ec.generate_private_key(ec.SECP256R1()))
    key = open_signing_key(tmp_path / "keys", "PARS", NOW, given=given)
    signed = sign_pdf(PDF, key, service_name="PARS")
    authority = x509.load_der_x509_certificate(key.chain_der[0])
    (kept,) = list_certificates(tmp_path / "keys")
    assert kept.subject == "CN=Western Health"
    trusted = SigningCertificate(
        fingerprint="", subject="", not_before=NOW, not_after=NOW, pem=authority.public_bytes(PEM).decode()
    )
    assert status_of(signed, trusted).bottom_line
    assert not (tmp_path / "keys" / "key.pem").exists()


def test_a_file_that_holds_no_usable_key_is_told_without_what_it_holds(tmp_path: Path) -> None:
    one, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    edwards = ed25519.Ed25519PrivateKey.generate()
    (tmp_path / "text.pem").write_text("no key at all", encoding="ascii")
    (tmp_path / "bare.pem").write_bytes(one.private_bytes(PEM, PKCS8, serialization.NoEncryption()))
    for given, said in (
        (tmp_path / "nowhere.pem", "cannot be read from .*nowhere.pem .FileNotFoundError"),
        (tmp_path / "text.pem", "it must be a PEM file"),
        (tmp_path / "bare.pem", "followed by its certificate"),
        (a_key_file(tmp_path / "closed.pem", NOW, one, password=b"secret"), "without a password"),
        (
            a_key_file(tmp_path / "edwards.pem", NOW, edwards),
            "RSA or of an elliptic curve",
        ),
        (a_key_file(tmp_path / "another.pem", NOW, one, certified=other), "is not that of the key beside it"),
        (a_key_file(tmp_path / "expired.pem", NOW, one, days=-1), "expired on"),
    ):
        with pytest.raises(ConfigurationError, match=said) as refused:
            open_signing_key(tmp_path / "keys", "PARS", NOW, given=given)
        assert "BEGIN" not in str(refused.value) and refused.value.__cause__ is None
    assert list_certificates(tmp_path / "keys") == []
