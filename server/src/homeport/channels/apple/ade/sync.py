"""A synchronization with Apple: account, inventory, profile, assignments. No transaction is open while Apple is asked.

Each answer is stored before the next question, so a run that is cut off anywhere goes on where it stopped.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import structlog
from starlette.concurrency import run_in_threadpool

from homeport.channels.apple.ade.actions import Ade, wanted_profile
from homeport.channels.apple.ade.client import AdeClient, AdeError
from homeport.channels.apple.ade.model import AdeServer, Token
from homeport.channels.apple.settings.model import AppleSettings
from homeport.foundation.database.engine import Work
from homeport.foundation.kernel.errors import Conflict

log = structlog.get_logger()
T = TypeVar("T")
MOST_PAGES = 400
MOST_STEPS = 20
"""Assignments of one run: 2,000 Macs; the rest follow at the next."""
_CURSOR = frozenset({"EXHAUSTED_CURSOR", "EXPIRED_CURSOR", "INVALID_CURSOR"})


@dataclass(frozen=True, slots=True)
class AdeSync:
    """Brings the inventory up to date and lets every Mac have the profile of the present settings, once there is a push certificate."""

    work: Work[Ade]
    wanted: Callable[[], tuple[AppleSettings, str]]
    """The settings, and the topic of the push certificate; empty while there is none."""
    client: Callable[[Token], AdeClient]
    public_url: str
    organization: str

    async def run(self) -> bool:
        """Synchronize when it is due; return whether Apple was asked."""
        begun = await self._do(lambda ade: ade.begin())
        if begun is None:
            return False
        server, token = begun
        try:
            await self._synchronize(server, self.client(token))
        except AdeError as error:
            await self._do(partial(_failed, error=error))
            log.warning("apple_sync_failed", reason=error.code)
        except Conflict:
            log.info("apple_sync_stopped")  # disconnected while Apple was asked
        return True

    async def _synchronize(self, server: AdeServer, client: AdeClient) -> None:
        account = await client.account()
        await self._do(lambda ade: ade.note_account(account))
        await self._inventory(server, client)
        settings, topic = await run_in_threadpool(self.wanted)
        if topic:  # a Mac could not be managed without it, and would hang in a web view that refuses everybody
            await self._profile(client, settings)
            await self._assignments(client)
        await self._do(lambda ade: ade.finish())

    async def _inventory(self, server: AdeServer, client: AdeClient) -> None:
        refused: set[str] = set()
        for _ in range(MOST_PAGES):
            following = server.fetched
            try:
                page = await (client.sync if following else client.fetch)(server.cursor)
            except AdeError as error:
                if error.code not in _CURSOR or error.code in refused:
                    raise
                refused.add(error.code)
                server = await self._do(partial(_refused, code=error.code))
                continue
            server = await self._do(partial(_taken, page=page))
            if following and not page.get("more_to_follow"):
                return

    async def _profile(self, client: AdeClient, settings: AppleSettings) -> None:
        profile, digest = wanted_profile(settings, self.public_url, self.organization)
        server = await self._do(lambda ade: ade.present())
        if server.profile_uuid and server.profile_digest == digest:
            return
        uuid = await client.define(profile)
        await self._do(lambda ade: ade.defined(uuid, digest))

    async def _assignments(self, client: AdeClient) -> None:
        for _ in range(MOST_STEPS):
            uuid, serials = await self._do(lambda ade: ade.to_assign())
            if not serials:
                return
            try:
                words = await client.assign(uuid, serials)
            except AdeError as error:
                if error.code == "PROFILE_NOT_FOUND":
                    await self._do(lambda ade: ade.defined("", ""))
                raise
            if not await self._do(partial(_assigned, uuid=uuid, serials=serials, words=words)):
                return

    async def _do(self, deed: Callable[[Ade], T]) -> T:
        """Carry out one deed in a unit of work of its own."""
        return await run_in_threadpool(self._in_work, deed)

    def _in_work(self, deed: Callable[[Ade], T]) -> T:
        with self.work.write() as ade:
            return deed(ade)


def _refused(ade: Ade, code: str) -> AdeServer:
    return ade.cursor_refused(code)


def _taken(ade: Ade, page: Mapping[str, Any]) -> AdeServer:
    return ade.take(page)


def _assigned(ade: Ade, uuid: str, serials: Sequence[str], words: Mapping[str, str]) -> bool:
    return ade.assigned(uuid, serials, words)


def _failed(ade: Ade, error: AdeError) -> None:
    try:
        ade.failed(error.code, error.sentence, error.pause)
    except Conflict:
        log.info("apple_sync_stopped")
