"""The machine: may anybody, and may this person, have an account on it; and the order that a sign-in earns."""

from collections.abc import Callable
from typing import Any

import httpx2
from tests.hostile.scene import Case, Hears, Recorded, Scene, with_rival
from tests.hostile.table_identity import change_state
from tests.hostile.world import ADMIN

from homeport.directory.people.model import UserState
from homeport.foundation.kernel.reasons import ReasonCode

NOWHERE = {"recorded": Recorded.NOWHERE, "hears": Hears.NOTHING}
USER = frozenset({"users.state", "users.version", "users.updated_at"})
DEVICE = frozenset({"devices.deleted_at", "devices.version", "devices.desired_state_version"})
LIMIT = frozenset({"devices.limited", "devices.version", "devices.desired_state_version"})
PROVISIONING = frozenset({"provisioning_settings.enabled", "provisioning_settings.version"})
SEEN = {"hears": Hears.WAITING, "changes": frozenset({"device_authorizations.last_polled_at"})}
"""Opening an address ends nothing: the device goes on waiting."""
ENDED = frozenset(f"device_authorizations.{column}" for column in ("state", "reason", "sign_in_id"))
"""A code that was there before ends."""
ORDER = {**NOWHERE, "attack": lambda scene: scene.machine.fetch_order(scene.kept["order token"])}
SPENT = frozenset({"access_tokens.used_at"})


def switch_off(scene: Scene) -> None:
    """An administrator switches Linux provisioning off until the case is over."""
    scene.undo.append(lambda: scene.world.provision(enabled=True))
    scene.world.provision(enabled=False)


def first_person_only(scene: Scene) -> None:
    """Only the first person gets an account on a machine until the case is over."""
    scene.undo.append(lambda: scene.world.provision(several_users=True))
    scene.world.provision(several_users=False)


def delete_machine(scene: Scene) -> None:
    """An administrator deletes the machine."""
    scene.act(lambda actions: actions.devices.delete(ADMIN, scene.machine.id))


def meanwhile(happens: Callable[[Scene], Any]) -> Callable[[Scene], httpx2.Response]:
    """Something happens while the person is at Okta."""

    def attack(scene: Scene) -> httpx2.Response:
        back = scene.return_address()
        happens(scene)
        return scene.person.get(back)

    return attack


def opened(scene: Scene) -> httpx2.Response:
    """Open the address on the machine's screen."""
    return scene.person.get(scene.machine.code["verification_uri_complete"])


def sent(scene: Scene) -> httpx2.Response:
    """Send the approval's form."""
    return scene.person.approve(scene.machine.user_code)


def asks(scene: Scene) -> httpx2.Response:
    """The machine asks for a code."""
    return scene.machine.post("/oauth/device_authorization", scope="device_login")


def asked(*happens: Callable[[Scene], Any]) -> Callable[[Scene], None]:
    """The machine has a code, and then something happens."""

    def prepare(scene: Scene) -> None:
        scene.machine.begin()
        for one in happens:
            one(scene)

    return prepare


def waits(scene: Scene) -> None:
    """The machine waits for an administrator's approval."""
    scene.act(lambda actions: actions.enrollment_keys.set_approval_wanted(ADMIN, wanted=True))
    scene.machine = scene.world.machine()
    scene.act(lambda actions: actions.enrollment_keys.set_approval_wanted(ADMIN, wanted=False))


def back_to_waiting(scene: Scene) -> None:
    """The data says that the machine waits, as after a restore."""
    scene.world.sql("UPDATE devices SET status = 'pending' WHERE id = ?", scene.machine.id)


def taken(scene: Scene) -> None:
    """Somebody else has the machine's only account."""
    first_person_only(scene)
    with_rival(scene)
    assert scene.bound(scene.rival[0], scene.machine).status_code == 200


def taken_since(scene: Scene) -> None:
    """Two people were approved for the machine's only account, and the other one fetched the order first."""
    first_person_only(scene)
    with_rival(scene)
    granted = scene.machine.poll(scene.approved())
    assert scene.bound(scene.rival[0], scene.machine).status_code == 200
    scene.kept["order token"] = granted.json()["access_token"]


def limited(scene: Scene) -> None:
    """An administrator leaves the machine to people who are assigned; this person is not."""
    scene.act(lambda actions: actions.access.limit_device(ADMIN, scene.machine.id, limited=True))


def asking(scope: str, *, somebody_else: bool = False) -> Callable[[Scene], None]:
    """The machine's prompt waits for a purpose, and for this person or for somebody else."""

    def prepare(scene: Scene) -> None:
        if somebody_else:
            with_rival(scene)
        wanted = scene.rival[0] if somebody_else else scene.person
        scene.machine.asks = {"scope": scope, "user_id": wanted.user_id, "nonce": "a-prompt"}

    return prepare


def named(name: str) -> Callable[[Scene], None]:
    """The person has a user name that no Linux account should have."""

    def prepare(scene: Scene) -> None:
        scene.person = scene.another_person(name)

    return prepare


def no_number_left(scene: Scene) -> None:
    """Every account number was given out."""
    scene.undo.append(lambda: scene.world.sql("DELETE FROM unix_ids WHERE user_id LIKE 'taken %'"))
    scene.world.sql(
        "WITH RECURSIVE n(uid) AS (SELECT 20000 UNION ALL SELECT uid + 1 FROM n WHERE uid < 59999) INSERT OR IGNORE INTO unix_ids "
        "(user_id, uid, allocated_at) SELECT 'taken ' || uid, uid, '2026-01-01T00:00:00.000000+00:00' FROM n"
    )


