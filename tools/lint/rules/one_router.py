"""The server's routers are `homeport.foundation.http.routes.Router`: FastAPI's own makes every route at every start, used or not."""

import ast
from collections.abc import Iterator

from tools.lint.checkout import Checkout, Finding

HOME = "server/src/homeport/foundation/http/routes.py"


def check(checkout: Checkout) -> Iterator[Finding]:
    for name, tree in checkout.python():
        if not name.startswith("server/src/") or name == HOME:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and any(one.name == "APIRouter" for one in node.names):
                yield Finding(name, node.lineno, "import Router from homeport.foundation.http.routes instead of APIRouter.")
