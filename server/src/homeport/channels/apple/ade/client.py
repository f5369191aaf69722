"""Speaks to Apple's service: opens a session, follows its rotating token, and turns every answer into a document or an AdeError."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from homeport.channels.apple.ade import oauth1
from homeport.channels.apple.ade.model import Token
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.outbound.model import Fetch, Fetcher, FetchFailed, Response

BASE = "https://mdmenrollment.apple.com"
PROTOCOL = "9"
"""X-Server-Protocol-Version; 9 is the first that says THROTTLED with a time."""
PAGE = 500
"""Devices a page; Apple gives 100 unless asked and 1000 at most."""
TIMEOUT = 30.0
MOST_BYTES = 8_000_000
LONGEST_PAUSE = timedelta(days=1)
DEFAULT_PAUSE = timedelta(minutes=15)
_OK, _UNAUTHORIZED, _FORBIDDEN, _TOO_MANY, _UNAVAILABLE = 200, 401, 403, 429, 503
_CONTENT_TYPE = "application/json;charset=UTF8"
_SESSION = "x-adm-auth-session"
_SHOWN = 200
SENTENCES = {
    "T_C_NOT_SIGNED": "Apple has new terms and conditions. Somebody with the role Administrator has to accept them in Apple Business Manager; until then Apple answers nothing.",
    "ACCESS_DENIED": "Apple denies access with this server token. Look in Apple Business Manager whether the server still exists, and upload a new token.",
    "EXHAUSTED_CURSOR": "The whole inventory was fetched.",
    "EXPIRED_CURSOR": "The place where the last synchronization stopped is older than seven days; the whole inventory is fetched again.",
    "INVALID_CURSOR": "Apple does not know the place where the last synchronization stopped; the whole inventory is fetched again.",
    "THROTTLED": "Apple asks for a pause. Homeport goes on by itself afterwards.",
    "UNAUTHORIZED": "Apple does not accept the server token. It was renewed or withdrawn in Apple Business Manager; upload the present one. A wrong clock of this server has the same effect.",
    "PROFILE_NOT_FOUND": "Apple does not know the enrolment profile any more; Homeport defines it again.",
}
"""What an administrator reads for Apple's codes."""


class AdeError(Exception):
    """Apple did not do what was asked. `code` is Apple's word or ours, `pause` how long nothing may be asked."""

    def __init__(self, code: str, sentence: str, pause: timedelta | None = None) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.pause = code, sentence, pause


