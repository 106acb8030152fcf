"""A PDF is signed (PAdES, baseline B-B) and stays tagged: any reader sees whether it was changed afterwards."""

from __future__ import annotations

import io

from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from app.documents.signing_keys import SigningKey

_FIELD = "Signature"


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
        md_algorithm="sha256",
        reason=reason,
        name=service_name,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        subfilter=fields.SigSeedSubFilter.PADES,
    )
    signed = signers.sign_pdf(writer, metadata, _signer(key), new_field_spec=field)
    return bytes(signed.getbuffer())


def _signer(key: SigningKey) -> signers.SimpleSigner:
    certificate, *chain = (
        certificate for der in (key.certificate_der, *key.chain_der) for certificate in load_certs_from_pemder_data(der)
    )
    certificates = SimpleCertificateStore()
    certificates.register_multiple(chain)
    return signers.SimpleSigner(
        signing_cert=certificate,
        signing_key=load_private_key_from_pemder_data(key.key_der, None),
        cert_registry=certificates,
    )
