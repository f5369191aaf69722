"""A form as it was submitted, for routes that take many fields."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData


async def _typed_form(request: Request) -> FormData:
    return await request.form()


TypedForm = Annotated[FormData, Depends(_typed_form)]
"""Every field that was submitted. Take the actor first, so that a stranger's form is not read."""
