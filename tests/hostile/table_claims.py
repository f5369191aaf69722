"""What the ID token says, good signature and all."""

from typing import Any

from tests.hostile.scene import Case

from homeport.foundation.kernel.reasons import ReasonCode


def fault(name: str, reason: ReasonCode, fault_name: str, **arguments: Any) -> Case:
    """The simulator's own fault."""
    return Case(name=name, reason=reason, faults={fault_name: arguments})


def saying(name: str, reason: ReasonCode, **claims: Any) -> Case:
    """The ID token has these claims."""
    return Case(name=name, reason=reason, faults={"claims": {"set": claims}})


def without(reason: ReasonCode, claim: str) -> Case:
    """The ID token lacks a claim."""
    return Case(name=f"the ID token has no {claim}", reason=reason, faults={"claims": {"remove": [claim]}})


CASES = (
    fault("iss is another issuer", ReasonCode.ISSUER_WRONG, "wrong_issuer"),
    saying("iss is a number", ReasonCode.CLAIM_MISSING, iss=42),
    saying("iss is a list", ReasonCode.CLAIM_MISSING, iss=["https://acme.okta.example"]),
    without(ReasonCode.CLAIM_MISSING, "iss"),
    fault("aud is another client", ReasonCode.AUDIENCE_WRONG, "wrong_audience"),
    saying("aud is empty", ReasonCode.CLAIM_MISSING, aud=[]),
    saying("aud is a number", ReasonCode.CLAIM_MISSING, aud=42),
    saying("aud holds a number", ReasonCode.CLAIM_MISSING, aud=["a", 1]),
    without(ReasonCode.CLAIM_MISSING, "aud"),
    fault("there are several audiences and no azp", ReasonCode.AUTHORIZED_PARTY_WRONG, "several_audiences_without_azp"),
    fault("azp is another client", ReasonCode.AUTHORIZED_PARTY_WRONG, "wrong_azp"),
    saying("azp is null", ReasonCode.AUTHORIZED_PARTY_WRONG, azp=None),
    fault("the token expired an hour ago", ReasonCode.TOKEN_EXPIRED, "expired"),
    fault("Okta's clock is two hours behind", ReasonCode.TOKEN_EXPIRED, "skew", seconds=-7200),
    fault("Okta's clock is ten minutes ahead", ReasonCode.TOKEN_NOT_YET_VALID, "skew", seconds=600),
    fault("the token is issued in the future", ReasonCode.TOKEN_NOT_YET_VALID, "issued_in_future"),
    fault("the token is not yet valid", ReasonCode.TOKEN_NOT_YET_VALID, "not_yet_valid"),
    saying("exp is text", ReasonCode.CLAIM_MISSING, exp="2099-01-01"),
    saying("exp is true", ReasonCode.CLAIM_MISSING, exp=True),
    saying("exp is beyond the year 3000", ReasonCode.CLAIM_MISSING, exp=10**14),
    saying("exp is negative", ReasonCode.CLAIM_MISSING, exp=-1),
    saying("iat is null", ReasonCode.CLAIM_MISSING, iat=None),
    saying("nbf is a list", ReasonCode.CLAIM_MISSING, nbf=[0]),
    without(ReasonCode.CLAIM_MISSING, "exp"),
    without(ReasonCode.CLAIM_MISSING, "iat"),
    fault("the nonce is another", ReasonCode.NONCE_WRONG, "wrong_nonce"),
    fault("there is no nonce", ReasonCode.NONCE_WRONG, "no_nonce"),
    saying("the nonce is a list", ReasonCode.NONCE_WRONG, nonce=["a"]),
    saying("the nonce is empty", ReasonCode.NONCE_WRONG, nonce=""),
    fault("there is no sub", ReasonCode.SUBJECT_MISSING, "no_sub"),
    fault("sub is empty", ReasonCode.SUBJECT_MISSING, "empty_sub"),
    saying("sub is a number", ReasonCode.SUBJECT_MISSING, sub=42),
    saying("sub is 256 characters long", ReasonCode.SUBJECT_MISSING, sub="s" * 256),
    saying("sub ends in a line break", ReasonCode.SUBJECT_MISSING, sub="00u1\n"),
    saying("sub ends in a space", ReasonCode.SUBJECT_MISSING, sub="00u1 "),
    saying("sub looks like another alphabet's", ReasonCode.SUBJECT_MISSING, sub="00\N{CYRILLIC SMALL LETTER U}1"),
    saying("sub holds a zero byte", ReasonCode.ID_TOKEN_MALFORMED, sub="00u1\0"),
    saying("a claim is nested too deeply", ReasonCode.ID_TOKEN_MALFORMED, deep=[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]),
    saying("the token is 90 kB long", ReasonCode.ID_TOKEN_MALFORMED, groups=["g" * 90] * 1000),
    fault("at_hash belongs to another access token", ReasonCode.ACCESS_TOKEN_HASH_WRONG, "wrong_at_hash"),
    saying("at_hash is a number", ReasonCode.ACCESS_TOKEN_HASH_WRONG, at_hash=1),
    fault("the person proved themselves a day ago", ReasonCode.AUTHENTICATION_TOO_OLD, "old_auth_time"),
    fault("the person proved themselves eight minutes ago", ReasonCode.AUTHENTICATION_TOO_OLD, "old_auth_time", seconds=480),
    fault("there is no auth_time", ReasonCode.AUTHENTICATION_TOO_OLD, "no_auth_time"),
    saying("auth_time is text", ReasonCode.CLAIM_MISSING, auth_time="now"),
    saying("auth_time lies in the future", ReasonCode.TOKEN_NOT_YET_VALID, auth_time=32000000000),
)
