"""What comes from the provider's token endpoint, and how the ID token in it is signed."""

import threading
import time
from typing import Any

import httpx2
from tests.hostile.person import bent, parameter
from tests.hostile.scene import Case, Scene

from homeport.foundation.kernel.reasons import ReasonCode


def endpoint(name: str, reason: ReasonCode, fault: str, **arguments: Any) -> Case:
    """The token endpoint or the ID token's signature is at fault."""
    return Case(name=name, reason=reason, faults={fault: arguments})


def forget_keys(scene: Scene) -> None:
    """Nothing is stored of the provider's keys, so they must be fetched, and what the case leaves is forgotten too."""
    scene.world.sql("DELETE FROM key_snapshots")
    scene.undo.append(lambda: scene.world.sql("DELETE FROM key_snapshots"))


def keys(name: str, reason: ReasonCode, fault: str, **arguments: Any) -> Case:
    """The keys are fetched, and what comes is no use; whatever is asked again gets the same."""
    return Case(name=name, reason=reason, prepare=forget_keys, faults={fault: {"times": None, **arguments}})


def stale_keys(scene: Scene) -> None:
    """The stored keys are older than a day, so they serve no longer while the provider is out of reach."""
    scene.world.sql("UPDATE key_snapshots SET fetched_at = '2026-01-01T00:00:00.000000+00:00'")
    scene.undo.append(lambda: scene.world.sql("DELETE FROM key_snapshots"))


def withdrawn_key(scene: Scene) -> httpx2.Response:
    """Okta withdraws the key after it signed the token, and before we fetch the keys."""
    scene.world.fault("keys_slow", seconds=1.5)
    scene.world.control("DELETE", "/requests")
    back, answers = scene.return_address(), []
    returning = threading.Thread(target=lambda: answers.append(scene.person.get(back)))
    returning.start()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not any("/token" in one["path"] for one in scene.world.control("GET", "/requests")):
        time.sleep(0.02)
    scene.world.control("POST", "/keys/rotate", withdraw_old=True)
    returning.join()
    return answers[0]


def two_keys(scene: Scene) -> None:
    """Okta publishes its next key already."""
    forget_keys(scene)
    scene.world.control("POST", "/keys/announce", server="org")
    scene.undo.append(lambda: scene.world.control("POST", "/keys/rotate", withdraw_old=True))


def other_secret(scene: Scene) -> None:
    """Somebody makes a new secret in Okta and switches off ours."""
    secrets = f"/apps/{scene.world.okta['client_id']}/secrets"
    (ours,) = scene.world.control("GET", secrets.removesuffix("/secrets"))["secrets"]
    fresh = scene.world.control("POST", secrets)
    scene.world.control("PATCH", f"{secrets}/{ours['id']}", active=False)

    def put_back() -> None:
        scene.world.control("PATCH", f"{secrets}/{ours['id']}", active=True)
        scene.world.control("PATCH", f"{secrets}/{fresh['id']}", active=False)
        scene.world.control("DELETE", f"{secrets}/{fresh['id']}")

    scene.undo.append(put_back)


def spent_code(scene: Scene) -> None:
    """The person was approved once, with a code that is now used."""
    first = scene.return_address()
    assert scene.person.get(first).status_code == 303
    scene.kept["code"] = parameter(first, "code")


def gone_at_okta(scene: Scene) -> httpx2.Response:
    """Okta suspends the person between the redirect and the token request."""
    back = scene.return_address()
    scene.world.control("PATCH", f"/users/{scene.person.subject}", status="SUSPENDED")
    return scene.person.get(back)