@dataclass(slots=True)
class AdeClient:
    """One run of calls with one server token. A session that ended is replaced once for each call, never in a loop."""

    network: Fetcher
    token: Token
    clock: Clock
    entropy: Entropy
    base: str = BASE
    _session: str = field(default="", repr=False)

    async def account(self) -> Mapping[str, Any]:
        """Return what Apple says of the server and the organization."""
        return await self._call("GET", "/account")

    async def fetch(self, cursor: str) -> Mapping[str, Any]:
        """Return a page of the whole inventory; an empty cursor begins."""
        return await self._call("POST", "/server/devices", {"limit": PAGE, **({"cursor": cursor} if cursor else {})})

    async def sync(self, cursor: str) -> Mapping[str, Any]:
        """Return a page of what changed since the cursor."""
        return await self._call("POST", "/devices/sync", {"limit": PAGE, "cursor": cursor})

    async def define(self, profile: Mapping[str, Any]) -> str:
        """Define a profile and return its UUID."""
        found = (await self._call("POST", "/profile", profile)).get("profile_uuid")
        if not isinstance(found, str) or not 0 < len(found) <= 64:  # noqa: PLR2004 - the column
            raise AdeError("unreadable", "Apple answered the definition of the profile without its identifier.")
        return found

    async def assign(self, profile_uuid: str, serials: Sequence[str]) -> Mapping[str, str]:
        """Assign a profile and return Apple's word for each serial number."""
        answer = await self._call("POST", "/profile/devices", {"profile_uuid": profile_uuid, "devices": list(serials)})
        found = answer.get("devices")
        if not isinstance(found, dict):
            raise AdeError("unreadable", "Apple answered an assignment without saying what became of it.")
        pause = answer.get("retry_after_seconds")
        words = {str(serial): str(word) for serial, word in found.items()}
        if isinstance(pause, int) and pause > 0 and "THROTTLED" in words.values():
            words["retry_after_seconds"] = str(min(pause, int(LONGEST_PAUSE.total_seconds())))
        return words

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        for last in (False, True):
            if not self._session:
                await self._open()
            answer = await self._send(method, path, body)
            if _ended(answer) and not last:
                self._session = ""
                continue
            if answer.status != _OK:
                raise _refusal(answer)
            self._session = answer.header(_SESSION) or self._session
            return _document(answer)
        raise AssertionError("the second turn returns or raises")

    async def _open(self) -> None:
        url = f"{self.base}/session"
        signed = oauth1.authorization(
            self.token, "GET", url, nonce=self.entropy.token(12).replace("-", "_"), now=self.clock.now()
        )
        headers = (("Authorization", signed), ("Content-Type", _CONTENT_TYPE), ("X-Server-Protocol-Version", PROTOCOL))
        answer = await self.network.fetch(Fetch(url, headers=headers, timeout=TIMEOUT))
        if isinstance(answer, FetchFailed):
            raise AdeError("unreachable", answer.detail)
        if answer.status != _OK:
            raise _refusal(answer)
        found = _document(answer).get("auth_session_token")
        if not isinstance(found, str) or not found:
            raise AdeError("unreadable", "Apple opened a session without naming it.")
        self._session = found

    async def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> Response:
        headers = (("X-ADM-Auth-Session", self._session), ("X-Server-Protocol-Version", PROTOCOL))
        content = None if body is None else (_CONTENT_TYPE, json.dumps(body).encode())
        wanted = Fetch(
            f"{self.base}{path}", method=method, headers=headers, content=content, timeout=TIMEOUT, max_bytes=MOST_BYTES
        )
        answer = await self.network.fetch(wanted)
        if isinstance(answer, FetchFailed):
            raise AdeError("unreachable", answer.detail)
        return answer


def _ended(answer: Response) -> bool:
    return answer.status == _UNAUTHORIZED or (answer.status == _FORBIDDEN and b"FORBIDDEN" in answer.body[:_SHOWN])


def _refusal(answer: Response) -> AdeError:
    """Return Apple's refusal; its words come with or without quotes, as text or as JSON, so they are looked for."""
    text = answer.body[:2000].decode("utf-8", "replace")
    pause = _pause(answer, text)
    for code, sentence in SENTENCES.items():
        if code in text:
            return AdeError(code, sentence, pause if code == "THROTTLED" else None)
    if answer.status in {_TOO_MANY, _UNAVAILABLE}:
        return AdeError("THROTTLED", SENTENCES["THROTTLED"], pause)
    if answer.status in {_UNAUTHORIZED, _FORBIDDEN}:
        return AdeError("UNAUTHORIZED", SENTENCES["UNAUTHORIZED"])
    word = "".join(character for character in text if character.isalnum() or character in "_ -")[:_SHOWN].strip()
    return AdeError("refused", f"Apple answered with status {answer.status}: {word or 'no text'}. Homeport tries again later.")


def _pause(answer: Response, text: str) -> timedelta:
    try:
        document = json.loads(text)
        seconds = document.get("retry_after_seconds") if isinstance(document, dict) else None
    except ValueError:
        seconds = None
    header = answer.header("retry-after") or ""
    if not isinstance(seconds, int) and header.isascii() and header.isdecimal() and len(header) <= 6:  # noqa: PLR2004 - days
        seconds = int(header)
    if not isinstance(seconds, int) or seconds <= 0:
        return DEFAULT_PAUSE
    return min(timedelta(seconds=seconds), LONGEST_PAUSE)


def _document(answer: Response) -> Mapping[str, Any]:
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise AdeError("unreadable", "Apple's answer is no JSON. A proxy in between may have answered instead.") from error
    if not isinstance(document, dict):
        raise AdeError("unreadable", "Apple's answer is no JSON object.")
    return document
