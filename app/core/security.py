"""Keys and secrets: how they are made, stored and compared; keyed digests; encrypted cursors."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


def new_api_key(*, test: bool) -> str:
    """Return a new API key with 256 random bits."""
    return f"pars_{'test' if test else 'live'}_{secrets.token_urlsafe(32)}"


def new_secret() -> str:
    """Return a new client secret with 256 random bits."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """Return the SHA-256 under which a key is stored. A key has 256 random bits, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Keyring:
    """Keys derived from the operator's secrets, one for each purpose; the first signs, all verify."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = secrets
        self._derived: dict[str, list[bytes]] = {}

    def _keys(self, purpose: str) -> list[bytes]:
        if purpose not in self._derived:
            self._derived[purpose] = [
                hmac.digest(secret.encode(), f"pars:{purpose}".encode(), "sha256") for secret in self._secrets
            ]
        return self._derived[purpose]

    def secrets_for(self, purpose: str) -> list[bytes]:
        """Return the secrets of a purpose, 32 bytes each: the first signs, all verify."""
        return self._keys(purpose)

    def keyed_digest(self, purpose: str, text: str) -> str:
        """Return a hex HMAC-SHA256, which only holders of the secret can compute."""
        return hmac.digest(self._keys(purpose)[0], text.encode(), "sha256").hex()

    def record_digest(self, purpose: str, content: bytes) -> str:
        """Return a keyed BLAKE2b of 128 bits in hex, which takes a sixth of the time of `keyed_digest`."""
        return hashlib.blake2b(content, key=self._keys(purpose)[0], digest_size=16).hexdigest()

    def verifies_record(self, purpose: str, content: bytes, digest: str) -> bool:
        """Whether a record's digest was made with one of the secrets."""
        return any(
            hmac.compare_digest(hashlib.blake2b(content, key=key, digest_size=16).hexdigest(), digest)
            for key in self._keys(purpose)
        )

    def keyed_digests(self, purpose: str, text: str) -> list[str]:
        """Return the keyed digest of a text by each secret, the current one first."""
        return [hmac.digest(key, text.encode(), "sha256").hex() for key in self._keys(purpose)]

    def verifies(self, purpose: str, text: str, digest: str) -> bool:
        """Whether a keyed digest was made with one of the secrets."""
        return any(
            hmac.compare_digest(hmac.new(key, text.encode(), "sha256").hexdigest(), digest)
            for key in self._keys(purpose)
        )

    def seal(self, purpose: str, content: bytes, bound_to: str) -> str:
        """Encrypt short content (AES-GCM); `bound_to` is authenticated with it, and needed to decrypt it."""
        nonce = os.urandom(_NONCE)
        sealed = AESGCM(self._keys(purpose)[0]).encrypt(nonce, content, bound_to.encode())
        return base64.urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()

    def unseal(self, purpose: str, token: str, bound_to: str) -> bytes | None:
        """Decrypt what `seal` returned, or return None when it was bound to something else."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except ValueError:
            return None
        for key in self._keys(purpose):
            try:
                return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], bound_to.encode())
            except (InvalidTag, ValueError):
                continue
        return None
