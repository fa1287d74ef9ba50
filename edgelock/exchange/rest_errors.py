"""The venue's error answers: which HTTP status and body each refusal becomes (venue reference §2.3, §6.9).

Rows marked "ours" are placeholders where the venue's code is not known.
"""

import re

import msgspec

from edgelock.exchange.refusals import Reason, Refused
from edgelock.exchange.rest_call import Answer, Rejected
from edgelock.exchange.signature_check import Unsigned

REFUSALS: dict[Reason, tuple[int, str]] = {
    Reason.MARKET_NOT_FOUND: (404, "market_not_found"),
    Reason.MARKET_INACTIVE: (409, "market_inactive"),  # ours
    Reason.TRADING_PAUSED: (409, "trading_is_paused"),
    Reason.EXCHANGE_PAUSED: (409, "exchange_is_paused"),
    Reason.DUPLICATE_CLIENT_ORDER_ID: (409, "order_already_exists"),
    Reason.INVALID_PRICE: (400, "invalid_price"),
    Reason.INVALID_SIZE: (400, "invalid_order_size"),
    Reason.INVALID_ORDER: (400, "invalid_order"),
    Reason.INVALID_PARAMETERS: (400, "invalid_parameters"),
    Reason.INSUFFICIENT_BALANCE: (400, "insufficient_balance"),
    Reason.FILL_OR_KILL: (409, "fill_or_kill_insufficient_resting_volume"),
    Reason.NOT_FOUND: (404, "not_found"),
    Reason.CLIENT_ORDER_ID_MISMATCH: (400, "order_id_and_client_order_id_mismatch"),
    Reason.SIDE_MISMATCH: (400, "order_side_mismatch"),
    Reason.TICKER_MISMATCH: (400, "order_ticker_mismatch"),
    Reason.GROUP_NOT_FOUND: (404, "order_group_not_found"),  # ours
    Reason.GROUP_TRIPPED: (409, "exceeded_order_group_risk_limit"),  # ours
    Reason.RISK_LIMIT: (409, "exceeded_per_market_risk_limit"),  # ours
}

_UNMARSHAL = re.compile(r"Expected `(?P<wanted>[^`]+)`, got `(?P<got>[^`]+)`(?: - at `\$\.?(?P<at>[^`]*)`)?")
_JSON_KINDS = {"int": "number", "float": "number", "str": "string", "array": "array", "object": "object"}
_GO_KINDS = {"str": "string", "int": "int", "bool": "bool"}


def nested(status: int, code: str, details: str = "", *, message: str | None = None) -> Answer:
    """The usual shape: an `error` object."""
    return Answer(status, {"error": error_fields(code, details, message=message)})


def error_fields(code: str, details: str = "", *, message: str | None = None) -> dict[str, str]:
    """Code, message and details; the message defaults to the code in words."""
    fields = {"code": code, "message": message if message is not None else code.replace("_", " ")}
    if details:
        fields["details"] = details
    return fields


def flat(status: int, code: str, details: str) -> Answer:
    """The shape of bodies that could not be decoded."""
    return Answer(status, error_fields(code, details))


def refusal(refused: Refused) -> Answer:
    """The answer to a request that the engine refused."""
    status, code = REFUSALS[refused.reason]
    return nested(status, code, refused.details)


def refusal_fields(refused: Refused) -> dict[str, str]:
    """A refusal inside a batch."""
    return error_fields(REFUSALS[refused.reason][1], refused.details)


def unsigned(why: Unsigned) -> Answer:
    """The answer to a request that nobody's key signed."""
    match why:
        case Unsigned.SIGNATURE_MISSING:
            return nested(401, "signature_is_missing_from_headers")
        case Unsigned.TIMESTAMP_EXPIRED:
            return nested(401, "header_timestamp_expired")
        case Unsigned.UNKNOWN_KEY:
            return nested(401, "authentication_error", "NOT_FOUND", message="authentication_error")
        case Unsigned.BAD_SIGNATURE:
            return nested(401, "authentication_error", "INCORRECT_API_KEY_SIGNATURE", message="authentication_error")


FORBIDDEN = nested(403, "insufficient_scope")
"""Ours: the venue's body for a key without the scope is not known."""

TOO_MANY_REQUESTS = nested(429, "too_many_requests")
DEPRECATED = nested(
    410,
    "deprecated_v1_order_endpoint",
    "https://docs.kalshi.com/api-reference/orders/create-order-v2",
    message="Please switch to the V2 endpoints",
)


def undecodable(error: msgspec.MsgspecError | UnicodeDecodeError, request_name: str) -> Rejected:
    """The flat answer to a body that is not JSON, or not of the right types."""
    found = _UNMARSHAL.search(str(error))
    if found is None:
        return Rejected(flat(400, "bad_request", "invalid character in request body"))
    kind = _JSON_KINDS.get(found["got"], found["got"])
    wanted = _GO_KINDS.get(found["wanted"].split(" |")[0], found["wanted"])
    field = re.sub(r"\[\.\.\.\]", "", found["at"] or "")
    details = f"json: cannot unmarshal {kind} into Go struct field {request_name}.{field} of type {wanted}"
    return Rejected(flat(400, "bad_request", details))


def invalid_query(operation: str, field: str, tag: str) -> Rejected:
    """The bare answer to a query parameter out of range."""
    text = (
        f"Parameter validation failed for {operation}: Key: '{operation}Params.{field}' "
        f"Error:Field validation for '{field}' failed on the '{tag}' tag"
    )
    return Rejected(Answer(400, {"msg": text}))
