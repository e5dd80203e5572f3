"""Where one rule is tried: an open rig, a connected client, and the steps of a trade."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, TypeVar

import pytest

from helix_core.domain.money import floor_to
from helix_core.domain.order import (
    ApprovedOrder,
    Bracket,
    ExitOrder,
    OrderIntent,
    OrderKind,
    OrderRef,
    OrderReport,
    ProtectiveOrder,
)
from helix_core.domain.risk import ENTRY_GATES, RiskDecision, RiskReport, Verdict
from helix_core.domain.signal import Action
from helix_core.errors import HelixError
from helix_core.testing.rules import leave_out

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator

    from helix_core.contracts.exchange import ExchangeClient
    from helix_core.domain.market import Instrument
    from helix_core.domain.order import AnyOrder, Fill
    from helix_core.testing.exchange.rig import ExchangeRig, VenueAccount
    from helix_core.testing.exchange.wiretap import Request, Trouble

Result = TypeVar("Result")

_TIMES_THE_LEAST = 40
_STOP_BELOW = Decimal("0.98")
_LIMIT_ABOVE = Decimal("1.01")


@dataclass(slots=True, kw_only=True)
class Bench:
    """`size` is an order's quantity that the market allows and the account can pay, `price` the last price."""

    rig: ExchangeRig
    client: ExchangeClient
    instrument: Instrument
    price: Decimal
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def symbol(self) -> str:
        """The traded pair."""
        return self.rig.symbol

    @property
    def account(self) -> VenueAccount:
        """The truth at the venue. Asking for it leaves the rule out where only recorded answers are played."""
        if self.rig.account is None:
            leave_out("not shown: recorded answers hold no account")
        assert self.rig.account is not None, "leave_out does not return"
        return self.rig.account

    @property
    def size(self) -> Decimal:
        """Some forty times the least the market takes."""
        least = max(self.instrument.min_notional / self.price, self.instrument.min_quantity)
        return self.instrument.lots(least * _TIMES_THE_LEAST) + self.instrument.lot_step

    def new_id(self) -> str:
        """A client order id of the form Helix uses, never used before on this bench."""
        return f"e11c{next(self._numbers):028x}"

    def entry(self, quantity: Decimal | None = None) -> ApprovedOrder:
        """A market buy that every gate allowed."""
        intent = OrderIntent(
            client_order_id=self.new_id(),
            signal_row=1,
            signal_id="conformance",
            symbol=self.symbol,
            side=Action.BUY,
            quantity=quantity or self.size,
            stop_price=self.stop_price,
        )
        decisions = tuple(
            RiskDecision(check=gate, verdict=Verdict.ALLOW, reason="ok", detail="a rule is tried")
            for gate in ENTRY_GATES
        )
        report = RiskReport(intent=intent, required=ENTRY_GATES, decisions=decisions)
        return ApprovedOrder(intent=intent, report=report)

    @property
    def stop_price(self) -> Decimal:
        """Two percent below the price, on the tick."""
        return self.instrument.stop_price(self.price * _STOP_BELOW)

    def stop(
        self, quantity: Decimal, *, stop_price: Decimal | None = None, entry: OrderReport | None = None
    ) -> ProtectiveOrder:
        """The stop for `quantity`; `entry` is the venue's report of the order that bought it."""
        return ProtectiveOrder(
            client_order_id=self.new_id(),
            symbol=self.symbol,
            quantity=quantity,
            held=quantity,
            stop_price=stop_price or self.stop_price,
            take_profit_price=floor_to(self.price * 2, self.instrument.price_tick),
            entry_order_id=entry.venue_order_ids[0] if entry else None,
        )

    def entry_with_stop(self, *, limit_price: Decimal | None = None) -> ApprovedOrder:
        """A buy that brings its stop, at up to one percent above the price.

        Skips the rule where the market has no such order.
        """
        if not self.instrument.atomic_entry:
            pytest.skip("the market takes no entry with its stop in one request")
        tick = self.instrument.price_tick
        bracket = Bracket(
            limit_price=limit_price or floor_to(self.price * _LIMIT_ABOVE, tick),
            stop_price=self.stop_price,
            take_profit_price=floor_to(self.price * 2, tick),
            stop_client_order_id=self.new_id(),
        )
        return replace(self.entry(), bracket=bracket)

    def stop_ref(self, order: ApprovedOrder) -> OrderRef:
        """How to find the stop that an entry brought, with nothing else known."""
        assert order.bracket is not None, "it brought one"
        return OrderRef(client_order_id=order.bracket.stop_client_order_id, kind=OrderKind.STOP, symbol=self.symbol)

    def exit(self, quantity: Decimal) -> ExitOrder:
        """A market sell of `quantity`."""
        return ExitOrder(client_order_id=self.new_id(), symbol=self.symbol, quantity=quantity, held=quantity)

    def ref(self, order: AnyOrder, report: OrderReport | None = None) -> OrderRef:
        """How to find `order` again: as after a crash, or with what `report` said of it."""
        return OrderRef(
            client_order_id=order.client_order_id,
            kind=order.kind,
            symbol=self.symbol,
            venue_order_ids=report.venue_order_ids if report else (),
            entry_order_id=order.entry_order_id if isinstance(order, ProtectiveOrder) else None,
        )

    def unheard_of(self, kind: OrderKind = OrderKind.ENTRY) -> OrderRef:
        """An order that was never sent."""
        return OrderRef(client_order_id=self.new_id(), kind=kind, symbol=self.symbol)

    def arm(self, request: Request, trouble: Trouble) -> None:
        """Let every request of this kind meet `trouble`. A rig that does not know the request fails the rule."""
        if request not in self.rig.wire.ways:
            pytest.fail(f"the rig names no request for {request}: name it, or exempt the rule with a reason")
        self.rig.arm(request, trouble)

    def sent(self, request: Request) -> int:
        """How many requests of this kind reached the venue."""
        return len(self.rig.wire.sent(request))

    async def ends(self, call: Awaitable[Result]) -> Result | HelixError:
        """What `call` returned, or the error of Helix it raised. Anything else, or no end at all, fails the rule."""
        try:
            async with asyncio.timeout(self.rig.patience_s):
                return await call
        except HelixError as error:
            return error
        except TimeoutError:
            pytest.fail(f"a call did not end within {self.rig.patience_s:g} s")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not what the contract says
            pytest.fail(f"a call raised {error!r}, which is not an error of Helix")

    async def fills_of(self, report: OrderReport) -> tuple[Fill, ...]:
        """The fills of an order, asked for where its answer did not carry them."""
        return report.fills or await self.client.get_fills(self.symbol, report.venue_order_ids)

    async def hold(self) -> ProtectiveOrder:
        """Put coins into the account that no entry of this bench bought, and give the stop for them."""
        self.account.deposit(self.instrument.base, self.size)
        return self.stop(self.size)

    async def found(self, ref: OrderRef) -> OrderReport:
        """The look-up's report; the rule fails when the venue knows no such order."""
        report = await self.client.find_order(ref)
        assert report is not None, f"{ref.client_order_id} was placed, and is not found"
        return report


@asynccontextmanager
async def set_up(rig: ExchangeRig) -> AsyncIterator[Bench]:
    """Open the rig, connect a client and look at the market."""
    async with rig:
        client = rig.client()
        try:
            await client.connect()
            instrument = await client.instrument(rig.symbol)
            ticker = await client.get_ticker(rig.symbol)
            yield Bench(rig=rig, client=client, instrument=instrument, price=ticker.last)
        finally:
            await client.disconnect()
