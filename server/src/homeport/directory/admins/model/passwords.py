"""The rule for passwords."""

import unicodedata

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 64
SHORTEST_NAME_LOOKED_FOR = 3
"""A name of one or two letters occurs in nearly every password, so it is not looked for."""


def normal_password(text: str) -> str:
    """Return the password in the form that is hashed: NFKC, as NIST SP 800-63B section 5.1.1.2 asks."""
    return unicodedata.normalize("NFKC", text)


def password_problem(
    password: str, *, email: str, firstname: str = "", lastname: str = "", shortest: int = SHORTEST_PASSWORD
) -> str:
    """Return what is wrong with a new password, or an empty string: `shortest` to 64 characters, without the person's own names."""
    normal = normal_password(password)
    if not shortest <= len(normal) <= LONGEST_PASSWORD:
        return f"Use {shortest} to {LONGEST_PASSWORD} characters; this has {len(normal)}."
    folded = normal.casefold()
    names = {
        "the part of your e-mail address before the @": email.rpartition("@")[0],
        "your name": firstname,
        "your last name": lastname,
    }
    for what, name in names.items():
        looked_for = normal_password(name).casefold().strip()
        if len(looked_for) >= SHORTEST_NAME_LOOKED_FOR and looked_for in folded:
            return f"The password contains {what}, which is the first thing somebody would try. Choose another."
    return ""
