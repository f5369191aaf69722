"""What an administrator's sign-in can do: `signin` proves who somebody is, `sessions` remembers it."""

from homeport.trust.signin.password.actions.sessions import Sessions
from homeport.trust.signin.password.actions.signin import PasswordSignIn

__all__ = ["PasswordSignIn", "Sessions"]
