from base64 import urlsafe_b64decode
from json import loads


def published(okta, server=""):
    return [key["kid"] for key in okta.http.get(f"{okta.issuer}/oauth2{server}/v1/keys").json()["keys"]]


def kid(okta):
    return loads(urlsafe_b64decode(okta.redeem(okta.code()).json()["id_token"].split(".")[0] + "=="))["kid"]


def test_rotation_signs_with_a_new_key_and_keeps_the_old_one_published(okta, strict_client):
    old = kid(okta)
    state = okta.control("POST", "/keys/rotate", {"withdraw_old": False})
    assert {old, state["signing"]} <= set(published(okta))
    assert kid(okta) == state["signing"] != old
    strict_client.sign_in()


def test_withdrawn_key_is_gone_at_once(okta, strict_client):
    old = kid(okta)
    state = okta.control("POST", "/keys/rotate", {"withdraw_old": True})
    assert published(okta) == [state["signing"]] != [old]
    strict_client.sign_in()


def test_announced_key_is_published_before_it_signs(okta):
    okta.control("POST", "/keys/rotate", {"withdraw_old": True})
    old = kid(okta)
    new = okta.control("POST", "/keys/announce")["published"][-1]
    assert published(okta) == [old, new]
    assert kid(okta) == old
    assert okta.control("POST", "/keys/rotate", {})["signing"] == new


def test_each_server_has_its_own_keys(okta):
    before = published(okta)
    assert not set(before) & set(published(okta, "/default"))
    okta.control("POST", "/keys/rotate", {"server": "default", "withdraw_old": True})
    assert published(okta) == before
    okta.control("POST", "/keys/rotate", {"server": "nowhere"}, 400)


def test_key_set_is_cacheable_and_holds_no_private_half(okta):
    answer = okta.http.get(f"{okta.issuer}/oauth2/v1/keys", params={"client_id": "x"})
    assert answer.headers["cache-control"] == "max-age=5184000, must-revalidate"
    assert answer.json()["keys"][0].keys() == {"kty", "alg", "kid", "use", "e", "n"}
    okta.control("PATCH", "/settings", {"keys_cache_control": "no-cache, no-store"})
    assert okta.http.get(f"{okta.issuer}/oauth2/v1/keys").headers["cache-control"] == "no-cache, no-store"