def earned(*happens: Callable[[Scene], Any]) -> Callable[[Scene], None]:
    """The person is approved and the machine holds the token for the order; then something happens."""

    def prepare(scene: Scene) -> None:
        granted = scene.machine.poll(scene.approved())
        scene.kept["order token"] = granted.json()["access_token"]
        for one in happens:
            one(scene)

    return prepare


def suspended(scene: Scene) -> None:
    """An administrator suspends the person."""
    change_state(scene, UserState.SUSPENDED)


def deleted(scene: Scene) -> None:
    """An administrator deletes the person."""
    scene.act(lambda actions: actions.people.delete(ADMIN, scene.person.user_id))


CASES = (
    Case(name="provisioning is off when the code is opened", reason=ReasonCode.PROVISIONING_DISABLED,
         prepare=asked(switch_off), attack=opened, **SEEN),
    Case(name="provisioning is off when the approval is sent", reason=ReasonCode.PROVISIONING_DISABLED,
         prepare=asked(switch_off), attack=sent, changes=ENDED),
    Case(name="provisioning is switched off meanwhile", reason=ReasonCode.PROVISIONING_DISABLED, attack=meanwhile(switch_off),
         changes=PROVISIONING, audit=frozenset({"sign_in", "provisioning_setting_update"})),
    Case(name="the machine was deleted before the code is opened", reason=ReasonCode.DEVICE_GONE,
         prepare=asked(delete_machine), attack=opened, hears=Hears.NOTHING),
    Case(name="the machine is deleted meanwhile", reason=ReasonCode.DEVICE_GONE, attack=meanwhile(delete_machine),
         hears=Hears.NOTHING, changes=DEVICE, audit=frozenset({"sign_in", "system_delete"})),
    Case(name="a deleted machine asks for a code", reason=ReasonCode.DEVICE_GONE, prepare=delete_machine, attack=asks, **NOWHERE),
    Case(name="a deleted machine polls", reason=ReasonCode.DEVICE_GONE, prepare=asked(delete_machine),
         attack=lambda scene: scene.machine.poll(), **NOWHERE),
    Case(name="a deleted machine fetches its order", reason=ReasonCode.DEVICE_GONE, prepare=earned(delete_machine), **ORDER),
    Case(name="a machine that waits for approval asks for a code", reason=ReasonCode.DEVICE_PENDING, prepare=waits,
         attack=asks, **NOWHERE),
    Case(name="the machine waits again when the person comes back", reason=ReasonCode.DEVICE_PENDING,
         attack=meanwhile(back_to_waiting), hears=Hears.NOTHING, changes=frozenset({"devices.status"})),
    Case(name="a machine that waits again fetches its order", reason=ReasonCode.DEVICE_PENDING, prepare=earned(back_to_waiting),
         **ORDER),
    Case(name="the machine is somebody else's", reason=ReasonCode.DEVICE_TAKEN, prepare=taken),
    Case(name="the machine became somebody else's before the order", reason=ReasonCode.DEVICE_TAKEN, prepare=taken_since,
         changes=SPENT, **ORDER),
    Case(name="the machine is limited to others", reason=ReasonCode.DEVICE_NOT_ASSIGNED, prepare=limited),
    Case(name="the machine is limited to others meanwhile", reason=ReasonCode.DEVICE_NOT_ASSIGNED, attack=meanwhile(limited),
         changes=LIMIT, audit=frozenset({"sign_in", "system_update"})),
    Case(name="the machine is limited to others before the order", reason=ReasonCode.DEVICE_NOT_ASSIGNED, prepare=earned(limited),
         changes=SPENT, **ORDER),
    Case(name="the prompt waits for somebody else", reason=ReasonCode.ANOTHER_PERSON,
         prepare=asking("device_login", somebody_else=True)),
    Case(name="sudo is approved by somebody without an account", reason=ReasonCode.NO_ACCOUNT_HERE, prepare=asking("sudo")),
    Case(name="a passcode is reset by somebody without an account", reason=ReasonCode.NO_ACCOUNT_HERE,
         prepare=asking("passcode_reset")),
    Case(name="the user name is root", reason=ReasonCode.USERNAME_NOT_ALLOWED, prepare=named("root")),
    Case(name="the user name begins with a digit", reason=ReasonCode.USERNAME_NOT_ALLOWED, prepare=named("7of9")),
    Case(name="the user name is a service's", reason=ReasonCode.USERNAME_NOT_ALLOWED, prepare=named("systemd-resolve")),
    Case(name="the user name is too long for Linux", reason=ReasonCode.USERNAME_NOT_ALLOWED, prepare=named("a" * 40)),
    Case(name="no account number is left", reason=ReasonCode.UNIX_IDS_EXHAUSTED, prepare=no_number_left),
    Case(name="the user is suspended before the order", reason=ReasonCode.USER_SUSPENDED, prepare=earned(suspended),
         changes=SPENT, **ORDER),
    Case(name="the user is deleted before the order", reason=ReasonCode.USER_UNKNOWN, prepare=earned(deleted), changes=SPENT, **ORDER),
    Case(name="provisioning is switched off before the order", reason=ReasonCode.PROVISIONING_DISABLED, prepare=earned(switch_off),
         changes=SPENT, **ORDER),
    Case(name="no account number is left before the order", reason=ReasonCode.UNIX_IDS_EXHAUSTED, prepare=earned(no_number_left),
         changes=SPENT, **ORDER),
    Case(name="the order is fetched twice", reason=ReasonCode.USER_CODE_USED,
         prepare=lambda scene: scene.bound() and None, **ORDER),
)  # fmt: skip
