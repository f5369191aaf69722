"""What a Mac says of itself."""

from dataclasses import dataclass

LONGEST = 255
"""Characters of a value."""


@dataclass(frozen=True, slots=True)
class MachineInfo:
    """The keys of MachineInfo that are used. `product` is such as `Mac14,2`, `version` the build, `os_version` such as 14.5.

    `trusted` says that a pinned device authority vouched for the signer; when False, the audit-only switch let it pass, and
    `doubt` says why.
    """

    udid: str
    serial: str
    product: str
    version: str
    os_version: str
    language: str
    software_update_device_id: str
    can_request_software_update: bool
    can_request_psso_config: bool
    digest: str
    trusted: bool
    doubt: str = ""
