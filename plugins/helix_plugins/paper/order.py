"""One simulated order and its fills."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ConfigDict

from helix_core import Action, Fill, OpenOrder, OrderKind, OrderReport, OrderStatus, PastOrder

if TYPE_CHECKING:
    from helix_core import Ticker


class PaperFill(BaseModel):
    """One execution: `price` in quote per base, `quantity` in base units, `fee` in `fee_currency`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fill_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    at: AwareDatetime

    @property
    def notional(self) -> Decimal:
        """What was paid or received in quote, before the fee."""
        return self.price * self.quantity


class PaperOrder(BaseModel):
    """A market order, or a stop for what is held (`stop_price`) with its far limit leg (`take_profit_price`).

    `triggered` is a stop that the price has set off and that has not been sold yet.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    order_id: str
    client_order_id: str
    kind: OrderKind
    quantity: Decimal
    at: AwareDatetime
    status: OrderStatus = OrderStatus.OPEN
    stop_price: Decimal | None = None
    take_profit_price: Decimal | None = None
    triggered: bool = False
    fills: tuple[PaperFill, ...] = ()

    @property
    def side(self) -> Action:
        """Only an entry buys."""
        return Action.BUY if self.kind is OrderKind.ENTRY else Action.SELL

    @property
    def filled(self) -> Decimal:
        """Base units executed."""
        return sum((fill.quantity for fill in self.fills), Decimal(0))

    @property
    def resting(self) -> bool:
        """True while the order can still fill."""
        return not self.status.final

    @property
    def locked(self) -> Decimal:
        """Base units that the order holds: all of a resting stop, which fills at once or not at all."""
        return self.quantity if self.resting else Decimal(0)

    def set_off_by(self, ticker: Ticker) -> bool:
        """True when the price is at or below the stop.

        The last trade decides, as at venues, and the best bid too: between two looks a trade can be missed, a bid below
        the stop says that no better price is left. Of the two readings it is the one that flatters nobody.
        """
        return self.resting and self.stop_price is not None and min(ticker.last, ticker.bid) <= self.stop_price

    def reached_by(self, ticker: Ticker) -> bool:
        """True when somebody bids the far leg's price."""
        return self.resting and self.take_profit_price is not None and ticker.bid >= self.take_profit_price

    def domain_fills(self, symbol: str) -> tuple[Fill, ...]:
        """The fills as the engine knows them, oldest first."""
        return tuple(
            Fill(
                fill_id=fill.fill_id,
                venue_order_id=self.order_id,
                symbol=symbol,
                side=self.side,
                price=fill.price,
                quantity=fill.quantity,
                fee=fill.fee,
                fee_currency=fill.fee_currency,
                at=fill.at,
            )
            for fill in self.fills
        )

    def report(self, symbol: str) -> OrderReport:
        """What the simulated venue says of the order."""
        return OrderReport(
            client_order_id=self.client_order_id,
            status=self.status,
            filled=self.filled,
            venue_order_ids=(self.order_id,),
            raw_status="TRIGGERED" if self.triggered and self.resting else self.status.name,
            protecting=self.locked,
            stop_price=self.stop_price,
            average_price=self.average_price,
            fills=self.domain_fills(symbol),
        )

    @property
    def average_price(self) -> Decimal | None:
        """What was paid or got for one unit; None where nothing filled."""
        cost = sum((fill.price * fill.quantity for fill in self.fills), Decimal(0))
        return cost / self.filled if self.filled else None

    def past_order(self, symbol: str) -> PastOrder:
        """The order in the list of all of them."""
        return PastOrder(
            venue_order_id=self.order_id,
            client_order_id=self.client_order_id,
            symbol=symbol,
            side=self.side,
            filled=self.filled,
            status=self.status,
            at=self.at,
        )

    def open_order(self, symbol: str) -> OpenOrder:
        """The order as one that rests."""
        return OpenOrder(
            venue_order_id=self.order_id,
            client_order_id=self.client_order_id,
            symbol=symbol,
            side=self.side,
            remaining=self.quantity,
            stop_price=self.stop_price,
            at=self.at,
        )
