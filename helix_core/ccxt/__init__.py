"""The shared base of drivers for venues that ccxt knows. A driver subclasses CcxtExchange and adds its venue's quirks.

ccxt brings the venue's addresses, signatures and vocabulary. What is decided here and not there is what an answer
*proves*: every outcome is read from the raw HTTP answer, and whatever is not proven is unknown. Importing this room
imports ccxt (half a second); the core never does.
"""

from helix_core.ccxt.evidence import Answer
from helix_core.ccxt.exchange import CcxtExchange
from helix_core.ccxt.line import Bounds, Line, NoSuchOrder, QuestionRefused
from helix_core.ccxt.reading import decimal, fields, moment, need, read_past_order
from helix_core.ccxt.ruling import Meaning, Ruling, by_ccxt_class
from helix_core.ccxt.stream import Speech, StreamBounds

__all__ = [
    "Answer",
    "Bounds",
    "CcxtExchange",
    "Line",
    "Meaning",
    "NoSuchOrder",
    "QuestionRefused",
    "Ruling",
    "Speech",
    "StreamBounds",
    "by_ccxt_class",
    "decimal",
    "fields",
    "moment",
    "need",
    "read_past_order",
]
