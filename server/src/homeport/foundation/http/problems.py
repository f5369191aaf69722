"""Turns errors into answers: JumpCloud's body under /api, OAuth's under /oauth, RFC 9457 for agents, a page for people."""

from collections.abc import Callable
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from homeport.foundation.http.actor import SignInRequired, address_of
from homeport.foundation.http.middleware import without_secret
from homeport.foundation.kernel import errors

log = structlog.get_logger()
ErrorPage = Callable[[Request, int, str, str], Response]
"""Renders a page from request, status, title and sentence; registered by bootstrap, since pages are above this room."""

STATUS: dict[type[errors.HomeportError], tuple[int, str]] = {
    errors.NotFound: (404, "Not found"),
    errors.Conflict: (409, "Conflict"),
    errors.Invalid: (400, "Bad input"),
    errors.Denied: (403, "Not allowed"),
    errors.Unauthenticated: (401, "Sign in first"),
    errors.StepUpRequired: (403, "Confirm it is you"),
    errors.PreconditionFailed: (412, "Changed meanwhile"),
    errors.RateLimited: (429, "Too many attempts"),
    errors.Unavailable: (503, "Not available"),
}


def install(app: FastAPI, error_page: ErrorPage) -> None:
    """Register the one mapping from errors to answers."""

    def homeport_error(request: Request, error: Exception) -> Response:
        if isinstance(error, SignInRequired):
            return RedirectResponse(error.location, 303)
        assert isinstance(error, errors.HomeportError)
        status, title = next(value for kind, value in STATUS.items() if isinstance(error, kind))
        if isinstance(error, errors.StepUpRequired) and not _is_program(request):
            way = "/user/confirm" if request.url.path.startswith("/user/") else "/signin/confirm"
            return RedirectResponse(f"{way}?next={quote(address_of(request))}", 303)
        return _answer(request, status, title, error.detail, error, error_page)

    def invalid_request(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        fields = {".".join(str(part) for part in item["loc"][1:]) or "body": str(item["msg"]) for item in error.errors()}
        detail = "; ".join(f"{name}: {message}" for name, message in fields.items())
        return _answer(request, 400, "Bad input", detail, errors.Invalid(detail, fields), error_page)

    def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        words = {
            404: ("Not found", "There is nothing at this address."),
            405: ("Method not allowed", "This address does not take that method."),
        }
        title, detail = words.get(error.status_code, (str(error.detail), str(error.detail)))
        answer = _answer(request, error.status_code, title, detail, None, error_page)
        answer.headers.update(error.headers or {})
        return answer

    def unexpected(request: Request, error: Exception) -> Response:
        request_id = request.scope.get("request_id", "")
        log.error("unexpected_error", path=without_secret(request.url.path), request_id=request_id, exc_info=error)
        detail = f"Homeport met an error it did not expect. Nothing was changed. Tell your administrator this id: {request_id}"
        return _answer(request, 500, "Something went wrong", detail, None, error_page)

    app.add_exception_handler(errors.HomeportError, homeport_error)
    app.add_exception_handler(RequestValidationError, invalid_request)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unexpected)


def _is_program(request: Request) -> bool:
    """Tell whether a program asks; a person comes back from the provider under /oauth too, and gets a page."""
    return request.url.path.startswith(
        ("/api/", "/insights/", "/agent/", "/oauth/token", "/oauth/device_authorization", "/scim/")
    )


def _answer(  # noqa: PLR0917 - the parts of an answer, in the order they appear in it
    request: Request, status: int, title: str, detail: str, error: errors.HomeportError | None, error_page: ErrorPage
) -> Response:
    path = request.url.path
    headers: dict[str, str] = {}
    if isinstance(error, errors.RateLimited):
        headers["Retry-After"] = str(error.retry_after)
    if status == 401 and path.startswith("/agent/"):  # noqa: PLR2004 - the status that demands a challenge
        headers["WWW-Authenticate"] = 'DPoP algs="ES256"'  # RFC 9449, section 7.1
    if path.startswith(("/api/", "/insights/")):
        body: dict[str, object] = {"code": status, "message": detail, "status": title.upper().replace(" ", "_")}
        if isinstance(error, errors.Invalid) and error.fields:
            body["details"] = [{"field": name, "message": message} for name, message in error.fields.items()]
        if isinstance(error, errors.Denied) and error.permission:
            body["details"] = [{"permission": error.permission}]
        return JSONResponse(body, status, headers)
    if path in {"/oauth/token", "/oauth/device_authorization"}:
        code = {401: "invalid_client", 429: "slow_down"}.get(status, "server_error" if status >= 500 else "invalid_request")  # noqa: PLR2004 - our fault from here
        return JSONResponse(
            {"error": code, "error_description": detail, "reason": getattr(error, "reason", "")},
            400 if status in {404, 409} else status,
            {**headers, "Cache-Control": "no-store"},
        )
    if _is_program(request):
        problem = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": detail,
            "reason": getattr(error, "reason", ""),
        }
        return JSONResponse(problem, status, headers, media_type="application/problem+json")
    answer = error_page(request, status, title, detail)
    answer.headers.update(headers)
    return answer
