"""Who may ask: API key, signature and nonce, checked as Kraken does (docs.kraken.com, "Spot REST Authentication")."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from helix_kraken.sandbox.refusals import INVALID_KEY, INVALID_NONCE, INVALID_SIGNATURE, KrakenError

if TYPE_CHECKING:
    from starlette.datastructures import Headers

    from helix_core.sandbox import Sandbox

_LARGEST_NONCE = 2**64 - 1


def decoded(secret: str) -> bytes:
    """The bytes of a secret. Raises ValueError when it is not base64."""
    try:
        return b64decode(secret, validate=True)
    except ValueError:
        message = "api_secret: Kraken's secrets are base64"
        raise ValueError(message) from None


def signature(secret: str, path: str, nonce: str, body: bytes) -> str:
    """What API-Sign must be: it stands for the path, the nonce and the body to the letter."""
    digest = hashlib.sha256(nonce.encode() + body).digest()
    return b64encode(hmac.new(decoded(secret), path.encode() + digest, hashlib.sha512).digest()).decode()


class Guard:
    """Lets one key in, with ever higher nonces."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Guard the sandbox's key. Every nonce is higher than none."""
        self._sandbox = sandbox
        self.nonce = -1
        """The highest that was accepted."""

    def authenticate(self, headers: Headers, path: str, nonce: str, body: bytes) -> None:
        """Raise KrakenError unless the request is signed with the sandbox's key and its nonce is a new high."""
        if headers.get("API-Key") != self._sandbox.api_key:
            raise KrakenError(INVALID_KEY)
        proper = signature(self._sandbox.api_secret, path, nonce, body)
        if not hmac.compare_digest(proper.encode(), headers.get("API-Sign", "").encode()):
            raise KrakenError(INVALID_SIGNATURE)
        if not re.fullmatch(r"\d{1,20}", nonce, re.ASCII) or not self.nonce < int(nonce) <= _LARGEST_NONCE:
            raise KrakenError(INVALID_NONCE)
        self.nonce = int(nonce)
