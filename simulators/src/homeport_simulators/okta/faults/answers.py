"""Faults inside answers that are otherwise good: the token response, userinfo, the redirect to the client."""

from dataclasses import replace
from typing import Any

from homeport_simulators.okta.faults.book import FaultBook
from homeport_simulators.okta.faults.id_token import OTHER_CLIENT
from homeport_simulators.okta.grants import AuthorizationRequest

Fields = list[tuple[str, str]]


def token_response(book: FaultBook, body: dict[str, Any]) -> dict[str, Any]:
    """Return the token response with every due fault in it."""
    if book.take("token_no_id_token") is not None:
        body = {name: value for name, value in body.items() if name != "id_token"}
    if book.take("token_not_a_jwt") is not None:
        body = body | {"id_token": "this is not a JWT"}
    if book.take("token_id_token_number") is not None:
        body = body | {"id_token": 42}
    if book.take("token_type_wrong") is not None:
        body = body | {"token_type": "mac"}
    return body


def userinfo(book: FaultBook, claims: dict[str, Any]) -> dict[str, Any]:
    """Return the person's claims with every due fault in them."""
    if book.take("userinfo_other_sub") is not None:
        claims = claims | {"sub": "00uAnotherUser000000"}
    if book.take("userinfo_no_sub") is not None:
        claims = {name: value for name, value in claims.items() if name != "sub"}
    return claims


def code_request(book: FaultBook, request: AuthorizationRequest) -> AuthorizationRequest:
    """Return what the code shall be bound to."""
    if book.take("redirect_code_of_other_client") is not None:
        return replace(request, client_id=OTHER_CLIENT)
    return request


def redirect_error(book: FaultBook, state: str) -> Fields | None:
    """Return the fields of an error that replaces the code, if one is due."""
    arguments = book.take("redirect_error")
    if arguments is None:
        return None
    return [("state", state), ("error", arguments["error"]), ("error_description", arguments["error_description"])]


def redirect_fields(book: FaultBook, fields: Fields) -> Fields:
    """Return the fields of a redirect with a code, with every due fault in them."""
    if book.take("redirect_no_code") is not None:
        fields = [field for field in fields if field[0] != "code"]
    if book.take("redirect_no_state") is not None:
        fields = [field for field in fields if field[0] != "state"]
    if book.take("redirect_wrong_state") is not None:
        fields = [("state", "state-of-another-sign-in") if field[0] == "state" else field for field in fields]
    if arguments := book.take("redirect_wrong_iss"):
        fields = [*(field for field in fields if field[0] != "iss"), ("iss", arguments["issuer"])]
    if book.take("redirect_no_iss") is not None:
        fields = [field for field in fields if field[0] != "iss"]
    if book.take("redirect_duplicate_code") is not None:
        fields = [*fields, ("code", "another-code")]
    return fields
