"""Faults in the content of the metadata document."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response, StreamingResponse

from homeport_simulators.okta.faults.book import FaultBook


def altered(book: FaultBook, document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with every due fault in it."""
    document = dict(document)
    if arguments := book.take("discovery_other_issuer"):
        document["issuer"] = arguments["issuer"]
    if book.take("discovery_no_code_flow") is not None:
        document |= {"response_types_supported": ["id_token", "id_token token"], "grant_types_supported": ["implicit"]}
    if book.take("discovery_no_s256") is not None:
        document["code_challenge_methods_supported"] = ["plain"]
    if arguments := book.take("discovery_http_endpoints"):
        for name in [name for name in document if name.endswith(("_endpoint", "_uri"))]:
            document[name] = f"http://{arguments['host']}{urlsplit(document[name]).path}"
    if arguments := book.take("discovery_private_endpoint"):
        document[arguments["member"]] = arguments["url"]
    if arguments := book.take("discovery_missing"):
        document = {name: value for name, value in document.items() if name not in arguments["members"]}
    if (arguments := book.take("discovery_set")) is not None:
        document |= arguments
    return document


def sent(book: FaultBook, document: dict[str, Any], headers: dict[str, str]) -> Response:
    """Return the answer with the document, in the form the due faults give it."""
    body = json.dumps(document).encode()
    media_type = "application/json"
    if book.take("discovery_bad_json") is not None:
        body = body[: len(body) // 2]
    if book.take("discovery_not_object") is not None:
        body = json.dumps([document]).encode()
    if book.take("discovery_wrong_content_type") is not None:
        media_type = "text/plain"
    if arguments := book.take("discovery_slow_body"):
        return StreamingResponse(_dripping(body, arguments["seconds_per_byte"]), media_type=media_type, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


async def _dripping(body: bytes, seconds_per_byte: float) -> AsyncIterator[bytes]:
    for byte in body:
        yield bytes([byte])
        await asyncio.sleep(seconds_per_byte)
