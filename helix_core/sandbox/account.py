"""The account at the simulated venue: free and locked balances, and who locked them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.market import Balance
from helix_core.errors import InvariantBroken
from helix_core.sandbox.ledger import Cause, Movement
from helix_core.sandbox.refusal import Reason, Refused

if TYPE_CHECKING:
    from helix_core.clock import Clock
    from helix_core.sandbox.ledger import Ledger


class Account:
    """Balances that never go below zero. Every change is written to the ledger as it is made."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        """Begin with the ledger's initial balances, all free."""
        self._ledger, self._clock = ledger, clock
        self._free: dict[str, Decimal] = dict(ledger.initial)
        self._holds: dict[str, tuple[str, Decimal]] = {}

    def free(self, currency: str) -> Decimal:
        """What can be spent."""
        return self._free.get(currency, Decimal(0))

    def locked(self, currency: str) -> Decimal:
        """What open orders hold."""
        return sum((amount for held, amount in self._holds.values() if held == currency), Decimal(0))

    def balances(self) -> dict[str, Balance]:
        """Every currency the account ever held."""
        return {currency: Balance(free, self.locked(currency)) for currency, free in self._free.items()}

    def need(self, currency: str, amount: Decimal) -> None:
        """Raise Refused unless `amount` can be spent."""
        if amount > self.free(currency):
            detail = f"{amount} {currency} needed, {self.free(currency)} free"
            raise Refused(Reason.INSUFFICIENT_FUNDS, detail)

    def move(self, currency: str, amount: Decimal, cause: Cause, by: str) -> None:
        """Add `amount` (negative: take) to what is free. Raises Refused rather than go below zero."""
        self.need(currency, -amount)
        self._change(currency, amount, Decimal(0), cause, by)

    def hold(self, holder: str, currency: str, amount: Decimal) -> None:
        """Lock `amount` for `holder`, who holds nothing yet. Raises Refused when it is not there."""
        if holder in self._holds:
            message = f"{holder} holds funds already"
            raise InvariantBroken(message)
        self.need(currency, amount)
        self._holds[holder] = (currency, amount)
        self._change(currency, -amount, amount, Cause.HOLD, holder)

    def release(self, holder: str) -> None:
        """Free all that `holder` holds; nothing happens when it holds nothing."""
        if holder in self._holds:
            currency, amount = self._holds.pop(holder)
            self._change(currency, amount, -amount, Cause.RELEASE, holder)

    def _change(self, currency: str, free: Decimal, locked: Decimal, cause: Cause, by: str) -> None:
        self._free[currency] = self.free(currency) + free
        entry = Movement(currency=currency, free=free, locked=locked, cause=cause, by=by, at=self._clock.now())
        self._ledger.add_movement(entry)
