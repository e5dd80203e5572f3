"""What an API key may do, read from `POST /0/private/GetApiKeyInfo`, which every key may ask.

Source: Kraken's API documentation, "Get API Key Info". The answer also holds the key itself and an IBAN: neither is
read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helix_core import KeyPermissions, TradingMode
from helix_core.ccxt import decimal, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEEDS = ("query-funds", "query-open-trades", "query-closed-trades", "modify-trades", "close-trades")
_LISTENS = "create-ws-token"
_HARMLESS = {*_NEEDS, _LISTENS, "add-funds", "query-ledger", "export-data"}
_DANGERS = {
    "withdraw-funds": "may withdraw",
    "add-withdraw-address": "may add withdrawal addresses",
    "update-withdraw-address": "may change withdrawal addresses",
    "earn-funds": "may move coins into Earn, where no stop can sell them",
}

ADVICE = {
    TradingMode.LIVE: (
        "On kraken.com open Settings, API and create a spot key. Tick Query funds, Query open orders & trades, Query "
        "closed orders & trades, Create & modify orders, Cancel & close orders and Access WebSockets API, nothing "
        "else; restrict it to this machine's address. The page shows the private key only once."
    )
}
"""Where a key comes from: Kraken has no testnet. The names are those of its page, as of 2026."""


def read_permissions(info: Mapping[str, Any]) -> KeyPermissions:
    """A right that is not known counts as dangerous, a list of rights that is not stated as every right."""
    rights = info.get("permissions")
    if not isinstance(rights, list) or not all(isinstance(right, str) for right in rights):
        return KeyPermissions(
            applicable=True, can_trade=False, can_withdraw=True, detail="Kraken does not say what the key may do"
        )
    dangers = [_DANGERS.get(right, f"unknown right {right[:40]!r}") for right in rights if right not in _HARMLESS]
    missing = [f"{right} off" for right in _NEEDS if right not in rights]
    return KeyPermissions(
        applicable=True,
        can_trade=not missing,
        can_withdraw=bool(dangers),
        detail="; ".join(dangers + missing) or "trades and reads, cannot withdraw or earn",
        warnings=tuple(_warnings(info)),
    )


def _warnings(info: Mapping[str, Any]) -> list[str]:
    warnings = []
    if not info.get("ipAllowlist"):
        warnings.append("the key works from every address: restrict it to this machine's at Kraken")
    if _LISTENS not in info["permissions"]:
        warnings.append(f"{_LISTENS} off: a stop that has sold is noticed by asking only, every few seconds")
    if _set(info, "validUntil"):
        end = moment({"validUntil": 1000 * decimal(info, "validUntil")}, "validUntil")
        warnings.append(f"the key ends on {end:%Y-%m-%d %H:%M} UTC")
    if _set(info, "queryFrom") or _set(info, "queryTo"):
        warnings.append("the key sees only a part of the order history: orders may not be found again")
    if _set(info, "nonceWindow"):
        warnings.append("the key has a nonce window: a request that somebody caught could be sent again")
    return warnings


def _set(info: Mapping[str, Any], field: str) -> bool:
    return str(info.get(field) or "0") != "0"
