"""A spot venue simulated to the last digit, for tests, demos and `helix sandbox`.

`Venue` is the engine, without a wire protocol; `Sandbox` puts it behind the one a driver's `Dialect` speaks, `serving`
behind a real socket. `Fault` says what shall go wrong, `prove` that no money was lost or invented.
"""

from helix_core.sandbox.book import Book, Level
from helix_core.sandbox.brackets import Bracket
from helix_core.sandbox.call import VenueCall
from helix_core.sandbox.dialect import Dialect, ReceivedRequest
from helix_core.sandbox.door import FAULT
from helix_core.sandbox.faults import CLOSE, TRIGGER, Fault, FaultKind, Faults
from helix_core.sandbox.feed import Change, Feed
from helix_core.sandbox.fees import FeeCoin, Fees, Money
from helix_core.sandbox.ledger import Cause, Execution, Ledger, Movement
from helix_core.sandbox.market import Listing, Market
from helix_core.sandbox.orders import Close, ExpiryReason, NewOrder, Order, OrderList, OrderType, TimeInForce
from helix_core.sandbox.proof import prove
from helix_core.sandbox.refusal import Reason, Refused
from helix_core.sandbox.sandbox import KeyRights, Sandbox
from helix_core.sandbox.server import SandboxServer, serving
from helix_core.sandbox.streams import Streams, Talk
from helix_core.sandbox.venue import Venue

__all__ = [
    "CLOSE",
    "FAULT",
    "TRIGGER",
    "Book",
    "Bracket",
    "Cause",
    "Change",
    "Close",
    "Dialect",
    "Execution",
    "ExpiryReason",
    "Fault",
    "FaultKind",
    "Faults",
    "FeeCoin",
    "Feed",
    "Fees",
    "KeyRights",
    "Ledger",
    "Level",
    "Listing",
    "Market",
    "Money",
    "Movement",
    "NewOrder",
    "Order",
    "OrderList",
    "OrderType",
    "Reason",
    "ReceivedRequest",
    "Refused",
    "Sandbox",
    "SandboxServer",
    "Streams",
    "Talk",
    "TimeInForce",
    "Venue",
    "VenueCall",
    "prove",
    "serving",
]
