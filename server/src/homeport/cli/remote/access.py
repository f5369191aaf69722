"""Which server is asked, and with which key: options first, then the environment, then the profile that `homeport login` wrote."""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from homeport.cli.plainly import Misuse
from homeport.cli.remote.secrets import read_secret

KEY = re.compile(r"[!-~]{1,512}")
PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
OTHERS = stat.S_IRWXG | stat.S_IRWXO
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Access:
    """Where the server is and how we prove who we are. `ca_file` holds the only certificates believed, if it is given."""

    url: str
    key: str = field(repr=False)
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options of a command say; None where they say nothing."""

    url: str | None = None
    key_file: str | None = None
    ca_file: Path | None = None
    profile: str | None = None


def find(wanted: Wanted, environment: Mapping[str, str] | None = None) -> Access:
    """Return the access that options, environment and profile give together; raise a Failure when something is missing.

    The key of a profile goes to that profile's server only, whatever the environment says.
    """
    environment = os.environ if environment is None else environment
    chosen = wanted.profile or environment.get("HOMEPORT_PROFILE", "")
    stored = read_profile(chosen or "default", environment, must_exist=bool(chosen))
    url = wanted.url or environment.get("HOMEPORT_URL", "") or (stored.url if stored else "")
    if not url:
        raise Misuse("No server is named. Give --url or HOMEPORT_URL, or run homeport login once.")
    url = normal_url(url)
    ca_file = wanted.ca_file or _path(environment.get("HOMEPORT_CA_FILE", ""))
    if wanted.key_file is not None:
        key = read_secret(wanted.key_file, "--key-file")
    elif environment.get("HOMEPORT_API_KEY", ""):
        key = environment["HOMEPORT_API_KEY"].strip()
    elif stored is not None and stored.url == url:
        key, ca_file = stored.key, ca_file or stored.ca_file
    elif stored is not None:
        raise Misuse(
            f"The stored key is for {stored.url}, and this command asks {url}, so the key was not sent. Give --key-file or "
            "HOMEPORT_API_KEY, or choose another --profile."
        )
    else:
        raise Misuse("No API key is given. Set HOMEPORT_API_KEY, give --key-file, or run homeport login once.")
    return Access(url, checked_key(key), ca_file)


def normal_url(text: str) -> str:
    """Return the server's origin; raise a Failure for an address that is none, or that would carry the key in the clear."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host = parts.hostname or ""
    if "@" in text:
        raise Misuse("The server's address holds a name or a password. Give the address alone, such as https://id.example.com.")
    if (
        parts.scheme not in {"http", "https"}
        or not host
        or not host.isascii()
        or parts.path.strip("/")
        or parts.query
        or parts.fragment
    ):
        raise Misuse("The server's address must be like https://id.example.com, without a path.")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise Misuse(f"{host} would be asked without TLS, and everybody on the way could read the key. Use https://.")
    host = f"[{host}]" if ":" in host else host
    default = 443 if parts.scheme == "https" else 80
    return f"{parts.scheme}://{host}" if port in {None, default} else f"{parts.scheme}://{host}:{port}"


def checked_key(key: str) -> str:
    """Return the key; raise Failure, without repeating it, when it cannot be one."""
    if not KEY.fullmatch(key):
        raise Misuse("What was given as API key cannot be one: it is empty, too long, or holds spaces or more than one line.")
    return key


def profile_file(name: str, environment: Mapping[str, str]) -> Path:
    """Return where a profile is kept: ~/.config/homeport/NAME.toml, or below XDG_CONFIG_HOME."""
    if not PROFILE.fullmatch(name):
        raise Misuse("A profile's name has 1 to 64 letters, digits, hyphens and underscores.")
    base = environment.get("XDG_CONFIG_HOME", "")
    folder = Path(base) if base.startswith("/") else Path("~/.config").expanduser()
    return folder / "homeport" / f"{name}.toml"


def read_profile(name: str, environment: Mapping[str, str], *, must_exist: bool) -> Access | None:
    """Return what a profile holds, or None; raise a Failure for one that others can read, or that cannot be used."""
    path = profile_file(name, environment)
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_mode & OTHERS:
                raise Misuse(f"{path} holds a key and can be opened by others. Run: chmod 600 {path}")
            if status.st_uid != os.geteuid():
                raise Misuse(f"{path} belongs to somebody else. Run homeport login as the user who runs this command.")
            values = tomllib.load(file)
    except FileNotFoundError:
        if must_exist:
            raise Misuse(f"There is no profile “{name}”. Make it: homeport login --profile {name}") from None
        return None
    except (OSError, ValueError):
        raise Misuse(f"{path} cannot be read as a profile. Make it again: homeport login --profile {name}") from None
    url, key, ca_file = (values.get(field, "") for field in ("url", "key", "ca_file"))
    if not (isinstance(url, str) and isinstance(key, str) and isinstance(ca_file, str) and url and key):
        raise Misuse(f"{path} lacks url or key. Make it again: homeport login --profile {name}")
    return Access(normal_url(url), key, _path(ca_file))


def write_profile(name: str, access: Access, environment: Mapping[str, str]) -> Path:
    """Keep an access as a profile, readable by its owner only, and return where."""
    import tomli_w  # noqa: PLC0415 - only login writes

    path = profile_file(name, environment)
    values = {"url": access.url, "key": access.key, **({"ca_file": str(access.ca_file.absolute())} if access.ca_file else {})}
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(tomli_w.dumps(values))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return path


def _path(text: str) -> Path | None:
    return Path(text) if text else None
