"""Everything Helix raises on purpose; the branch says what to do about it.

HelixError
    ConfigError               do not start; names the setting and the fix
    PluginError               do not start; names the plugin and its distribution
    StoreError                stop taking signals: money state cannot be recorded
    InvariantBroken           a programmer's error: stop trading
    SignalUnreadable          the alert cannot be read; names the field and the fix
    OrderNotAllowed           an order object was asked for that the rules forbid
    DataMissing               a value that must be known is not; never replaced by a default
    Mismatch                  the account does not hold what the database says: send nothing, ask a human
    ExchangeError             something between Helix and the venue
        ExchangeUnavailable       a question got no answer; asking again is safe
            RateLimited               ... but not before `retry_after_s`
        AuthenticationFailed      the venue does not accept the key: halt
        OrderRefused              the venue said no, in its own words; final
            StopWouldTrigger          the market has already crossed the stop: sell, do not retry
        OrderOutcomeUnknown       sent, no clear answer: look it up, never send again
"""

from __future__ import annotations

NOT_PLACED = "not_placed"
"""Code of an OrderRefused that is proven by look-up, not by the venue's own words."""
HALTED = "halted"
"""Code of an OrderRefused by Helix itself: a halt came into force before the entry left."""


class HelixError(Exception):
    """Root of the tree. The text is meant for the owner."""


class ConfigError(HelixError):
    """The configuration cannot be used; `problems` holds every one of them, each with its fix."""

    def __init__(self, *problems: str) -> None:
        """Keep all problems, so that the owner can mend them in one go."""
        super().__init__("\n".join(problems))
        self.problems = problems


class PluginError(HelixError):
    """A plugin cannot be used; the text names it and the distribution it came from."""


class StoreError(HelixError):
    """The database could not record what must be recorded."""


class InvariantBroken(HelixError):
    """Something that must always hold does not. Trading stops."""


class SignalUnreadable(HelixError):
    """An alert that Helix cannot read: which field, what is wrong, what to change."""

    def __init__(self, field: str, problem: str, fix: str) -> None:
        """Name the field ("message" for the text as a whole), the problem and the fix."""
        super().__init__(f"{field}: {problem}. {fix}")
        self.field, self.problem, self.fix = field, problem, fix


class OrderNotAllowed(HelixError):
    """An order was asked for without the approval or the holding it needs."""


class DataMissing(HelixError):
    """A value is not known, or too old to be used."""


class Mismatch(HelixError):
    """What the venue shows cannot be what this database has recorded. Nothing is sent for it until a human looked."""


class ExchangeError(HelixError):
    """Something went wrong between Helix and the venue; never holds a secret."""


class ExchangeUnavailable(ExchangeError):
    """A question was not answered. It changed nothing; asking again is safe."""


class NotSentYet(ExchangeUnavailable):
    """The driver has still to send the order that is looked for: until then its absence says nothing."""


class RateLimited(ExchangeUnavailable):
    """The venue asks for a pause."""

    def __init__(self, text: str, retry_after_s: float | None = None) -> None:
        """`retry_after_s` is the venue's own figure, or None when it gave none."""
        super().__init__(text)
        self.retry_after_s = retry_after_s


class AuthenticationFailed(ExchangeError):
    """The venue does not accept the key, its address or its rights."""


class OrderRefused(ExchangeError):
    """It is proven that the order was not placed: the venue said so in its own words, or it never left this machine."""

    def __init__(self, text: str, *, code: str | None = None, transient: bool = False) -> None:
        """`code` is the venue's own; `transient` is true when trying again may well succeed (a clock, a connection)."""
        super().__init__(text)
        self.code, self.transient = code, transient


class StopWouldTrigger(OrderRefused):
    """A stop was refused because the price has already crossed it."""


class OrderOutcomeUnknown(ExchangeError):
    """The order may or may not have been placed. It is looked up, never sent again."""
