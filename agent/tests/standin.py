"""A small server that speaks docs/protocols/device.md strictly, so that the agent is tested alone."""

import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from homeport_agent.jose import (
    decode_base64url,
    encode_base64url,
    read_unverified,
    sign_ed25519,
    thumbprint,
    verify_es256,
)

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def public_jwk(key):
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(raw)}


def ec_key(jwk):
    x, y = (int.from_bytes(decode_base64url(jwk[name]), "big") for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


class RefusedError(Exception):
    def __init__(self, status, **body):
        self.status, self.body = status, body


@dataclass
class Signer:
    """The keys of a server: root and order key, and how it signs orders."""

    root: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    now: float | None = None
    counter: int = 0

    def clock(self):
        return int(time.time() if self.now is None else self.now)

    def certificate(self, *, root=None, typ="homeport-order-key+jwt", **changed):
        now = self.clock()
        claims = {"iss": "x", "sub": "k1", "nbf": now - 60, "exp": now + 86_400 * 30, "cnf": {"jwk": public_jwk(self.key)}}
        return sign_ed25519(root or self.root, {"typ": typ}, claims | changed)

    def order(
        self, device_id, kind="bind", *, key=None, typ="homeport-order+jwt", kid="k1", account=None, claims=None, **changed
    ):
        self.counter += 1
        now = self.clock()
        made = {"iss": "x", "aud": device_id, "jti": secrets.token_hex(8), "iat": now, "epoch": 1, "counter": self.counter}
        made |= {"kind": kind, "account": person() | (account or {})}
        if kind in {"bind", "activate"}:
            made |= {"exp": now + 600, "lease_not_after": now + 86_400 * 14, "sign_in_id": "s-1"}
        return sign_ed25519(key or self.key, {"typ": typ, "kid": kid}, made | changed | (claims or {}))

    def pair(self, device_id, kind="bind", **changed):
        return {"order": self.order(device_id, kind, **changed), "order_key": self.certificate()}


def person(name="ada", number=20000, **changed):
    return {
        "user_id": f"u-{name}",
        "username": name,
        "uid": number,
        "gid": number,
        "full_name": "Ada Lovelace",
        "home": f"/home/{name}",
        "shell": "/bin/bash",
        "permission": "standard",
        "groups": [],
    } | changed


class StandIn:
    """One server, one approving person: ``approve()`` stands for the browser.

    With ``known`` it takes the place of that one, as it was when its devices had enrolled and nothing else had happened.
    """

    def __init__(self, known=None):
        self.signer = Signer(known.signer.root, known.signer.key) if known else Signer()
        self.enrollment_secret = f"hpe1.e1.{secrets.token_urlsafe(24)}"
        self.uses_left = 5
        # id -> {"jwk", "machine_id", "status"}
        self.devices = {name: dict(device) for name, device in known.devices.items()} if known else {}
        self.seen = set()  # jti of assertions and proofs
        self.tokens, self.grants = {}, {}
        self.queue = {}  # device id -> open orders
        self.version = 1
        self.people = [
            {"user_id": "u-ada", "username": "ada", "email": "ada@acme.example", "full_name": "Ada Lovelace", "uid": 20000},
            {"user_id": "u-bob", "username": "bob", "email": "bob@acme.example", "full_name": "Bob", "uid": None},
        ]
        self.policy = {"ssh": "key", "sudo": "passcode"}
        self.approval_claims = {}
        self.receipts, self.accounts, self.device_report = [], [], None
        self.skew, self.interval = 0.0, 1
        self.account = person()
        self.number, self.auto_approve = "123456", True
        self.refuse_with = self.order_override = None
        self.ignore_reports = False
        self.changed = threading.Condition()
        if known:
            self.httpd, self.url = known.httpd, known.url
            self.httpd.RequestHandlerClass.standin = self
            return
        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"standin": self}))
        self.httpd.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.httpd.server_port}"
        threading.Thread(target=self.httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def enrollment_key(self):
        return f"{self.enrollment_secret}.{thumbprint(public_jwk(self.signer.root))}"

    def now(self):
        return time.time() + self.skew

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()

    def push(self, device_id, kind, **changed):
        with self.changed:
            pair = self.signer.pair(device_id, kind, **changed)
            self.queue.setdefault(device_id, []).append(pair)
            self.version += 1
            self.changed.notify_all()
        return read_unverified(pair["order"])[1]["jti"]

    def set_status(self, device_id, status):
        with self.changed:
            self.devices[device_id]["status"] = status
            self.version += 1
            self.changed.notify_all()

    # The protocol

    def once(self, jti):
        if not isinstance(jti, str) or jti in self.seen:
            raise RefusedError(400, error="invalid_dpop_proof")
        self.seen.add(jti)

    def enroll(self, body):
        if body["enrollment_key"] != self.enrollment_secret:
            raise RefusedError(401, reason="enrollment_key_unknown", title="unknown")
        jwk = body["device_key"]
        assert set(jwk) == {"kty", "crv", "x", "y"}
        try:
            _, claims = verify_es256(ec_key(jwk), body["proof"], typ="homeport-enroll+jwt")
        except ValueError:
            raise RefusedError(400, reason="proof_invalid") from None
        if claims["aud"] != self.url or abs(claims["iat"] - self.now()) > 60:
            raise RefusedError(400, reason="proof_invalid", title="the proof is not valid")
        self.once(claims["jti"])
        device = body["device"]
        assert len(device["machine_id"]) == 64
        status = 200
        for known_id, known in self.devices.items():
            if known["jwk"] == jwk:
                if known["machine_id"] != device["machine_id"]:
                    raise RefusedError(409, reason="device_key_in_use", title="one key pair on two machines")
                device_id = known_id
                break
        else:
            if self.uses_left < 1:
                raise RefusedError(401, reason="enrollment_key_used_up", title="used up")
            self.uses_left -= 1
            device_id, status = f"d-{secrets.token_hex(4)}", 201
            self.devices[device_id] = {"jwk": jwk, "machine_id": device["machine_id"], "status": "active"}
        root = public_jwk(self.signer.root)
        return status, {"device_id": device_id, "issuer": self.url, "status": "active", "order_root": root}

    def device_of(self, form):
        device = self.devices.get(form.get("client_id"))
        may_ask = device is not None and (device["status"] == "active" or form.get("grant_type") == "client_credentials")
        if not may_ask or form.get("client_assertion_type") != ASSERTION:
            raise RefusedError(401, error="invalid_client", reason="device_gone")
        try:
            _, claims = verify_es256(ec_key(device["jwk"]), form["client_assertion"], typ="JWT")
        except ValueError:
            raise RefusedError(401, error="invalid_client") from None
        now = self.now()
        good = claims["iss"] == claims["sub"] == form["client_id"] and claims["aud"] == self.url
        if not good or abs(claims["iat"] - now) > 60 or not now - 60 < claims["exp"] <= claims["iat"] + 120:
            raise RefusedError(401, error="invalid_client")
        self.once(claims["jti"])
        return form["client_id"], device

    def proof(self, jwk, proof, method, path, token=None):
        try:
            header, claims = verify_es256(ec_key(jwk), proof or "", typ="dpop+jwt")
        except ValueError:
            raise RefusedError(400, error="invalid_dpop_proof") from None
        good = header["jwk"] == jwk and claims["htm"] == method and claims["htu"] == self.url + path
        if token:
            good = good and claims.get("ath") == encode_base64url(hashlib.sha256(token.encode()).digest())
        if not good or abs(claims["iat"] - self.now()) > 60:
            raise RefusedError(400, error="invalid_dpop_proof")
        self.once(claims["jti"])

    def issue(self, device_id, scope, sign_in_id=None):
        token = secrets.token_urlsafe(16)
        self.tokens[token] = (device_id, scope, self.now() + 300, sign_in_id)
        return {"access_token": token, "token_type": "DPoP", "expires_in": 300, "scope": scope}

    def begin(self, form):
        device_id, _ = self.device_of(form)
        assert form["scope"] in {"device_login", "passcode_reset", "sudo"}
        code = secrets.token_urlsafe(16)
        grant = {
            "device_id": device_id,
            "at": 0.0,
            "tries": 5,
            "shown": self.auto_approve,
            "sign_in_id": f"s-{len(self.grants) + 1}",
            "form": form,
        }
        self.grants[code] = grant
        uri = f"{self.url}/d"
        qr = ["".join(secrets.choice("01") for _ in range(29)) for _ in range(29)]
        return {
            "device_code": code,
            "user_code": "WDJB-MJHT",
            "verification_uri": uri,
            "verification_uri_complete": f"{uri}?code=WDJB-MJHT",
            "expires_in": 600,
            "interval": self.interval,
            "verification_qr": qr,
        }

    def token(self, form, dpop):
        device_id, device = self.device_of(form)
        self.proof(device["jwk"], dpop, "POST", "/oauth/token")
        if form["grant_type"] == "client_credentials":
            assert form["scope"] == "agent"
            return self.issue(device_id, "agent")
        assert form["grant_type"] == DEVICE_GRANT
        grant = self.grants.get(form["device_code"])
        if grant is None or grant["device_id"] != device_id:
            raise RefusedError(400, error="invalid_grant")
        early = time.monotonic() - grant["at"] < self.interval * 0.9
        grant["at"] = time.monotonic()
        if early:
            raise RefusedError(400, error="slow_down")
        ids = {"sign_in_id": grant["sign_in_id"]}
        if self.refuse_with:
            raise RefusedError(
                400, error="access_denied", reason=self.refuse_with, error_description="You may not sign in here.", **ids
            )
        number = form.get("verification_number")
        if number is None:
            raise RefusedError(400, error="authorization_pending", number_wanted=grant["shown"])
        if number != self.number:
            grant["tries"] -= 1
            if not grant["tries"]:
                raise RefusedError(
                    400, error="access_denied", reason="number_wrong", error_description="Five wrong numbers.", **ids
                )
            raise RefusedError(400, error="authorization_pending", reason="number_wrong", attempts_left=grant["tries"])
        return self.issue(device_id, "order", grant["sign_in_id"])

    def authorized(self, headers, method, path, scope):
        kind, _, token = headers.get("Authorization", "").partition(" ")
        known = self.tokens.get(token)
        if kind != "DPoP" or known is None or known[1] != scope or known[2] < self.now():
            raise RefusedError(401, reason="token_invalid")
        self.proof(self.devices[known[0]]["jwk"], headers.get("DPoP"), method, path, token)
        if scope == "order":
            del self.tokens[token]
        return known[0], known[3]

    def give_order(self, device_id, sign_in_id):
        if next(grant for grant in self.grants.values() if grant["sign_in_id"] == sign_in_id)["form"]["scope"] == "sudo":
            return {"sign_in_id": sign_in_id, "order_key": self.signer.certificate()} | self.approval(device_id, sign_in_id)
        pair = self.order_override or self.signer.pair(device_id, "bind", account=self.account, sign_in_id=sign_in_id)
        self.queue.setdefault(device_id, []).append(pair)
        return pair | {"sign_in_id": sign_in_id} | self.approval(device_id, sign_in_id)

    def approval(self, device_id, sign_in_id):
        form = next(grant for grant in self.grants.values() if grant["sign_in_id"] == sign_in_id)["form"]
        now = self.signer.clock()
        claims = {"iss": "x", "aud": device_id, "iat": now, "exp": now + 600, "purpose": form["scope"], "sign_in_id": sign_in_id}
        claims |= {"user_id": self.account["user_id"], "nonce": form.get("nonce", "")} | self.approval_claims
        return {"approval": sign_ed25519(self.signer.key, {"typ": "homeport-approval+jwt", "kid": "k1"}, claims)}

    def signed_policy(self, device_id):
        claims = {"iss": "x", "aud": device_id, "iat": self.signer.clock(), "epoch": 1, "version": self.version} | self.policy
        signed = sign_ed25519(self.signer.key, {"typ": "homeport-policy+jwt", "kid": "k1"}, claims)
        return {"policy": signed, "order_key": self.signer.certificate()}

    def set_policy(self, **policy):
        with self.changed:
            self.policy |= policy
            self.version += 1
            self.changed.notify_all()

    def desired(self, device_id, query):
        version, wait = int(query["version"][0]), int(query["wait"][0])
        assert 0 <= wait <= 50
        with self.changed:
            self.changed.wait_for(lambda: self.version != version, timeout=wait)
            return {
                "version": self.version,
                "status": self.devices[device_id]["status"],
                "orders": list(self.queue.get(device_id, [])),
            }

    def report(self, device_id, body):
        if self.ignore_reports:
            raise RefusedError(503, title="busy")
        settled = {receipt["order_id"] for receipt in body["receipts"] if receipt["outcome"] != "failed"}
        with self.changed:
            left = [pair for pair in self.queue.get(device_id, []) if pair["order"].count(".") == 2]
            left = [pair for pair in left if read_unverified(pair["order"])[1]["jti"] not in settled]
            self.queue[device_id] = left
        # Last of all what the tests wait for.
        self.device_report = body.get("device", self.device_report)
        self.accounts = body["accounts"]
        self.receipts += body["receipts"]


class Handler(BaseHTTPRequestHandler):
    standin: StandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return formatdate(self.standin.now() if timestamp is None else timestamp, usegmt=True)

    def do_GET(self):
        self.answer("GET", b"")

    def do_POST(self):
        self.answer("POST", self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def answer(self, method, raw):
        try:
            status, body = self.route(method, urlsplit(self.path), raw)
        except RefusedError as refused:
            status, body = refused.status, refused.body
        out = b"" if body is None else json.dumps(body).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)
        except OSError:
            self.close_connection = True

    def route(self, method, parts, raw):  # noqa: C901 - one case for each address
        s, path = self.standin, parts.path  # from here on this one, also when another takes its place meanwhile
        form = {name: values[0] for name, values in parse_qs(raw.decode()).items()} if path.startswith("/oauth/") else {}
        match method, path:
            case "GET", "/.well-known/openid-configuration":
                endpoints = {f"{name}_endpoint": f"{s.url}/oauth/{name}" for name in ("token", "device_authorization")}
                return 200, {"issuer": s.url, **endpoints}
            case "POST", "/agent/v1/enroll":
                return s.enroll(json.loads(raw))
            case "POST", "/oauth/device_authorization":
                return 200, s.begin(form)
            case "POST", "/oauth/token":
                return 200, s.token(form, self.headers.get("DPoP"))
            case "POST", "/agent/v1/order":
                return 200, s.give_order(*s.authorized(self.headers, method, path, "order"))
            case "GET", "/agent/v1/desired-state":
                device_id, _ = s.authorized(self.headers, method, path, "agent")
                return 200, s.desired(device_id, parse_qs(parts.query))
            case "POST", "/agent/v1/portal":
                device_id, _ = s.authorized(self.headers, method, path, "agent")
                return 200, {"url": f"{s.url}/user/device/of-{device_id}"}
            case "GET", "/agent/v1/people":
                s.authorized(self.headers, method, path, "agent")
                return 200, {"people": s.people, "next": None}
            case "GET", "/agent/v1/policy":
                return 200, s.signed_policy(s.authorized(self.headers, method, path, "agent")[0])
            case "POST", "/agent/v1/reports":
                device_id, _ = s.authorized(self.headers, method, path, "agent")
                return 204, s.report(device_id, json.loads(raw))
        raise RefusedError(404, title="no such address")
