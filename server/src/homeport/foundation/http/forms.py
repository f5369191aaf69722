"""A form as it was submitted, for routes that take many fields."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import FormData

from homeport.foundation.http.actor import PageActor
from homeport.foundation.kernel.permissions import Permission


async def _typed_form(request: Request) -> AsyncIterator[FormData]:
    async with request.form() as form:  # closes uploaded files once the answer is made
        yield form


def form_for(permission: Permission) -> Any:
    """Return a dependency that reads the form only for somebody who has the permission, so that nobody else fills the disk with a file."""

    async def read(request: Request, actor: PageActor) -> AsyncIterator[FormData]:
        actor.require(permission)
        async with request.form() as form:
            yield form

    return Depends(read)


TypedForm = Annotated[FormData, Depends(_typed_form)]
"""Every field that was submitted. Take the actor first, so that a stranger's form is not read."""
