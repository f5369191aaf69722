"""What tells a country or a device: the operator's file of countries, and the devices that are enrolled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from homeport.directory.devices.model import Device
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import hash_token
from homeport.trust.access.store.browsers import DeviceBrowserSql


@dataclass(slots=True)
class Countries:
    """Countries by address from a file in MaxMind's format, such as GeoLite2 Country or DB-IP Country Lite.

    The file is read when first asked, and again when another one stands in its place. Without a file, or with one that cannot be
    read, no country is known.
    """

    path: Path | None = None
    _stamp: tuple[int, ...] = ()
    _reader: Any = None
    _lock: Lock = field(default_factory=Lock)

    def of(self, address: str) -> str | None:
        """Return the ISO 3166-1 alpha-2 code in capitals; None when it is not known."""
        with self._lock:
            reader = self._present()
            if reader is None:
                return None
            try:
                found = reader.get(address.partition("%")[0])
            except (ValueError, TypeError, _broken()):
                return None
        country = found.get("country") if isinstance(found, Mapping) else None
        code = country.get("iso_code") if isinstance(country, Mapping) else country
        return code.upper() if isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha() else None  # noqa: PLR2004 - ISO 3166-1 alpha-2

    def problem(self) -> str:
        """Return why no country is known although a file is named, or an empty string."""
        with self._lock:
            if self.path is None or self._present() is not None:
                return ""
        return f"The file of countries {self.path} is missing, or is not in MaxMind's format (.mmdb). Until then no country is known."

    def _present(self) -> Any:
        if self.path is None:
            return None
        try:
            stat = self.path.stat()
        except OSError:
            stamp: tuple[int, ...] = ()
        else:
            stamp = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if stamp != self._stamp:
            self._stamp, self._reader = stamp, self._opened() if stamp else None
        return self._reader

    def _opened(self) -> Any:
        import maxminddb  # noqa: PLC0415 - only who has such a file needs it

        try:
            return maxminddb.open_database(str(self.path), maxminddb.MODE_MEMORY)
        except (OSError, ValueError, maxminddb.InvalidDatabaseError):
            return None


def _broken() -> type[Exception]:
    from maxminddb import InvalidDatabaseError  # noqa: PLC0415 - the same

    return InvalidDatabaseError


@dataclass(frozen=True, slots=True)
class EnrolledDevices:
    """The devices of the directory; `find` returns the one with a key that is not deleted, `get` the one with an id."""

    find: Callable[[str], Device | None]
    get: Callable[[str], Device | None]
    browsers: DeviceBrowserSql
    clock: Clock

    def with_key(self, thumbprint: str) -> str:
        """Return the id of the enrolled, active device with this key; empty when there is none."""
        return _active(self.find(thumbprint))

    def with_browser(self, token: str) -> str:
        """Return the id of the enrolled, active device whose agent began the sign-in of the browser with this token; else empty."""
        found = self.browsers.find(hash_token(token))
        if found is None or not found.opened or found.expires_at <= self.clock.now():
            return ""
        return _active(self.get(found.device_id))


def _active(device: Device | None) -> str:
    return device.id if device is not None and device.active else ""
