"""Paper mode keeps every rule for drivers that does not speak of a wire: its orders never leave the process."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from helix_binance.sandbox import sandbox
from helix_core import Balance, ExchangeClient, Memory, TradingMode
from helix_core.testing import ExchangeSuite, SandboxRig, VenueAccount
from helix_core.testing.exchange.rig import Executed, RestingStop
from helix_core.testing.exchange.sandbox_rig import SandboxAccount
from helix_plugins.paper.account import PaperAccount
from helix_plugins.paper.exchange import paper_exchange
from tests.conformance.test_binance import REQUESTS, Impatient

if TYPE_CHECKING:
    from helix_core.sandbox import Sandbox

NO_WIRE = "paper mode sends no order anywhere: there is no line that could break"
HERE = "the paper account is on this machine: it answers without asking anybody"


class Notebook(Memory):
    """A memory that the rules can read, and write in as an owner's deposit would."""

    def __init__(self) -> None:
        self.text: dict[str, str] = {}

    async def recall(self, key: str) -> str | None:
        return self.text.get(key)

    async def keep(self, key: str, value: str) -> None:
        self.text[key] = value


class PaperTruth(VenueAccount):
    """The paper account as it is on disk, and the hand of the market at the venue whose prices it follows."""

    def __init__(self, venue: Sandbox, notebook: Notebook) -> None:
        self._market, self._notebook = SandboxAccount(venue, ()), notebook
        self.clients: list[Any] = []

    @property
    def _account(self) -> PaperAccount:
        (text,) = self._notebook.text.values()
        return PaperAccount.model_validate_json(text)

    @property
    def price(self) -> Decimal:
        return self._market.price

    def set_price(self, price: Decimal) -> None:
        self._market.set_price(price)

    def balance(self, currency: str) -> Balance:
        return self._account.balance(currency)

    def deposit(self, currency: str, amount: Decimal) -> None:
        """Paper money comes from nowhere: it is written into the memory, and the clients read it again."""
        before = self._account
        held = {**before.holdings, currency: before.holdings.get(currency, Decimal(0)) + amount}
        ((key, _),) = self._notebook.text.items()
        self._notebook.text[key] = before.model_copy(update={"holdings": held}).model_dump_json()
        for client in self.clients:
            client._vault._account = None  # as after a restart

    def executions(self) -> tuple[Executed, ...]:
        return tuple(
            Executed(
                fill_id=fill.fill_id,
                price=fill.price,
                quantity=fill.quantity,
                fee=fill.fee,
                fee_currency=fill.fee_currency,
            )
            for order in self._account.orders
            for fill in order.fills
        )

    def resting_stops(self) -> tuple[RestingStop, ...]:
        return tuple(
            RestingStop(quantity=order.quantity, stop_price=order.stop_price)
            for order in self._account.resting
            if order.stop_price is not None
        )

    def thin_out(self, quantity: Decimal) -> None:
        self._market.thin_out(quantity)

    def fill_only(self, fraction: Decimal) -> None:
        raise NotImplementedError

    def allow_withdrawals(self) -> None:
        raise NotImplementedError

    def orders(self) -> tuple[str, ...]:
        return tuple(order.order_id for order in self._account.orders)

    def trade_by_hand(self, quantity: Decimal, times: int) -> None:
        raise NotImplementedError

    def arrive_late(self, late_s: float) -> None:
        raise NotImplementedError

    def refuse_pairs(self) -> None:
        raise NotImplementedError

    def keep_pairs_back(self, delay_s: float) -> None:
        raise NotImplementedError


class PaperRig(SandboxRig):
    """Paper mode on the public prices of a local venue, without a key."""

    def __init__(self) -> None:
        venue = sandbox()
        super().__init__(venue, Impatient, REQUESTS, patience_s=3)
        self._notebook = Notebook()
        self.account = self._truth = PaperTruth(venue, self._notebook)

    def client(self, **changes: Any) -> ExchangeClient:
        config = {"mode": TradingMode.PAPER, "api_key": None, "api_secret": None, **changes}
        self._driver = Impatient
        venue = super().client(**config)
        self._driver = paper_exchange
        paper = super().client(**config, name="paper", venue=venue, memory=self._notebook)
        self._truth.clients.append(paper)
        return paper


class TestPaper(ExchangeSuite):
    exempt: ClassVar = {
        "ex03": "TRADING_MODE chose paper: it is never asked for a testnet",
        "ex22": "a part is what the book holds, which this rig cannot cut by a share; tests/paper shows it",
        "ex38": "no attempt can arrive unseen: an order is on disk before anybody hears of it",
        **dict.fromkeys(("ex04", "ex05"), "paper mode has no key"),
        **dict.fromkeys(("ex54", "ex56"), "nobody trades on the paper account by hand; tests/paper shows its list"),
        "ex58": NO_WIRE,
        **dict.fromkeys(("ex11", "ex12", "ex14", "ex15", "ex24", "ex25"), HERE),
        **dict.fromkeys(("ex17", "ex18", "ex26", "ex27", "ex28", "ex29", "ex30", "ex31", "ex32"), NO_WIRE),
        **dict.fromkeys(("ex37", "ex40", "ex42"), NO_WIRE),
    }

    @pytest.fixture
    def rig(self) -> PaperRig:
        return PaperRig()
