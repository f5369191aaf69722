"""Who it is here: userinfo, the e-mail address, and the link to a user."""

from typing import Any

import httpx2
from tests.hostile.scene import Case, Scene
from tests.hostile.world import ADMIN

from homeport.directory.people.model import UserState
from homeport.foundation.kernel.reasons import ReasonCode


def thin(scene: Scene) -> None:
    """Okta's ID token holds no e-mail address, so userinfo is asked."""
    scene.app(thin_id_token=True)


def userinfo(name: str, reason: ReasonCode, fault: str, **arguments: Any) -> Case:
    """Userinfo is at fault."""
    return Case(name=name, reason=reason, prepare=thin, faults={fault: arguments})


def identity(name: str, reason: ReasonCode, fault: str, **arguments: Any) -> Case:
    """Okta says something else of the person, in the ID token and at userinfo alike."""
    return Case(name=name, reason=reason, faults={fault: arguments})


def claims(name: str, reason: ReasonCode, **said: Any) -> Case:
    """The ID token says something else of the person."""
    return Case(name=name, reason=reason, faults={"claims": {"set": said}})


def known_only_to_okta(scene: Scene) -> None:
    """The person is in Okta and not in the directory."""
    scene.person = scene.another_person(state=None)


def in_state(state: UserState) -> Any:
    """The person is in the directory, in another state."""

    def prepare(scene: Scene) -> None:
        scene.person = scene.another_person(state=state)

    return prepare


def linked(scene: Scene) -> None:
    """The person signed in once."""
    scene.approved()


def change_state(scene: Scene, state: UserState) -> None:
    """An administrator changes the person's state."""
    scene.act(lambda actions: actions.people.change_state(ADMIN, scene.person.user_id, state))


def linked_and_suspended(scene: Scene) -> None:
    """The person signed in once, and was suspended since."""
    linked(scene)
    change_state(scene, UserState.SUSPENDED)


def suspended_meanwhile(scene: Scene) -> httpx2.Response:
    """An administrator suspends the person while they are at Okta."""
    back = scene.return_address()
    change_state(scene, UserState.SUSPENDED)
    return scene.person.get(back)


def linked_and_deleted(scene: Scene) -> None:
    """The person signed in once, and was deleted since."""
    linked(scene)
    scene.act(lambda actions: actions.people.delete(ADMIN, scene.person.user_id))


def unlinked(scene: Scene) -> None:
    """The person signed in once, and the link was removed since."""
    linked(scene)
    scene.act(lambda actions: actions.links.unlink(ADMIN, scene.person.user_id))


def unlinked_meanwhile(scene: Scene) -> httpx2.Response:
    """The link is removed, and a new one allowed, after the sign-in started."""
    back = scene.return_address()
    scene.act(lambda actions: actions.links.unlink(ADMIN, scene.person.user_id, allow_new=True))
    return scene.person.get(back)


def linked_elsewhere(scene: Scene) -> None:
    """The person is linked to the org server's subject; then another issuer becomes the provider."""
    linked(scene)
    world = scene.world
    scene.undo += [world.connect, world.disconnect]
    world.disconnect()
    world.connect("/oauth2/default")


def as_a_colleague(scene: Scene) -> None:
    """A colleague is linked, and Okta now says their address of somebody else."""
    colleague, machine = scene.another_person(), scene.world.machine()
    scene.approved(colleague, machine)
    scene.world.fault("other_email", email=colleague.email)


