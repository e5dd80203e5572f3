"""The secrets that open the door: comparing them, and keeping them out of everything else."""

from __future__ import annotations

import hmac
import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import SecretStr

    from helix_core.contracts.signal_source import Fields

_REMOVED = "[removed]"
_IN_TEXT = re.compile(r"""secret["'“”\s:=]{1,8}([^\s"'“”,;&}]+)""", re.IGNORECASE)
_NAMED = b"secret"
_GIVEN = re.compile(rb'"secret"\s*:\s*"([^"]*)"')


class Keyring:
    """The accepted secrets. Comparing takes the same time whatever is presented."""

    def __init__(self, secrets: Iterable[SecretStr]) -> None:
        """Keep digests to compare with (of one length, of bytes: a text may hold what cannot be compared as text)."""
        self._secrets = [secret.get_secret_value() for secret in secrets]
        self._digests = [_digest(secret.encode()) for secret in self._secrets]

    def opens(self, presented: bytes) -> bool:
        """True when `presented` is one of the secrets."""
        digest = _digest(presented)
        return any([hmac.compare_digest(digest, known) for known in self._digests])  # noqa: C419 - compare with all

    def opens_text(self, body: bytes) -> bool:
        """True when a message that cannot be decoded seems to hold the secret.

        It decides only whether its sender is told what is wrong with the message.
        """
        found = _IN_TEXT.findall(body.decode("utf-8", "replace"))
        return any([self.opens(candidate.encode()) for candidate in found])  # noqa: C419 - compare with all

    def rules_out(self, body: bytes) -> bool:
        r"""True when a message cannot hold the secret as its "secret", however it is read. False says nothing.

        It spares a flood's messages the decoding. Where nothing is escaped (no backslash) a name stands as it is, so
        every text named "secret" is found here; messages with another value of that name are left to be decoded.
        """
        if not body.isascii() or b"\\" in body or b"\0" in body:
            return False
        named = body.lower().count(_NAMED)
        given = _GIVEN.findall(body)
        return len(given) == named and not any([self.opens(one) for one in given])  # noqa: C419 - compare with all

    def hide(self, text: str) -> str:
        """`text` without any secret in it, as it stands or escaped."""
        for secret in self._secrets:
            for form in (secret, json.dumps(secret)[1:-1], secret.encode("unicode_escape").decode()):
                text = text.replace(form, _REMOVED)
        return text

    def strip(self, fields: Fields) -> dict[str, Any]:
        """`fields` without their `secret`, at any depth, and without its value wherever else it stands."""
        return {
            self.hide(key): self._stripped(value) for key, value in fields.items() if key.strip().lower() != "secret"
        }

    def _stripped(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self.strip(value)
        if isinstance(value, list):
            return [self._stripped(inner) for inner in value]
        hidden = self.hide(str(value))
        return hidden if _REMOVED in hidden else value


def _digest(presented: bytes) -> bytes:
    return sha256(presented).digest()
