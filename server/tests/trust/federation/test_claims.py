"""What a connection test keeps of the claims: what tells who somebody is, and of the rest only kind and size."""

from homeport.trust.federation.claims import MAX_CLAIMS, shown_claims
from homeport.trust.federation.recorder import Recorder


def test_identity_is_readable_and_everything_else_is_masked():
    shown = shown_claims(
        {
            "sub": "00u1ada",
            "email": "ada@example.com",
            "email_verified": False,
            "amr": ["pwd", "mfa"],
            "nonce": "the-nonce-of-this-sign-in",
            "phone_number": "+43 1 2345",
            "groups": ["Everyone", "Payroll"],
            "address": {"street": "Main"},
            "salary": 100,
            "name": None,
        }
    )
    assert shown["sub"] == "00u1ada"
    assert shown["email_verified"] == "false"
    assert shown["amr"] == "pwd, mfa"
    assert shown["nonce"].startswith("sha256:")
    assert shown["phone_number"] == "not shown: text of 10 characters"
    assert shown["groups"] == "not shown: list of 2"
    assert shown["address"] == "not shown: object of 1"
    assert shown["salary"] == "not shown: int"
    assert shown["name"] == "null"
    for private in ("2345", "Payroll", "Main", "100", "the-nonce"):
        assert private not in str(shown)


def test_a_flood_of_claims_is_cut_and_names_that_look_like_ours_are_only_names(clock):
    shown = shown_claims({f"c{number}": "x" for number in range(1000)} | {"x" * 5000: 1})
    assert len(shown) == MAX_CLAIMS + 1
    assert shown["…"] == "941 more"
    recorder = Recorder(clock)
    recorder.note("claims of the ID token", **shown_claims({"name": "Ada", "outcome": "x", "self": "y"}))
    assert recorder.steps[0].details["name"] == "Ada"
