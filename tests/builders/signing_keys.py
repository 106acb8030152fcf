"""Keys to sign with, in files as an authority hands them out."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
Private: TypeAlias = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def a_key_file(
    path: Path, now: datetime, private: Private, *, certified: Private | None = None, since: int = -100,
    days: int = 30, password: bytes | None = None, signs: bool = True, vouched: bool = True,
) -> Path:  # fmt: skip
    """Write a key with a certificate of an authority, and that of the authority, or of another of the same name."""
    authority = ec.generate_private_key(ec.SECP256R1())
    shown = authority if vouched else ec.generate_private_key(ec.SECP256R1())
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("Western Health", "An Authority")]
    made = []
    keys = ((certified or private).public_key(), authority), (shown.public_key(), shown)
    for name, (public, signer) in zip(names, keys, strict=True):
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(names[1]).public_key(public)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now + timedelta(days=since)).not_valid_after(now + timedelta(days=days))
        builder = builder.add_extension(x509.BasicConstraints(ca=name == names[1], path_length=None), critical=True)
        usage = {"digital_signature": signs, "content_commitment": signs, "key_cert_sign": name == names[1]}
        others = (
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        )
        usages = x509.KeyUsage(**usage, **dict.fromkeys(others, False))
        made.append(builder.add_extension(usages, critical=True).sign(signer, hashes.SHA256()))
    closed = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    path.write_bytes(private.private_bytes(PEM, PKCS8, closed) + b"".join(one.public_bytes(PEM) for one in made))
    return path
