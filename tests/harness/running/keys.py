"""Keys of RSA, made once and given out in turn: to make one takes longer than most tests."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

_KEPT = 4
"""More than any test makes, so that a key that was replaced does not come back in it."""


@contextmanager
def quick_keys() -> Iterator[None]:
    """Let the first keys of each size be made, and be given again after them."""
    make, kept = rsa.generate_private_key, dict[tuple[int, int], list[rsa.RSAPrivateKey]]()
    numbers = itertools.count()

    def given(public_exponent: int, key_size: int) -> rsa.RSAPrivateKey:
        made = kept.setdefault((public_exponent, key_size), [])
        if len(made) < _KEPT:
            made.append(make(public_exponent, key_size))
            return made[-1]
        return made[next(numbers) % _KEPT]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rsa, "generate_private_key", given)
        yield
