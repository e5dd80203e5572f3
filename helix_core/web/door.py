"""What the door is told about the owner's wishes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from helix_core.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from helix_core.clock import Clock
    from helix_core.web.address import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    """Settings of the HTTP door.

    Any of `secrets` opens the webhook (two of them while one replaces the other). Empty `allowed_ips` allow every
    address; X-Forwarded-For is believed only from `trusted_proxies`. `status_token` lets a bearer read the internal
    pages from elsewhere. A sender is answered within `answer_within_s` (TradingView gives up after 3 s) and must have
    sent its message within `receive_within_s`.
    """

    clock: Clock
    secrets: tuple[SecretStr, ...]
    secret_in_path: bool = False
    allowed_ips: tuple[Network, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    webhook_limit_per_minute: int = 10
    health_limit_per_minute: int = 30
    status_token: SecretStr | None = None
    answer_within_s: float = 2.5
    receive_within_s: float = 5.0

    def __post_init__(self) -> None:
        """Refuse a door without a lock: an empty secret would let everybody trade."""
        if not self.secrets or not all(secret.get_secret_value() for secret in self.secrets):
            raise ConfigError("WEBHOOK_SECRET is not set. Without it anybody could send signals: set one.")
        if self.status_token is not None and not self.status_token.get_secret_value():
            raise ConfigError("STATUS_TOKEN is empty. Give it a value or leave it out.")
