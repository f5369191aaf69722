"""Errors in the two forms Okta answers: OAuth's (RFC 6749 section 5.2) and its own API's."""

from starlette.responses import JSONResponse

NO_STORE = {"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"}

API_SUMMARIES = {
    "E0000001": "Api validation failed",
    "E0000003": "The request body was not well-formed.",
    "E0000006": "You do not have permission to perform the requested action",
    "E0000007": "Not found: Resource not found",
    "E0000009": "Internal Server Error",
    "E0000015": "You do not have permission to access the feature you are requesting",
    "E0000022": "The endpoint does not support the provided HTTP method",
    "E0000047": "API call exceeded rate limit due to too many requests.",
}


def oauth_error(status: int, error: str, description: str) -> JSONResponse:
    """Answer an OAuth endpoint's error."""
    return JSONResponse({"error": error, "error_description": description}, status, headers=NO_STORE)


def api_error(status: int, code: str, *causes: str) -> JSONResponse:
    """Answer an error of Okta's own API; each cause is a sentence."""
    body = {
        "errorCode": code,
        "errorSummary": API_SUMMARIES[code],
        "errorLink": code,
        "errorId": "oaeSimulator0000000000000",
        "errorCauses": [{"errorSummary": cause} for cause in causes],
    }
    return JSONResponse(body, status, headers=NO_STORE)
