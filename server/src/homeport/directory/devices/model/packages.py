"""The agent's Debian packages that this server hands out, and the one command that brings one onto a machine."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AgentPackage:
    """One package: its file's name, `homeport-agent_VERSION_ARCHITECTURE.deb`, and the SHA-256 of its content in hex."""

    name: str
    sha256: str

    @property
    def architecture(self) -> str:
        """Tell which machines it is for, in Debian's words, such as amd64."""
        return self.name.removesuffix(".deb").rpartition("_")[2]

    def command(self, public_url: str) -> str:
        """Return the command that fetches it, checks it, installs it and enrols the machine, stopping at the first that fails."""
        steps = (
            'cd "$(mktemp -d)"',
            f"wget -q {public_url}/agent/packages/{self.name}",
            f"echo '{self.sha256}  {self.name}' | sha256sum -c",
            f"sudo apt-get install -y ./{self.name}",
            enrollment_command(public_url),
            "sudo systemctl start homeport-agent",
        )
        return " && ".join(steps)


def enrollment_command(public_url: str) -> str:
    """Return the command that enrols a machine where the agent is installed; it reads the key from its standard input."""
    return f"sudo homeport-agent enroll --server {public_url} --key-file -"
