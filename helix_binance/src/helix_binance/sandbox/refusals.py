"""Binance's error codes and texts (errors.md and filters.md of binance-spot-api-docs)."""

from __future__ import annotations

from http import HTTPStatus

from helix_core.sandbox import Reason


class BinanceError(Exception):
    """An error answer: HTTP status, code and text."""

    def __init__(self, code: int, text: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        """Most errors come with 400; keys that are not accepted with 401."""
        super().__init__(f"{code} {text}")
        self.code, self.text, self.status = code, text, status


_REFUSALS = {
    Reason.UNKNOWN_SYMBOL: (-1121, "Invalid symbol."),
    Reason.MARKET_CLOSED: (-1013, "Market is closed."),
    Reason.LOT_SIZE: (-1013, "Filter failure: LOT_SIZE"),
    Reason.MARKET_LOT_SIZE: (-1013, "Filter failure: MARKET_LOT_SIZE"),
    Reason.PRICE_STEP: (-1013, "Filter failure: PRICE_FILTER"),
    Reason.PRICE_RANGE: (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    Reason.NOTIONAL: (-1013, "Filter failure: NOTIONAL"),
    Reason.TOO_MANY_ORDERS: (-1013, "Filter failure: MAX_NUM_ORDERS"),
    Reason.TOO_MANY_STOPS: (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS"),
    Reason.TOO_MANY_LISTS: (-1013, "Filter failure: MAX_NUM_ORDER_LISTS"),
    Reason.DUPLICATE_ID: (-2010, "Duplicate order sent."),
    Reason.INSUFFICIENT_FUNDS: (-2010, "Account has insufficient balance for requested action."),
    Reason.WOULD_TRIGGER: (-2010, "Order would trigger immediately."),
    Reason.WOULD_TAKE: (-2010, "Order would immediately match and take."),
    Reason.PRICE_RELATION: (-2010, "The relationship of the prices for the orders is not correct."),
    Reason.UNKNOWN_ORDER: (-2011, "Unknown order sent."),
    Reason.UNKNOWN_LIST: (-2011, "Unknown order list sent."),
}


def in_words_of_binance(reason: Reason) -> BinanceError:
    """The engine's reason as Binance says it."""
    return BinanceError(*_REFUSALS[reason])


def missing(name: str) -> BinanceError:
    """A mandatory parameter was not sent, or is not what it should be."""
    return BinanceError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def one_of_two(first: str, second: str) -> BinanceError:
    """Neither of two parameters was sent."""
    return BinanceError(-1102, f"Param '{first}' or '{second}' must be sent, but both were empty/null!")


def not_required(name: str) -> BinanceError:
    """A parameter was sent that this kind of order does not take."""
    return BinanceError(-1106, f"Parameter '{name}' sent when not required.")


def illegal(name: str, legal_range: str) -> BinanceError:
    """A parameter holds characters that it may not hold."""
    return BinanceError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal_range}'.")


def unread(read: int, sent: int) -> BinanceError:
    """A parameter was sent that the endpoint does not know."""
    text = f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'."
    return BinanceError(-1104, text)


NO_SUCH_ORDER = (-2013, "Order does not exist.")
NO_SUCH_LIST = (-2018, "Order list does not exist.")
"""Seen at the venue, not in its documentation: github.com/binance/binance-spot-api-docs/pull/43."""
WRONG_CLIENT_ID = (-2039, "Client order ID is not correct for this order ID.")
DUPLICATE_PARAMETER = (-1101, "Duplicate values for a parameter detected.")
EXECUTION_UNKNOWN = (
    -1007,
    "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
)
_LESS = "Please use WebSocket Streams for live updates to avoid"
TOO_MANY_REQUESTS = (
    -1003,
    f"Too much request weight used; current limit is 6000 request weight per 1 MINUTE. {_LESS} polling the API.",
)


def banned_until(epoch_ms: int) -> tuple[int, str]:
    """The answer to somebody who went on asking."""
    return -1003, f"Way too much request weight used; IP banned until {epoch_ms}. {_LESS} bans."
