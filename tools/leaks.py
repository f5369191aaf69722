"""Look for secrets in all logs of a test run: `python -m tools.leaks FOLDER [--whole]` (docs/explanation/security.md, “What is logged”).

The folder holds `*.log`, what each server, agent, simulator and the code under test itself logged; `*.made`, what their sources of
randomness gave; and `*.known`, what tests typed. Passwords and passcodes that tests write as constants are read from the tests. A find
ends the run and names the log, its line and the kind of secret; the secret itself is never printed.
"""

import ast
import base64
import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

CHECKOUT = Path(__file__).parents[1]
WINDOW = 16
"""A secret of this many letters or more is found inside longer words too; a shorter one as a whole word."""
SHORTEST = 6
WORD = re.compile(r"[\w-]+", re.ASCII)
PART_OF_A_NUMBER = re.compile(r"(?<=[.:])\d+|\d+(?=\.\d)")
"""Such as a time or milliseconds, which are no codes."""
RUN = re.compile(rf"[\w-]{{{WINDOW},}}", re.ASCII)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CONSTANT = re.compile(r"^(?=[A-Z_, ]*(?:PASSCODE|PASSWORD|SECRET))[A-Z_, ]+ = .+$", re.MULTILINE)
KEYWORD = re.compile(r"\b(?:password|passcode|secret)=(\"[^\"\\\n]{12,}\")")
NAMES = "password|passcode|secret|token|assertion|code|code_verifier|cookie|authorization|challenge|otp|pin"
VALUE = r"(?!\(hidden\)|…|\*\*|[a-z_]+\b)"
"""Not what stands in a secret's place, nor a word such as a reason code."""
PATTERNS = {
    "a JSON Web Token": re.compile(r"eyJ[\w-]{10,}\.[\w-]{4,}"),
    "an API key": re.compile(r"\bhpk_[\w-]+_[\w-]{8,}"),
    "an enrolment key": re.compile(r"\bhpe1\.[\w-]+\.[\w-]{8,}"),
    "a webhook's secret": re.compile(r"\bwhsec_[\w+/=-]{8,}"),
    "an Authorization header": re.compile(r"\b(?:Bearer|Basic|DPoP) [\w.~+/=-]{8,}"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|\"d\": ?\"[\w-]{16,}\""),
    "an authenticator's address": re.compile(r"\botpauth://"),
    "a password hash": re.compile(r"\$argon2id?\$|\$y\$j\w+\$"),
    "a named parameter": re.compile(rf"[?&\s\"'](?:\w*_)?(?:{NAMES}|state|nonce|user_code)={VALUE}[\w.~+/%-]{{4,}}"),
    "a named value": re.compile(rf"\"(?:\w*_)?(?:{NAMES})\": ?\"{VALUE}[^\"]{{4,}}\""),
    "a Mac's secret": re.compile(
        r"<key>(?:PushMagic|Token|UnlockToken|BootstrapToken|Challenge|ClientIdentifier|PIN|[Pp]asswordHash)</key>"
        r"|\b(?:PushMagic|UnlockToken|BootstrapToken|ClientIdentifier|X-ADM-Auth-Session|Mdm-Signature)[\"']?(?::|=) ?[\"']?(?!\(hidden\))[\w+/=-]{4,}"
        r"|\boauth_(?:token|signature)=",
        re.IGNORECASE,
    ),
    "a numeric code": re.compile(r"(?i)\b(?:code|number|otp|passcode|pin)\b[\"']?(?: is|:|=)? ?[\"']?\d{6,12}\b"),
}


