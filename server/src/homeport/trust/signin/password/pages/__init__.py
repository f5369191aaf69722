"""Pages of a way in (`door`), of one's own factor and sessions (`own`), which users' pages share; and administrators' own ones."""

from homeport.trust.signin.password.pages.account import AccountActions, AccountPages
from homeport.trust.signin.password.pages.audience import DoorActions
from homeport.trust.signin.password.pages.cookies import SessionAuthenticator
from homeport.trust.signin.password.pages.door import Door
from homeport.trust.signin.password.pages.own import OwnActions, OwnPages
from homeport.trust.signin.password.pages.signin import (
    ADMINISTRATORS,
    OPEN_WITHOUT_FACTOR,
    SET_UP_PATH,
    OneTimeLinkPages,
    admin_door,
)

__all__ = [
    "ADMINISTRATORS",
    "OPEN_WITHOUT_FACTOR",
    "SET_UP_PATH",
    "AccountActions",
    "AccountPages",
    "Door",
    "DoorActions",
    "OneTimeLinkPages",
    "OwnActions",
    "OwnPages",
    "SessionAuthenticator",
    "admin_door",
]
