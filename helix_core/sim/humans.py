"""Humans at the venue, with the same account: they trade, cancel, pay in and draw out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.money import floor_to
from helix_core.domain.signal import Action
from helix_core.sandbox.orders import NewOrder, OrderType
from helix_core.sandbox.refusal import Refused
from helix_core.sim.acts import Act, on_tick
from helix_core.sim.ways import seen_after_s

if TYPE_CHECKING:
    from helix_core.sim.play import Play


@dataclass(frozen=True, kw_only=True)
class HumanAct(Act):
    """What the venue refuses a human does not happen."""

    async def perform(self, play: Play) -> None:
        """Do it, and remember until when the bot could not have known."""
        try:
            if self.do(play):
                play.troubled(type(self).__name__, seen_after_s(play.plan.exchange))
        except Refused as refusal:
            play.tell(f"refused to the human: {refusal}")

    def do(self, play: Play) -> bool:
        """Do it at the venue. False when there was nothing to do. Raises Refused."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class CancelsStop(HumanAct):
    """A human cancels what Helix has resting."""

    def do(self, play: Play) -> bool:
        """Cancel the first of it."""
        resting = play.resting()
        for order in resting[:1]:
            play.stage.sandbox.venue.cancel(order.order_id)
        return bool(resting)


@dataclass(frozen=True, kw_only=True)
class SellsCoins(HumanAct):
    """A human cancels Helix's orders and sells this share of all coins at market."""

    share: Decimal

    def do(self, play: Play) -> bool:
        """Cancel and sell."""
        venue, market = play.stage.sandbox.venue, play.market
        for order in play.resting():
            current = venue.ledger.order(order.order_id)
            if current is not None and current.open:
                venue.cancel(order.order_id)
        held = venue.balances().get(market.base)
        quantity = floor_to(held.free * self.share, market.lot_step) if held else Decimal(0)
        if quantity <= 0:
            return False
        new = NewOrder(symbol=market.symbol, side=Action.SELL, type=OrderType.MARKET, quantity=quantity)
        return bool(venue.place(new))


@dataclass(frozen=True, kw_only=True)
class BuysCoins(HumanAct):
    """A human buys coins of the same kind at market."""

    quantity: Decimal

    def do(self, play: Play) -> bool:
        """Buy."""
        new = NewOrder(symbol=play.market.symbol, side=Action.BUY, type=OrderType.MARKET, quantity=self.quantity)
        return bool(play.stage.sandbox.venue.place(new))


@dataclass(frozen=True, kw_only=True)
class RestsPurchase(HumanAct):
    """A human leaves a limit order far below the market."""

    quantity: Decimal

    def do(self, play: Play) -> bool:
        """Place it."""
        price = on_tick(play.first_price * Decimal("0.8"), play.market.price_tick)
        symbol = play.market.symbol
        new = NewOrder(symbol=symbol, side=Action.BUY, type=OrderType.LIMIT, quantity=self.quantity, price=price)
        return bool(play.stage.sandbox.venue.place(new))


@dataclass(frozen=True, kw_only=True)
class Transfers(HumanAct):
    """Money or coins come in, or go out (negative). `coins` says which."""

    amount: Decimal
    coins: bool = False

    def do(self, play: Play) -> bool:
        """Move it."""
        play.stage.sandbox.venue.transfer(play.market.base if self.coins else play.market.quote, self.amount)
        return self.coins
