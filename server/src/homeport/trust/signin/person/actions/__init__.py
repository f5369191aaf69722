"""What can be done with a user's password: `passwords` sets it, `signin` proves it, `factors` adds a second factor."""

from homeport.trust.signin.person.actions.factors import PersonFactors
from homeport.trust.signin.person.actions.passwords import Passwords
from homeport.trust.signin.person.actions.signin import PersonSignIn

__all__ = ["Passwords", "PersonFactors", "PersonSignIn"]
