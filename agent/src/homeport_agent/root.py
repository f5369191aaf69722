"""The root filesystem whose accounts are kept: ``/``, or a folder that stands for another machine."""

from dataclasses import dataclass
from pathlib import Path

from homeport_agent.refusals import Reason, Refusal

AGENT_USER = "homeport-agent"
"""Whom the network half runs as where the package made that user."""
_NEEDED = ("passwd", "shadow", "group", "gshadow")


@dataclass(frozen=True)
class Root:
    """Where one device's files are."""

    folder: Path

    @classmethod
    def at(cls, folder: str) -> "Root":
        """Name a root by its folder; links are resolved, so that two spellings mean one root."""
        return cls(Path(folder).resolve())

    @property
    def is_system(self) -> bool:
        """Whether this is the machine we run on, not a folder that stands for one."""
        return self.folder == Path("/")

    @property
    def etc(self) -> Path:
        """The folder of the account database."""
        return self.folder / "etc"

    @property
    def agent_state(self) -> Path:
        """State of the network half: device key, enrolment."""
        return self.folder / "var/lib/homeport-agent"

    @property
    def accounts_state(self) -> Path:
        """State of the privileged half: pinned key, ledger, journal."""
        return self.folder / "var/lib/homeport-accounts"

    @property
    def run(self) -> Path:
        """Folder of the socket between the halves and of its lock."""
        return self.folder / "run/homeport"

    @property
    def agent_run(self) -> Path:
        """Folder of the network half's own socket; the privileged half calls there."""
        return self.folder / "run/homeport-agent"

    @property
    def agent_settings(self) -> Path:
        """What the owner of the device decided: ``{"allowed_groups": [...]}``."""
        return self.etc / "homeport/agent.json"

    def inside(self, path: str) -> Path:
        """Where the device's absolute ``path`` is found from here."""
        return self.folder / path.lstrip("/")

    def require_complete(self) -> None:
        """Refuse a root without the four account files.

        Without a shadow file the tools would put the hash into passwd, which everybody can read.
        """
        missing = [name for name in _NEEDED if not (self.etc / name).is_file()]
        if missing:
            raise Refusal(
                Reason.ROOT_INCOMPLETE,
                f"{self.folder} is no complete root filesystem: {', '.join(f'etc/{name}' for name in missing)} missing. "
                "Passcodes would not be safe there. Name a folder that holds etc/passwd, shadow, group and gshadow.",
            )
