"""A PDF is signed (PAdES, baseline B-B) and stays tagged: any reader sees whether it was changed afterwards."""

from __future__ import annotations

import io
from typing import cast

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from app.documents.signing_keys import SigningKey

_FIELD = "Signature"
_DIGEST = "sha256"


def sign_pdf(pdf: bytes, key: SigningKey, *, service_name: str, reason: str = "Published") -> bytes:
    """Return a PDF with a signature that permits no change; two signatures of the same bytes differ.

    Call it where no event loop runs, as in a thread: the library brings its own.
    """
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    # PDF/UA wants a page with a field to say the order of its fields, and the field to have a name and to be hidden.
    page = writer.find_page_for_modification(0)[0].get_object()
    page["/Tabs"] = pdf_name("/S")
    writer.update_container(page)
    field = fields.SigFieldSpec(
        _FIELD,
        invis_sig_settings=fields.InvisSigSettings(set_print_flag=False, set_hidden_flag=True),
        readable_field_name=f"Signature of {service_name}",
    )
    metadata = signers.PdfSignatureMetadata(
        field_name=_FIELD,
        md_algorithm=_DIGEST,
        reason=reason,
        name=service_name,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        subfilter=fields.SigSeedSubFilter.PADES,
    )
    signed = signers.sign_pdf(writer, metadata, _Signer(key), new_field_spec=field)
    return bytes(signed.getbuffer())


class _Signer(signers.Signer):
    """Signs with a key that was checked as it was read: the library's own checks it again, twice a signature.

    To check a key of RSA takes forty times as long as to sign with it.
    """

    def __init__(self, key: SigningKey) -> None:
        certificate, *chain = (
            certificate
            for der in (key.certificate_der, *key.chain_der)
            for certificate in load_certs_from_pemder_data(der)
        )
        certificates = SimpleCertificateStore()
        certificates.register_multiple(chain)
        super().__init__(signing_cert=certificate, cert_registry=certificates)
        private = load_der_private_key(key.key_der, None, unsafe_skip_rsa_key_validation=True)
        self._private = cast("rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey", private)

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """Return the signature of some bytes, as the certificate's kind of key makes it."""
        assert digest_algorithm == _DIGEST
        if isinstance(self._private, rsa.RSAPrivateKey):
            return self._private.sign(data, padding.PKCS1v15(), SHA256())
        return self._private.sign(data, ec.ECDSA(SHA256()))
