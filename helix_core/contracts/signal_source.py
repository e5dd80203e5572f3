"""The contract of a signal source: it turns a sender's message into a Signal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from helix_core.domain.signal import Signal

Fields = Mapping[str, Any]
"""A decoded message: text, Decimal, bool, None, and lists and mappings of them; never a float."""


class SignalSource(ABC):
    """Reads what one kind of sender posts to the webhook.

    Reading is done in two steps, so that the door can take the secret out of the message and check it before anybody
    looks at what the message asks for.
    """

    name: ClassVar[str]

    @abstractmethod
    def decode(self, body: bytes) -> Fields:
        """Decode the bytes of a message into fields. Raises SignalUnreadable."""

    @abstractmethod
    def read(self, fields: Fields) -> Signal:
        """Make a signal of the fields, the secret already taken out. Raises SignalUnreadable naming field and fix."""