CASES = (
    userinfo("userinfo is about somebody else", ReasonCode.USERINFO_SUBJECT_DIFFERS, "userinfo_other_sub"),
    userinfo("userinfo has no sub", ReasonCode.USERINFO_SUBJECT_DIFFERS, "userinfo_no_sub"),
    userinfo("userinfo answers 500", ReasonCode.USERINFO_UNAVAILABLE, "userinfo_500"),
    userinfo("userinfo answers HTML", ReasonCode.USERINFO_UNAVAILABLE, "userinfo_html"),
    userinfo("userinfo answers a signed JWT", ReasonCode.USERINFO_UNAVAILABLE, "userinfo_signed"),
    userinfo("userinfo answers after 15 seconds", ReasonCode.USERINFO_UNAVAILABLE, "userinfo_slow", seconds=15),
    userinfo("userinfo says that the address is not verified", ReasonCode.EMAIL_UNVERIFIED, "email_unverified"),
    identity("there is no address anywhere", ReasonCode.EMAIL_MISSING, "no_email"),
    identity("the address is not verified", ReasonCode.EMAIL_UNVERIFIED, "email_unverified"),
    claims("email_verified is the text true", ReasonCode.EMAIL_UNVERIFIED, email_verified="true"),
    claims("email_verified is 1", ReasonCode.EMAIL_UNVERIFIED, email_verified=1),
    claims("email_verified is null", ReasonCode.EMAIL_UNVERIFIED, email_verified=None),
    identity("the address is in another domain", ReasonCode.EMAIL_DOMAIN_NOT_ALLOWED, "other_email", email="p@evil.example"),
    identity("the address is in a subdomain", ReasonCode.EMAIL_DOMAIN_NOT_ALLOWED, "other_email", email="p@x.acme.example"),
    identity("the address's domain only ends like ours", ReasonCode.EMAIL_DOMAIN_NOT_ALLOWED, "other_email",
             email="p@evilacme.example"),
    identity("the address has two at signs", ReasonCode.EMAIL_MISSING, "other_email", email="p@acme.example@evil.example"),
    identity("the address's domain has another alphabet's letter", ReasonCode.EMAIL_MISSING, "other_email",
             email="p@\N{CYRILLIC SMALL LETTER A}cme.example"),
    identity("the address's letters only fold to ours", ReasonCode.EMAIL_MISSING, "other_email",
             email="p1@acme.example".replace("a", "\N{FULLWIDTH LATIN SMALL LETTER A}")),
    identity("the address ends in a line break", ReasonCode.EMAIL_MISSING, "other_email", email="p1@acme.example\n"),
    identity("the address holds quotes and percent signs", ReasonCode.USER_UNKNOWN, "other_email", email="%'or'1'='1@acme.example"),
    identity("nobody here has the address", ReasonCode.USER_UNKNOWN, "other_email", email="nobody@acme.example"),
    Case(name="the person is not in the directory", reason=ReasonCode.USER_UNKNOWN, prepare=known_only_to_okta),
    Case(name="the linked user was deleted", reason=ReasonCode.USER_UNKNOWN, prepare=linked_and_deleted),
    Case(name="the user is staged", reason=ReasonCode.USER_STAGED, prepare=in_state(UserState.STAGED)),
    Case(name="the user is suspended and was never linked", reason=ReasonCode.USER_SUSPENDED, prepare=in_state(UserState.SUSPENDED)),
    Case(name="the linked user is suspended", reason=ReasonCode.USER_SUSPENDED, prepare=linked_and_suspended),
    Case(name="the user is suspended while at Okta", reason=ReasonCode.USER_SUSPENDED, prepare=linked, attack=suspended_meanwhile,
         changes=frozenset({"users.state", "users.version", "users.updated_at"}), audit=frozenset({"sign_in", "user_suspended"})),
    Case(name="another subject comes with a linked user's address", reason=ReasonCode.SUBJECT_DIFFERS, prepare=linked,
         faults={"other_sub": {}}),
    Case(name="Okta gives a colleague's address to somebody else", reason=ReasonCode.SUBJECT_DIFFERS, prepare=as_a_colleague),
    Case(name="the link was removed", reason=ReasonCode.LINK_REMOVED, prepare=unlinked),
    Case(name="the link was removed and another subject comes", reason=ReasonCode.LINK_REMOVED, prepare=unlinked,
         faults={"other_sub": {}}),
    Case(name="the link was removed meanwhile", reason=ReasonCode.LINK_REMOVED, prepare=linked, attack=unlinked_meanwhile,
         changes=frozenset(f"federated_identities.{column}" for column in ("state", "removed_at", "relink_allowed_at")),
         audit=frozenset({"sign_in", "federated_identity_remove", "federated_identity_allow_new"})),
    Case(name="the user is linked to an earlier provider", reason=ReasonCode.LINK_INACTIVE, prepare=linked_elsewhere),
)  # fmt: skip