@dataclass
class Secrets:
    """What must be in no log, with its kind: `words` by the whole, `windows` by their beginnings, `texts` with other letters in them."""

    words: dict[str, str] = field(default_factory=dict)
    windows: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, secret: str) -> None:
        """Look for this one, and for what it becomes in an address, in JSON and in base64."""
        if len(secret) < SHORTEST:
            return
        if len(secret) >= WINDOW and RUN.fullmatch(secret):
            self.windows.setdefault(secret[:WINDOW], []).append((secret, kind))
        elif WORD.fullmatch(secret):
            self.words.setdefault(secret, kind)
        else:
            encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
            for form in {
                secret,
                quote(secret),
                quote_plus(secret),
                json.dumps(secret)[1:-1],
                json.dumps(secret, ensure_ascii=False)[1:-1],
                encoded,
            }:
                self.texts.setdefault(form, kind)

    def found_in(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield where each secret begins, and its kind."""
        bare = UUID.sub(lambda found: " " * len(found[0]), text)
        for run in RUN.finditer(bare):
            word = run[0]
            for place in range(len(word) - WINDOW + 1):
                for secret, kind in self.windows.get(word[place : place + WINDOW], ()):
                    if word.startswith(secret, place):
                        yield run.start() + place, kind
        for word in WORD.finditer(bare):
            if word[0] in self.words and not PART_OF_A_NUMBER.match(bare, word.start()):
                yield word.start(), self.words[word[0]]
        yield from self._other_forms_in(text)

    def _other_forms_in(self, text: str) -> Iterator[tuple[int, str]]:
        for form, kind in self.texts.items():
            place = text.find(form)
            while place >= 0:
                yield place, kind
                place = text.find(form, place + 1)
        for kind, pattern in PATTERNS.items():
            for found in pattern.finditer(text):
                yield found.start(), kind


def read(folder: Path, tests: Path = CHECKOUT) -> Secrets:
    """Return the secrets of a run."""
    secrets = Secrets()
    for file in folder.glob("*.made"):
        for line in file.read_text(encoding="utf-8").splitlines():
            kind, _, value = line.partition("\t")
            secrets.add(kind, value)
    for file in folder.glob("*.known"):
        for line in file.read_text(encoding="utf-8").splitlines():
            kind, _, value = line.partition("\t")
            secrets.add(kind, json.loads(value))
    for kind, value in constants(tests):
        secrets.add(kind, value)
    return secrets


def constants(checkout: Path) -> Iterator[tuple[str, str]]:
    """Yield the passwords and passcodes that tests write as constants, with the constant's name and file as their kind."""
    for pattern in ("tests/**/*.py", "*/tests/**/*.py"):
        for file in checkout.glob(pattern):
            text, name = file.read_text(encoding="utf-8"), file.relative_to(checkout)
            yield from ((f"a secret of {name}", ast.literal_eval(value)) for value in KEYWORD.findall(text))
            for line in CONSTANT.findall(text):
                try:
                    value = ast.literal_eval(line.partition(" = ")[2].partition("  #")[0])
                except (SyntaxError, ValueError):
                    continue  # not a constant after all
                names = line.partition(" = ")[0].split(", ")
                for constant, one in zip(names, value if isinstance(value, tuple) else (value,), strict=False):
                    if isinstance(one, str) and re.search("PASSCODE|PASSWORD|SECRET", constant):
                        yield f"{constant} of {name}", one


def main(folder: Path, *, whole: bool) -> int:
    """Search, say what was searched, and return 1 when anything was found or, after a whole run, there was nothing to search."""
    started, secrets = time.perf_counter(), read(folder)
    logs, letters, found = sorted(folder.glob("*.log")), 0, set()
    for log in logs:
        text = log.read_text(encoding="utf-8", errors="replace")
        letters += len(text)
        for place, kind in secrets.found_in(text):
            found.add((log.name, text.count("\n", 0, place) + 1, kind))
    for name, line, kind in sorted(found):
        print(f"a secret in a log: {name}, line {line}: {kind}")
    known = len(secrets.words) + len(secrets.windows) + len(secrets.texts)
    print(
        f"logs: {len(logs)} files, {letters / 1e6:.1f} MB, searched for {known} secrets and {len(PATTERNS)} patterns in "
        f"{time.perf_counter() - started:.1f} s: {len(found)} found"
    )
    if whole and not (letters and known):
        print("logs: nothing to search, or nothing to search for; that proves nothing, so it is an error.", file=sys.stderr)
        return 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), whole="--whole" in sys.argv))
