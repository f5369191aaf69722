"""Pages of users' passwords: the way in, one's own security, and what an administrator sees and does."""

from homeport.trust.signin.person.pages.managed import PasswordPanels
from homeport.trust.signin.person.pages.security import SecurityActions, SecurityPages
from homeport.trust.signin.person.pages.signin import USERS, PersonActions, PersonAuthenticator, PersonPages, user_door

__all__ = [
    "USERS",
    "PasswordPanels",
    "PersonActions",
    "PersonAuthenticator",
    "PersonPages",
    "SecurityActions",
    "SecurityPages",
    "user_door",
]
