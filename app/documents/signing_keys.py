"""The key that documents are signed with: made on first use or given, and the certificates of all that came before."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import NameOID

from app.core.errors import ConfigurationError
from app.core.private_files import write_private

_KEY_BITS = 3072
_LEAST_BITS = 2048
"""Bits of a given key of RSA, below which readers call a signature weak."""
_YEARS = 10
_SKEW = timedelta(days=1)
"""Clocks of readers may be behind ours."""
_LONGEST_NAME = 64
"""Letters that a certificate's names may have (RFC 5280)."""


class SigningCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate by which signatures are verified. It is no secret."""

    fingerprint: str
    """SHA-256 of the certificate, in hex."""
    subject: str
    not_before: datetime
    not_after: datetime
    pem: str


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """A private key with its certificate, and those that vouch for it."""

    key_der: bytes
    """PKCS #8, not encrypted."""
    certificate_der: bytes
    chain_der: tuple[bytes, ...]
    certificate: SigningCertificate

    def __repr__(self) -> str:
        """Return the key without what is secret."""
        return f"SigningKey({self.certificate.fingerprint})"


def open_signing_key(folder: Path, service_name: str, now: datetime, *, given: Path | None = None) -> SigningKey:
    """Return the key to sign with: that of a file, or the installation's own, made when there is none or it expired.

    `folder` keeps the installation's own key, and the certificate of every key that was ever opened. `given` is a PEM
    file of a private key (RSA or elliptic curve), its certificate, and those that vouch for it. Raises
    `ConfigurationError` for a file that cannot be used, without what it holds.
    """
    if given is not None:
        key = _read_key(given)
        if now > key.certificate.not_after:
            raise ConfigurationError(f"The certificate in {given} expired on {key.certificate.not_after:%m/%d/%Y}.")
        _keep_certificate(folder, key)
        return key
    path = _own_key(folder)
    if not path.exists():
        # Two first uses at once: the earlier one decides for both.
        write_private(path, _new_pem(service_name, now), replace=False)
    key = _read_key(path)
    if now > key.certificate.not_after:
        return rotate_signing_key(folder, service_name, now)
    _keep_certificate(folder, key)
    return key


def rotate_signing_key(folder: Path, service_name: str, now: datetime) -> SigningKey:
    """Make a new key in place of the installation's own, whose certificate is kept: what it signed still verifies."""
    path = _own_key(folder)
    if path.exists():
        _keep_certificate(folder, _read_key(path))
    write_private(path, _new_pem(service_name, now))
    key = _read_key(path)
    _keep_certificate(folder, key)
    return key


def key_in_use(folder: Path, *, given: Path | None = None) -> SigningKey | None:
    """Return the key that the next transcript is signed with; None where one is still to be made. Makes nothing.

    Raises `ConfigurationError` for a file that cannot be used.
    """
    if given is None and not _own_key(folder).exists():
        return None
    return _read_key(given or _own_key(folder))


def read_key_file(path: Path) -> SigningKey:
    """Return the key of a PEM file; raises `ConfigurationError` for one that cannot be used, without what it holds."""
    return _read_key(path)


def faults_of_key(key: SigningKey, now: datetime) -> list[str]:
    """Return why readers would not accept what a key signs, each a sentence; none for one that fits."""
    certificate, *above = (x509.load_der_x509_certificate(der) for der in (key.certificate_der, *key.chain_der))
    faults = []
    if now < key.certificate.not_before:
        faults.append(f"Its certificate is valid from {key.certificate.not_before:%m/%d/%Y} on.")
    if now > key.certificate.not_after:
        faults.append(f"Its certificate expired on {key.certificate.not_after:%m/%d/%Y}.")
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < _LEAST_BITS:
        faults.append(f"A key of RSA needs {_LEAST_BITS:,} bits at least; this one has {public.key_size:,}.")
    with suppress(x509.ExtensionNotFound):
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        if not (usage.digital_signature or usage.content_commitment):
            faults.append("Its certificate does not permit signatures (key usage).")
    for below, voucher in pairwise((certificate, *above)):
        try:
            below.verify_directly_issued_by(voucher)
        except (InvalidSignature, ValueError, TypeError):
            faults.append(f"{_named(voucher)} does not vouch for {_named(below)}: put each below the one it certifies.")
        if now > voucher.not_valid_after_utc:
            faults.append(f"The certificate of {_named(voucher)} expired on {voucher.not_valid_after_utc:%m/%d/%Y}.")
    return faults


def certifies_itself(key: SigningKey) -> bool:
    """Whether no other certificate vouches for a key: readers then show it as valid but unknown."""
    certificate = x509.load_der_x509_certificate(key.certificate_der)
    return certificate.issuer == certificate.subject and not key.chain_der


def _named(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()


def list_certificates(folder: Path) -> Sequence[SigningCertificate]:
    """Return the certificate of every key that was opened with a folder, the newest first."""
    kept = [
        _certificate_of(x509.load_pem_x509_certificate(path.read_bytes()))
        for path in (folder / "certificates").glob("*.pem")
    ]
    return sorted(kept, key=lambda certificate: (certificate.not_before, certificate.fingerprint), reverse=True)


def read_certificate(pem: str) -> SigningCertificate:
    """Return a certificate that was kept."""
    return _certificate_of(x509.load_pem_x509_certificate(pem.encode()))


def _own_key(folder: Path) -> Path:
    return folder / "key.pem"


def _keep_certificate(folder: Path, key: SigningKey) -> None:
    path = folder / "certificates" / f"{key.certificate.fingerprint}.pem"
    if not path.exists():
        write_private(path, key.certificate.pem, replace=False)


def _read_key(path: Path) -> SigningKey:
    try:
        private, (certificate, *chain) = _load(path.read_bytes())
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        # The error of a library may repeat what the file holds.
        raise ConfigurationError(
            f"The key to sign transcripts with cannot be read from {path} ({type(error).__name__}): it must be a PEM "
            "file of a private key without a password, followed by its certificate."
        ) from None
    if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise ConfigurationError(f"The key in {path} must be of RSA or of an elliptic curve.")
    if private.public_key() != certificate.public_key():
        raise ConfigurationError(f"The first certificate in {path} is not that of the key beside it.")
    der = serialization.Encoding.DER
    return SigningKey(
        key_der=private.private_bytes(der, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        certificate_der=certificate.public_bytes(der),
        chain_der=tuple(above.public_bytes(der) for above in chain),
        certificate=_certificate_of(certificate),
    )


@lru_cache(maxsize=2)
def _load(content: bytes) -> tuple[PrivateKeyTypes, list[x509.Certificate]]:
    """Return what a PEM file holds. Kept, as the file is read for each document: a key of RSA is checked for 0.1 s."""
    return serialization.load_pem_private_key(content, None), x509.load_pem_x509_certificates(content)


def _certificate_of(certificate: x509.Certificate) -> SigningCertificate:
    return SigningCertificate(
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        subject=certificate.subject.rfc4514_string(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        pem=certificate.public_bytes(serialization.Encoding.PEM).decode(),
    )


def _new_pem(service_name: str, now: datetime) -> str:
    """Return a new key and the certificate that it signs itself, as PEM."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, service_name[:_LONGEST_NAME]),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Transcripts"),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    key = private.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return (key + certificate.public_bytes(pem)).decode()
