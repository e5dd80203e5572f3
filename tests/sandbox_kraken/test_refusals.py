"""Every refusal in Kraken's words, and what ccxt makes of it."""

from __future__ import annotations

import ccxt  # type: ignore[import-untyped]
import pytest

from helix_core.sandbox import Fault, FaultKind, prove

from .conftest import BUY, STOP, SYMBOL

pytestmark = pytest.mark.asyncio(loop_scope="session")

LIMIT = BUY | {"ordertype": "limit", "price": "60000"}
INVALID = "EGeneral:Invalid arguments"

WRONG = [
    (BUY | {"volume": "1"}, "EOrder:Insufficient funds"),
    (BUY | {"volume": "0.00004999"}, "EOrder:Order minimum not met"),
    (LIMIT | {"price": "5000.0", "volume": "0.00005"}, "EOrder:Cost minimum not met"),
    (STOP | {"price": "62926.33"}, "EOrder:Tick size check failed"),
    (BUY | {"close[ordertype]": "stop-loss", "close[price]": "62926.33"}, "EOrder:Tick size check failed"),
    (STOP | {"price": "0"}, "EOrder:Invalid price:Invalid price argument"),
    (STOP | {"price": "+5%"}, f"{INVALID}:price"),
    (STOP | {"price": ""}, f"{INVALID}:price"),
    (BUY | {"close[ordertype]": "stop-loss"}, f"{INVALID}:close[price]"),
    (BUY | {"close[ordertype]": "market"}, f"{INVALID}:close[ordertype]"),
    (BUY | {"volume": "0.000050001"}, f"{INVALID}:volume"),
    (BUY | {"volume": "many"}, f"{INVALID}:volume"),
    (BUY | {"type": "hold"}, f"{INVALID}:type"),
    (BUY | {"ordertype": "settle-position"}, f"{INVALID}:ordertype"),
    (BUY | {"pair": "XXBTZUSD"}, "EQuery:Unknown asset pair"),
    (BUY | {"cl_ord_id": "x" * 19}, f"{INVALID}:cl_ord_id"),
    (BUY | {"cl_ord_id": "a", "userref": "1"}, INVALID),
    (BUY | {"userref": str(2**31)}, f"{INVALID}:userref"),
    (BUY | {"oflags": "fciq,fcib"}, f"{INVALID}:oflags"),
    (BUY | {"oflags": "post"}, f"{INVALID}:oflags"),
    (STOP | {"oflags": "viqc"}, f"{INVALID}:oflags"),
    (STOP | {"trigger": "index"}, f"{INVALID}:Index unavailable"),
    (BUY | {"leverage": "5:1"}, f"{INVALID}:leverage"),
    (LIMIT | {"timeinforce": "GTD"}, f"{INVALID}:timeinforce"),
    (LIMIT | {"price": "65000", "oflags": "post"}, "EOrder:Post only order"),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG)
async def test_wrong_order_is_refused(wire, box, arguments, text):
    """With the venue's own text, and nothing is placed."""
    assert await wire.error("AddOrder", arguments) == text
    assert box.venue.ledger.orders == ()
    prove(box.venue)


async def test_pair_that_does_not_trade(wire, box):
    """Nothing is placed while only cancels are taken."""
    box.venue.listing().trading = False

    assert await wire.error("AddOrder", BUY) == "EService:Market in cancel_only mode"


async def test_pair_holds_sixty_open_orders(wire, clock):
    """One more is refused."""
    await wire.place(BUY)
    for _ in range(60):
        clock.skip(1)
        await wire.place(STOP, volume="0.00005")

    assert await wire.error("AddOrder", STOP, volume="0.00005") == "EOrder:Orders limit exceeded"


@pytest.mark.parametrize("txid", ["OAAAAA-AAAAA-AAAAA7", "nonsense"])
async def test_unknown_orders_and_trades(wire, txid):
    """They spoil the whole answer."""
    known = await wire.place(BUY)

    assert await wire.error("QueryOrders", txid=f"{known},{txid}") == "EOrder:Unknown order"
    assert await wire.error("CancelOrder", txid=txid) == "EOrder:Unknown order"
    assert await wire.error("QueryTrades", txid=txid) == "EQuery:Unknown trade"


