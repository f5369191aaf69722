"""Which local passcodes are good enough."""

from typing import Any

from homeport_agent.refusals import Reason, Refusal

_SHORTEST, _LONGEST = 6, 128
_FEWEST_DIFFERENT = 3
_COMMON = frozenset(
    [
        "123456",
        "1234567",
        "12345678",
        "123456789",
        "1234567890",
        "password",
        "passw0rd",
        "password1",
        "qwerty",
        "qwertz",
        "qwerty123",
        "azerty",
        "abc123",
        "abcdef",
        "654321",
        "987654",
        "iloveyou",
        "letmein",
        "welcome",
        "welcome1",
        "admin123",
        "changeme",
        "homeport",
        "dragon",
        "monkey",
        "football",
        "sunshine",
        "princess",
        "121212",
        "123123",
        "112233",
        "159753",
        "147258",
        "asdfgh",
        "asdfghjkl",
        "zxcvbn",
        "secret",
        "1q2w3e",
        "1q2w3e4r",
    ]
)


def require_good_passcode(passcode: Any, username: str) -> None:
    """Refuse a passcode that is too short, too long, too common, or that cannot be typed on one line."""
    if not isinstance(passcode, str) or not passcode.isprintable() or any("\ud800" <= c <= "\udfff" for c in passcode):
        raise Refusal(
            Reason.PASSCODE_REFUSED, "The passcode holds a character that cannot be used. Use letters, digits, signs, spaces."
        )
    if len(passcode) < _SHORTEST:
        raise Refusal(Reason.PASSCODE_REFUSED, f"The passcode is too short. Use at least {_SHORTEST} characters.")
    if len(passcode) > _LONGEST:
        raise Refusal(Reason.PASSCODE_REFUSED, f"The passcode is too long. Use at most {_LONGEST} characters.")
    if len(set(passcode)) < _FEWEST_DIFFERENT or passcode.lower() in _COMMON:
        raise Refusal(Reason.PASSCODE_REFUSED, "The passcode is one that is guessed first. Choose another.")
    if username.lower() in passcode.lower() and len(passcode) - len(username) < _SHORTEST:
        raise Refusal(Reason.PASSCODE_REFUSED, "The passcode is too close to the account's name. Choose another.")
