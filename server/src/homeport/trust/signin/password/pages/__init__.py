"""The pages of the way in, and of one's own account: name, password, second factor, sessions."""

from homeport.trust.signin.password.pages.account import AccountActions, AccountPages
from homeport.trust.signin.password.pages.signin import (
    BROWSER_COOKIE,
    CODE_COOKIE,
    SESSION_COOKIE,
    PasswordPages,
    SessionAuthenticator,
)

__all__ = [
    "BROWSER_COOKIE",
    "CODE_COOKIE",
    "SESSION_COOKIE",
    "AccountActions",
    "AccountPages",
    "PasswordPages",
    "SessionAuthenticator",
]
