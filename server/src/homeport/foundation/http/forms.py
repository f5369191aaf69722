"""A form as it was submitted, for routes that take many fields."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData


async def _typed_form(request: Request) -> AsyncIterator[FormData]:
    async with request.form() as form:  # closes uploaded files once the answer is made
        yield form


TypedForm = Annotated[FormData, Depends(_typed_form)]
"""Every field that was submitted. Take the actor first, so that a stranger's form is not read."""
