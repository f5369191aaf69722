"""What stands for the network in tests of the slice."""

import json
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

from homeport.foundation.outbound.model import Response


class Network:
    """A provider that answers well; a test replaces the answer of a path."""

    def __init__(self, document, keys, clock):
        self.document, self.keys, self.clock, self.replaced, self.asked = document, keys, clock, {}, []

    async def fetch(self, request):
        self.asked.append(request)
        path = urlsplit(request.url).path
        if path in self.replaced:
            return self.replaced[path]
        if path.endswith("openid-configuration"):
            return self._json(self.document, date=format_datetime(self.clock.now(), usegmt=True))
        if path.endswith("keys"):
            return self._json({"keys": list(self.keys)})
        if path.endswith("token"):
            return self._json({"error": "invalid_grant"}, status=400)
        asked = parse_qs(urlsplit(request.url).query)
        back = f"{asked['redirect_uri'][0]}?error=login_required&state={asked['state'][0]}"
        return Response(302, (("location", back),), b"", request.url)

    def _json(self, body, status=200, **headers):
        return Response(status, tuple(headers.items()), json.dumps(body).encode(), "https://example.okta.com")