CASES = (
    endpoint("the token endpoint answers 500", ReasonCode.TOKEN_BROKEN, "token_500"),
    endpoint("the token endpoint answers HTML", ReasonCode.TOKEN_BROKEN, "token_html"),
    endpoint("the token endpoint answers after 15 seconds", ReasonCode.TOKEN_UNREACHABLE, "token_slow", seconds=15),
    endpoint("the token endpoint answers 429", ReasonCode.TOKEN_RATE_LIMITED, "token_429", retry_after=7),
    endpoint("the token endpoint answers 50 MB", ReasonCode.TOKEN_BROKEN, "token_50mb"),
    endpoint("the token endpoint announces 50 MB", ReasonCode.TOKEN_BROKEN, "token_50mb", declared=True),
    endpoint("the token endpoint sends the secret elsewhere", ReasonCode.TOKEN_BROKEN, "token_redirect",
             url="http://127.0.0.1:9/elsewhere"),
    endpoint("the token endpoint refuses the code", ReasonCode.CODE_REFUSED, "token_invalid_grant"),
    endpoint("the token endpoint refuses the client", ReasonCode.CLIENT_REFUSED, "token_invalid_client"),
    endpoint("the access token is no bearer token", ReasonCode.TOKEN_BROKEN, "token_type_wrong"),
    endpoint("there is no ID token", ReasonCode.ID_TOKEN_MISSING, "token_no_id_token"),
    endpoint("the ID token is a number", ReasonCode.ID_TOKEN_MISSING, "token_id_token_number"),
    endpoint("the ID token is no JWT", ReasonCode.ID_TOKEN_MALFORMED, "token_not_a_jwt"),
    Case(name="our secret was switched off in Okta", reason=ReasonCode.CLIENT_REFUSED, prepare=other_secret),
    Case(name="the code was used before", reason=ReasonCode.CODE_REFUSED, prepare=spent_code,
         attack=lambda scene: scene.person.get(bent(scene.return_address(), code=scene.kept["code"]))),
    Case(name="Okta suspended the person meanwhile", reason=ReasonCode.CODE_REFUSED, attack=gone_at_okta),
    endpoint("the ID token has alg none", ReasonCode.ALGORITHM_NOT_ALLOWED, "alg_none"),
    endpoint("the ID token is signed with the client secret", ReasonCode.ALGORITHM_NOT_ALLOWED, "alg_hs256_with_client_secret"),
    endpoint("the ID token is signed with the public key as a secret", ReasonCode.ALGORITHM_NOT_ALLOWED, "alg_hs256_with_public_key"),
    endpoint("one bit of the signature is turned", ReasonCode.SIGNATURE_INVALID, "bad_signature"),
    endpoint("the signature is stripped", ReasonCode.SIGNATURE_INVALID, "signature_stripped"),
    endpoint("a foreign key signs under the published kid", ReasonCode.SIGNATURE_INVALID, "other_key_same_kid"),
    endpoint("a key that is not published signs", ReasonCode.KEY_UNKNOWN, "unknown_kid"),
    endpoint("the token carries its own key", ReasonCode.HEADER_NOT_ALLOWED, "key_in_jwk_header"),
    endpoint("the token says where its key lies", ReasonCode.HEADER_NOT_ALLOWED, "key_at_jku_header"),
    endpoint("the token has a critical extension", ReasonCode.HEADER_NOT_ALLOWED, "crit_header"),
    Case(name="there is no kid and two keys are published", reason=ReasonCode.KEY_UNKNOWN, prepare=two_keys, faults={"no_kid": {}}),
    Case(name="the key was withdrawn after it signed", reason=ReasonCode.KEY_UNKNOWN, prepare=forget_keys, attack=withdrawn_key),
    keys("the key set is empty", ReasonCode.KEY_UNKNOWN, "keys_empty"),
    keys("the key set is HTML", ReasonCode.KEYS_UNREACHABLE, "keys_html"),
    keys("the keys endpoint answers 500", ReasonCode.KEYS_UNREACHABLE, "keys_500"),
    keys("the key set has 50 MB", ReasonCode.KEYS_UNREACHABLE, "keys_50mb"),
    keys("the keys come after 15 seconds", ReasonCode.KEYS_UNREACHABLE, "keys_slow", seconds=15),
    Case(name="the stored keys are old and new ones cannot be had", reason=ReasonCode.KEYS_UNREACHABLE, prepare=stale_keys,
         faults={"keys_500": {"times": None}}),
)  # fmt: skip