async def test_questions_without_their_argument(wire):
    """The argument is named."""
    assert await wire.error("QueryOrders") == f"{INVALID}:txid"
    assert await wire.error("CancelOrder") == f"{INVALID}:txid"
    assert await wire.error("CancelAllOrdersAfter") == f"{INVALID}:timeout"
    assert await wire.error("QueryOrders", txid=",".join(["O"] * 51)) == f"{INVALID}:txid"
    assert await wire.error("NoSuchMethod") == "EGeneral:Unknown method"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("EOrder:Insufficient funds", ccxt.InsufficientFunds),
        ("EOrder:Order minimum not met", ccxt.InvalidOrder),
        ("EOrder:Cost minimum not met", ccxt.ExchangeError),
        ("EOrder:Tick size check failed", ccxt.ExchangeError),
        ("EOrder:Invalid price", ccxt.ExchangeError),
        ("EOrder:Orders limit exceeded", ccxt.ExchangeError),
        ("EOrder:Scheduled orders limit exceeded", ccxt.ExchangeError),
        ("EOrder:Domain rate limit exceeded", ccxt.ExchangeError),
        ("EOrder:Post only order", ccxt.ExchangeError),
        ("EOrder:Trading agreement required", ccxt.ExchangeError),
        ("EAPI:Invalid signature", ccxt.ExchangeError),
        ("EQuery:Unknown asset pair", ccxt.ExchangeError),
        ("EGeneral:Unknown method", ccxt.ExchangeError),
        ("EAccount:Invalid permissions", ccxt.ExchangeError),
        ("EAuth:Account temporary disabled", ccxt.ExchangeError),
        ("EService:Market in limit_only mode", ccxt.ExchangeError),
        ("EOrder:Invalid price:Invalid price argument", ccxt.InvalidOrder),
        ("EGeneral:Invalid arguments:price", ccxt.InvalidOrder),
        ("EGeneral:Invalid arguments:volume", ccxt.InvalidOrder),
        ("EGeneral:Invalid arguments", ccxt.BadRequest),
        ("EGeneral:Invalid arguments:ordertype", ccxt.ExchangeError),
        ("EGeneral:Invalid arguments:Index unavailable", ccxt.ExchangeError),
        ("EOrder:Unknown order", ccxt.InvalidOrder),
        ("EOrder:Rate limit exceeded", ccxt.DDoSProtection),
        ("EAPI:Rate limit exceeded", ccxt.DDoSProtection),
        ("EGeneral:Temporary lockout", ccxt.DDoSProtection),
        ("EGeneral:Too many requests", ccxt.DDoSProtection),
        ("EAPI:Invalid nonce", ccxt.InvalidNonce),
        ("EAPI:Invalid key", ccxt.AuthenticationError),
        ("EGeneral:Permission denied", ccxt.PermissionDenied),
        ("EService:Unavailable", ccxt.ExchangeNotAvailable),
        ("EService:Busy", ccxt.ExchangeNotAvailable),
        ("EDatabase:Internal error", ccxt.ExchangeNotAvailable),
        ("EGeneral:Internal error", ccxt.ExchangeNotAvailable),
        ("EService:Timeout", ccxt.ExchangeError),
        ("EService:Deadline elapsed", ccxt.ExchangeError),
        ("EService:Throttled:1790000000", ccxt.ExchangeError),
        ("EGeneral:Internal error:1A2B", ccxt.ExchangeError),
        ("EService:Market in cancel_only mode", ccxt.OnMaintenance),
        ("EService:Market in post_only mode", ccxt.OnMaintenance),
        ("ETrade:User Locked", ccxt.AccountSuspended),
        ("ETrade:Locked", ccxt.ExchangeError),
        ("EAuth:Rate limit exceeded", ccxt.RateLimitExceeded),
    ],
)
async def test_any_text_on_request(exchange, box, text, seen):
    """A fault says whatever Kraken may say; ccxt's class is the one that was measured."""
    code, _, message = text.partition(":")
    box.faults.add(Fault(on="POST /0/private/AddOrder", kind=FaultKind.REFUSED, code=code, msg=message))

    with pytest.raises(ccxt.BaseError) as raised:
        await exchange.create_order(SYMBOL, "market", "buy", "0.01", None, {})

    assert type(raised.value) is seen
    assert f'"{text}"' in str(raised.value)
    assert box.venue.ledger.orders == ()
