"""What the actions on administrators, links, factors and keys refuse alike, and how the audit log names an administrator."""

from collections.abc import Mapping, Sequence

from homeport.directory.admins.model import REQUIRED_FOR, Administrator
from homeport.directory.audit.model import Resource
from homeport.foundation.kernel.actor import Actor, ActorKind
from homeport.foundation.kernel.errors import Conflict, Denied, Invalid, NotFound, PreconditionFailed


def found(administrator: Administrator | None) -> Administrator:
    """Return the administrator; raise NotFound."""
    if administrator is None:
        raise NotFound("There is no such administrator. They may have been deleted.")
    return administrator


def expected(administrator: Administrator, version: int | None) -> Administrator:
    """Return the administrator; raise PreconditionFailed when somebody changed them since."""
    if version is not None and version != administrator.version:
        raise PreconditionFailed(f"{administrator.full_name} was changed by somebody else meanwhile. Look again and repeat.")
    return administrator


def refuse_last(administrator: Administrator, with_billing: Sequence[str]) -> None:
    """Raise Conflict when they are the only one with Billing."""
    if list(with_billing) == [administrator.id]:
        raise Conflict(
            f"{administrator.full_name} is the last Administrator with Billing. Give somebody else that role first.",
            reason="last_administrator_with_billing",
        )


def refuse_key(actor: Actor, role: str) -> None:
    """Raise Denied when a key would make an Administrator with Billing: whoever stole it would outlive it by that."""
    if role in REQUIRED_FOR and actor.kind is ActorKind.ADMINISTRATOR and not actor.session_id:
        raise Denied(f"Only somebody who is signed in makes an {role}; a key does not. Do it in the admin portal.")


def refuse_fields(detail: str, fields: Mapping[str, str]) -> None:
    """Raise Invalid with the sentences of the fields that have one."""
    wrong = {field: problem for field, problem in fields.items() if problem}
    if wrong:
        raise Invalid(f"{detail} {' '.join(wrong.values())}", wrong)


def resource(administrator: Administrator) -> Resource:
    """Return how the audit log names an administrator."""
    return Resource("admin", administrator.id, administrator.email)
