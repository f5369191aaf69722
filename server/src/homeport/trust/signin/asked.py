"""What a reader of the list asks for, in the words of the page, turned into a listing."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from homeport.foundation.kernel.listing import Filter, Listing, require_few
from homeport.foundation.kernel.spans import moment_of
from homeport.trust.signin.ports import SignInStore

_FIELDS = {"state": "state", "reason": "reason", "purpose": "purpose"}
_ID_LENGTH = 36


def listing_of(pairs: Sequence[tuple[str, str]], text: str, store: SignInStore, now: datetime, size: int) -> Listing:
    """Return the listing; raise Invalid for a time that is none and for too many filters. A user or device that does not exist finds nothing."""
    require_few(len(pairs))
    filters = [Filter(_FIELDS[name], "eq", value) for name, value in pairs if name in _FIELDS]
    for name, value in pairs:
        if name == "user":
            filters.append(Filter("user_id", "in", ",".join(store.users_called(value)) or "nobody"))
        elif name == "device":
            filters.append(Filter("device_id", "in", ",".join(store.devices_called(value)) or "nothing"))
        elif name == "provider":
            filters.append(Filter("provider_id", "in", ",".join(store.providers_called(value))))
        elif name == "since":
            filters.append(Filter("started_at", "gte", moment_of(value, now).isoformat()))
        elif name == "until":
            filters.append(Filter("started_at", "lt", moment_of(value, now, timedelta(days=1)).isoformat()))
    if len(text) == _ID_LENGTH and text.count("-") == 4:  # noqa: PLR2004 - the form of an id, which is looked up by index
        return Listing(filters=(*filters, Filter("id", "eq", text.lower())), limit=size)
    return Listing(text=text, filters=tuple(filters), limit=size)
