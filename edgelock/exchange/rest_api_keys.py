"""REST of API keys: which ones the account has, and what they may do (venue reference §2.4)."""

from edgelock.exchange.rest_call import Answer, Call, Route, private
from edgelock.exchange.signature_check import SignatureCheck


def api_keys_route(signatures: SignatureCheck) -> Route:
    """The list of a member's keys, and until when its location is attested."""

    def get_api_keys(call: Call) -> Answer:
        keys = [
            {"api_key_id": key_id, "name": "embedded", "scopes": list(key.scopes)}
            for key_id, key in signatures.keys_of(call.member.account_id).items()
        ]
        found: dict[str, object] = {"api_keys": keys}
        if signatures.attested_until_s is not None:
            found["api_key_region_expiration_ts"] = signatures.attested_until_s
        return Answer(200, found)

    return private("/api_keys", get_api_keys)
