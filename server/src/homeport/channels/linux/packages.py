"""GET /agent/packages/NAME: the agent's Debian packages, public, because a machine has no key before it is installed."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from starlette.responses import Response

from homeport.directory.devices.model import AgentPackage
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.errors import NotFound

BUILT_IN = Path(__file__).with_name("agent_packages")
"""Where `make deb` puts the packages that a server is built with."""
_NAME = re.compile(r"homeport-agent_[0-9][0-9A-Za-z.+~-]*_[a-z0-9]+\.deb")


@dataclass(frozen=True)
class AgentPackages:
    """The packages of one folder, read once: what a page promises is what is handed out, also while the folder changes."""

    folder: Path

    @cached_property
    def _contents(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.folder.glob("*.deb")) if _NAME.fullmatch(path.name)}

    @cached_property
    def listed(self) -> Sequence[AgentPackage]:
        """List the packages; none when the server was built without."""
        return [AgentPackage(name, hashlib.sha256(content).hexdigest()) for name, content in self._contents.items()]

    def router(self) -> Router:
        """List the route."""
        router = Router(include_in_schema=False)
        router.add_api_route("/agent/packages/{name}", self.give, methods=["GET"])
        return router

    def give(self, name: str) -> Response:
        """Hand a package out."""
        content = self._contents.get(name)
        if content is None:
            raise NotFound("This server has no such package. The command on the page Add a Device names the present one.")
        return Response(content, media_type="application/vnd.debian.binary-package")
