"""What the key may do: a right that is not known to be harmless is dangerous."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.drivers.kraken_venue import KEY_INFO, ok

if TYPE_CHECKING:
    from helix_kraken.client import KrakenClient
    from tests.drivers.tiny_venue import TinyVenue

NEEDS = ["query-funds", "query-open-trades", "query-closed-trades", "modify-trades", "close-trades"]
HARMLESS = ["add-funds", "query-ledger", "export-data", "create-ws-token"]
DANGERS = ["withdraw-funds", "add-withdraw-address", "update-withdraw-address", "earn-funds", "rule-the-world", ""]


def info(**changes: Any) -> dict[str, Any]:
    """A key that only reads and trades, with what must never be told."""
    fields = {
        "apiKeyName": "helix",
        "apiKey": "PlantedPublicKey",
        "iban": "DE00PLANTEDIBAN",
        "nonceWindow": "0",
        "permissions": [*NEEDS, "create-ws-token"],
        "validUntil": "0",
        "queryFrom": "0",
        "queryTo": "0",
        "ipAllowlist": ["203.0.113.7"],
    }
    return {key: value for key, value in {**fields, **changes}.items() if value is not ...}


async def test_a_key_that_only_reads_and_trades_is_safe(kraken: KrakenClient, tiny: TinyVenue) -> None:
    tiny.on("POST", KEY_INFO, ok(info(permissions=NEEDS + HARMLESS)))

    rights = await kraken.key_permissions()

    assert (rights.applicable, rights.can_trade, rights.can_withdraw) == (True, True, False)
    assert rights.warnings == ()
    assert "Planted" not in repr(rights)
    assert "IBAN" not in repr(rights)


@pytest.mark.parametrize("right", DANGERS)
async def test_a_right_that_moves_money_or_is_unknown_is_dangerous(
    kraken: KrakenClient, tiny: TinyVenue, right: str
) -> None:
    tiny.on("POST", KEY_INFO, ok(info(permissions=[*NEEDS, right])))

    rights = await kraken.key_permissions()

    assert rights.can_withdraw
    assert ("unknown right" in rights.detail) is (right in {"rule-the-world", ""})


@pytest.mark.parametrize("right", NEEDS)
async def test_a_missing_right_is_named(kraken: KrakenClient, tiny: TinyVenue, right: str) -> None:
    tiny.on("POST", KEY_INFO, ok(info(permissions=[each for each in NEEDS if each != right])))

    rights = await kraken.key_permissions()

    assert (rights.can_trade, rights.can_withdraw) == (False, False)
    assert f"{right} off" in rights.detail


@pytest.mark.parametrize("stated", [..., None, "withdraw-funds", {}, [1]])
async def test_rights_that_are_not_stated_are_every_right(kraken: KrakenClient, tiny: TinyVenue, stated: Any) -> None:
    tiny.on("POST", KEY_INFO, ok(info(permissions=stated)))

    rights = await kraken.key_permissions()

    assert (rights.can_trade, rights.can_withdraw) == (False, True)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("ipAllowlist", [], "every address"),
        ("ipAllowlist", ..., "every address"),
        ("validUntil", "1893456000", "2030-01-01 00:00 UTC"),
        ("queryFrom", "1700000000", "order history"),
        ("queryTo", "1700000000", "order history"),
        ("nonceWindow", "10000", "nonce window"),
        ("permissions", NEEDS, "create-ws-token off"),
    ],
)
async def test_what_the_owner_should_know_is_a_warning(
    kraken: KrakenClient, tiny: TinyVenue, field: str, value: Any, words: str
) -> None:
    tiny.on("POST", KEY_INFO, ok(info(**{field: value})))

    (warning,) = (await kraken.key_permissions()).warnings

    assert words in warning
