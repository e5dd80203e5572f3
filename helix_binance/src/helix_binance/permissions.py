"""What an API key may do, read from `GET /sapi/v1/account/apiRestrictions`.

Source: Binance wallet API documentation, "Get API Key Permission". The flags `canTrade` and `canWithdraw` of
`GET /api/v3/account` describe the account, not the key, and are not used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helix_core import KeyPermissions, TradingMode
from helix_core.ccxt import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

_DANGERS = {
    "enableWithdrawals": "withdrawals",
    "enableInternalTransfer": "internal transfers",
    "permitsUniversalTransfer": "universal transfers",
}
_NEEDS = {"enableReading": "reading", "enableSpotAndMarginTrading": "spot trading"}

TESTNET = KeyPermissions(
    applicable=False,
    can_trade=True,
    can_withdraw=False,
    detail="not applicable on the testnet: it has no permission endpoint",
)

ADVICE = {
    TradingMode.TESTNET: (
        "Log in at https://testnet.binance.vision with a GitHub account and press Generate HMAC-SHA-256 Key. "
        "It is play money; the page shows the secret only once."
    ),
    TradingMode.LIVE: (
        "On binance.com open API Management and create a system-generated key. Tick Enable Reading and Enable Spot & "
        "Margin Trading, nothing else; let only this machine's address use it. The page shows the secret only once."
    ),
}
"""Where a key comes from. The testnet's page and Binance's own, as of 2026."""


def read_permissions(answer: Mapping[str, Any]) -> KeyPermissions:
    """A danger that is not stated to be off counts as on, a right that is not stated to be on counts as off."""
    on = [name for key, name in _DANGERS.items() if answer.get(key) is not False]
    off = [name for key, name in _NEEDS.items() if answer.get(key) is not True]
    parts = [f"{name} on" for name in on] + [f"{name} off" for name in off]
    return KeyPermissions(
        applicable=True,
        can_trade=not off,
        can_withdraw=bool(on),
        detail="; ".join(parts) or "trades and reads, cannot withdraw or transfer",
        warnings=tuple(_warnings(answer)),
    )


def _warnings(answer: Mapping[str, Any]) -> list[str]:
    warnings = []
    if answer.get("ipRestrict") is not True:
        warnings.append("the key works from every address: restrict it to this machine's at Binance")
    if answer.get("tradingAuthorityExpirationTime"):
        end = moment(answer, "tradingAuthorityExpirationTime")
        warnings.append(f"the key's right to trade ends on {end:%Y-%m-%d %H:%M} UTC")
    return warnings
