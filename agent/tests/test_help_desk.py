"""Codes of the help desk and the end of a binding by root: what works without the server, and what never does (device.md section 9)."""

import itertools
import json
import re
import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from standin import Signer
from test_orders import IN_MEMORY, NOW, Device

from homeport_agent.accounts.help_desk import HelpDesk, Uptime, Wish, check_digit, code_for, shared_key, spoken
from homeport_agent.accounts.model import After
from homeport_agent.cli import _parser
from homeport_agent.jose import decode_base64url, encode_base64url, sign_ed25519
from homeport_agent.refusals import Refusal

DAY = 86_400
TOMORROW = NOW // DAY + 2
TYPE = "homeport-unlock-key+jwt"


def public_of(private):
    return encode_base64url(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


class Counter:
    """The server's side of it, and a device whose boots and seconds a test turns."""

    def __init__(self, folder):
        self.device = Device(folder)
        self.device.do("bind")
        self.device.backend.set_passcode("ada", "correct horse 7")
        self.boot, self.seconds = 1, 100.0
        self.private = X25519PrivateKey.generate()
        self.start()
        self.desk.take_key(self.statement(), self.device.signer.certificate())

    def start(self):
        self.device.start()
        uptime = Uptime(lambda: f"boot-{self.boot}", lambda: self.seconds)
        self.desk = HelpDesk(self.device.folder / "help-desk.json", self.device.applier, lambda: self.device.now, uptime)
        self.desk.repair()

    def statement(self, *, signer=None, typ=TYPE, **changed):
        claims = {"iss": "x", "aud": "d-1", "iat": NOW, "epoch": 1, "version": 1, "device_public": self.desk.public()["public"]}
        claims |= {"server_public": public_of(self.private)} | changed
        return sign_ed25519((signer or self.device.signer).key, {"typ": typ, "kid": "k1"}, claims)

    def code(self, challenge, *, user_id="u-ada", device_id="d-1", day=TOMORROW):
        theirs = self.desk.public()["public"]
        mine = public_of(self.private)
        key = shared_key(self.private, decode_base64url(theirs), "d-1", theirs, mine)
        return code_for(key, device_id, user_id, challenge, day)

    def expire(self):
        self.device.backend.set_expiry("ada", NOW // DAY - 1)

    def expires_on(self):
        return self.device.backend.find("ada").expires_on

    def refuses(self, code, wish=Wish.RENEW, user_id="u-ada"):
        with pytest.raises(Refusal) as refused:
            self.desk.open_with(user_id, wish, code)
        return refused.value.reason

    def refuses_to_begin(self, user_id="u-ada", wish=Wish.RENEW):
        with pytest.raises(Refusal) as refused:
            self.desk.challenge(user_id, wish)
        return refused.value.reason


@pytest.fixture
def at():
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        yield Counter(folder)


def other(code):
    return code[:-1] + str((int(code[-1]) + 1) % 10)


def test_a_code_opens_the_account_until_the_day_it_names_once(at):
    at.expire()
    challenge = at.desk.challenge("u-ada", Wish.RENEW)
    assert (len(challenge), check_digit(challenge[:-1])) == (10, challenge[-1])
    code = at.code(challenge)
    assert at.desk.open_with("u-ada", Wish.RENEW, spoken(code)) == TOMORROW
    assert at.expires_on() == TOMORROW
    assert at.refuses(code) == "code_expired"
    at.start()
    assert at.refuses(code) == "code_expired"
    assert at.desk.challenge("u-ada", Wish.RENEW) != challenge
    [notice] = at.device.applier.ledger.notices
    assert (notice["kind"], notice["user_id"], notice["challenge"]) == ("unlock", "u-ada", challenge)
    at.device.applier.told({notice["id"]})
    at.start()
    assert at.device.applier.ledger.notices == []


def test_a_code_never_shortens_a_lease(at):
    before = at.expires_on()
    at.desk.open_with("u-ada", Wish.NEW_PASSCODE, at.code(at.desk.challenge("u-ada", Wish.NEW_PASSCODE)))
    assert at.expires_on() == before > TOMORROW


@pytest.mark.parametrize(
    "changed", [{"user_id": "u-bob"}, {"device_id": "d-2"}, {"day": TOMORROW + 1}, {"challenge": "1000000009"}, {"key": True}]
)
def test_a_code_for_somebody_or_something_else_opens_nothing(at, changed):
    at.expire()
    challenge = at.desk.challenge("u-ada", Wish.RENEW)
    if changed.pop("key", False):
        at.private = X25519PrivateKey.generate()
    made = at.code(changed.pop("challenge", challenge), **changed)
    honest_day = at.code(challenge)[:4]
    assert at.refuses(honest_day + made[4:]) == "code_wrong"
    assert at.expires_on() == NOW // DAY - 1


def test_the_code_that_renews_is_none_for_a_new_passcode(at):
    code = at.code(at.desk.challenge("u-ada", Wish.RENEW))
    assert at.refuses(code, Wish.NEW_PASSCODE) == "code_expired"


def test_guesses_are_counted_through_new_challenges_restarts_boots_and_clocks(at):
    wishes = itertools.cycle(Wish)
    for left in (4, 3, 2, 1):
        wish = next(wishes)
        challenge = at.desk.challenge("u-ada", wish)
        with pytest.raises(Refusal, match=f"{left} tr"):
            at.desk.open_with("u-ada", wish, other(at.code(challenge)))
        at.boot += 1
        at.device.now += 400 * DAY
        at.start()
    code = at.code(at.desk.challenge("u-ada", Wish.RENEW))
    assert at.refuses(other(code)) == "too_many_codes"
    assert at.refuses(code) == "too_many_codes"
    assert at.refuses_to_begin() == "too_many_codes"
    at.seconds += 59
    at.device.now += 400 * DAY
    assert at.refuses_to_begin() == "too_many_codes"
    at.boot, at.seconds = 99, 5.0  # switched off and on: the wait begins anew
    at.start()
    assert at.refuses_to_begin() == "too_many_codes"
    at.seconds += 61
    at.device.now = NOW
    challenge = at.desk.challenge("u-ada", Wish.RENEW)
    assert at.refuses(code) == "code_wrong"  # the answer to the digits before
    at.desk.open_with("u-ada", Wish.RENEW, at.code(challenge))


def test_each_wait_is_longer_up_to_an_hour(at):
    waits = []
    for _ in range(8):
        challenge = at.desk.challenge("u-ada", Wish.RENEW)
        for _ in range(5):
            at.refuses(other(at.code(challenge)))
        begun = at.seconds
        while at.seconds < begun + 3600:
            at.seconds += 60
            try:
                at.desk.challenge("u-ada", Wish.RENEW)
                break
            except Refusal:
                continue
        waits.append(at.seconds - begun)
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]


@pytest.mark.parametrize("typed", ["", "1234", "12345678901x", "1" * 13, "\u0661" * 12, "ada", "0" * 4000])
def test_what_is_no_code_costs_no_try(at, typed):
    at.desk.challenge("u-ada", Wish.RENEW)
    assert at.refuses(typed) == "code_wrong"
    assert at.refuses("0" * 12) == "code_wrong"
    assert json.loads((at.device.folder / "help-desk.json").read_text())["callers"]["u-ada"]["tries"] == 1


def test_a_challenge_stands_for_an_hour_and_ends_with_the_boot(at):
    first = at.desk.challenge("u-ada", Wish.RENEW)
    at.seconds += 3599
    at.start()
    assert at.desk.challenge("u-ada", Wish.RENEW) == first
    at.seconds += 1
    assert at.refuses(at.code(first)) == "code_expired"
    second = at.desk.challenge("u-ada", Wish.RENEW)
    at.boot += 1
    assert at.refuses(at.code(second)) == "code_expired"
    assert len({first, second, at.desk.challenge("u-ada", Wish.RENEW)}) == 3


def test_it_never_works_for_a_suspended_or_ended_binding_nor_for_an_account_of_the_device(at):
    code = at.code(at.desk.challenge("u-ada", Wish.RENEW))
    at.device.do("suspend")
    assert at.refuses(code) == at.refuses_to_begin() == "account_missing"
    assert not at.desk.helps("u-ada")
    at.device.do("activate")
    at.device.do("unbind")
    assert at.refuses(code) == at.refuses_to_begin() == "account_missing"
    for nobody in ("root", "local", "u-bob", ""):
        assert at.refuses_to_begin(nobody) == "account_missing"


def test_a_clock_that_is_ahead_of_the_code_opens_nothing_and_is_told_apart_from_a_wrong_code(at):
    challenge = at.desk.challenge("u-ada", Wish.RENEW)
    at.device.now = (TOMORROW + 5) * DAY
    assert at.refuses(at.code(challenge)) == "order_expired"
    at.device.now = NOW
    assert at.desk.open_with("u-ada", Wish.RENEW, at.code(challenge)) == TOMORROW


@pytest.mark.parametrize("crash", ["expiry", "notice"])
def test_a_crash_after_the_code_was_used_up_is_finished_at_the_next_start(at, crash):
    at.expire()
    code = at.code(at.desk.challenge("u-ada", Wish.RENEW))

    class Crash(BaseException):
        pass

    def crashing(*_):
        raise Crash

    if crash == "expiry":
        at.device.backend.set_expiry = crashing
    else:
        at.device.applier.ledger.note = crashing
    with pytest.raises(Crash):
        at.desk.open_with("u-ada", Wish.RENEW, code)
    at.device.backend.__dict__.pop("set_expiry", None)
    at.start()
    assert at.expires_on() == TOMORROW
    assert [notice["kind"] for notice in at.device.applier.ledger.notices] == ["unlock"]
    at.start()
    assert len(at.device.applier.ledger.notices) == 1
    assert at.refuses(code) == "code_expired"


def test_where_nothing_can_be_written_no_code_is_used_up_and_a_used_one_still_counts_later(at):
    at.expire()
    code = at.code(at.desk.challenge("u-ada", Wish.RENEW))
    backend = at.device.backend

    def full(*_):
        raise Refusal("disk_full", "full")

    backend.require_ready = full
    assert at.refuses(code) == "disk_full"
    backend.__dict__.pop("require_ready")
    backend.set_expiry = full  # it fills up just then
    assert at.refuses(code) == "disk_full"
    at.start()
    assert at.expires_on() == NOW // DAY - 1
    assert at.refuses_to_begin() == "disk_full"
    backend.__dict__.pop("set_expiry")
    at.desk.challenge("u-ada", Wish.RENEW)
    assert at.expires_on() == TOMORROW
    assert at.refuses(code) == "code_wrong"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"aud": "d-2"}, "order_wrong_device"),
        ({"typ": "homeport-policy+jwt"}, "order_signature_invalid"),
        ({"signer": Signer(now=NOW)}, "order_signature_invalid"),
        ({"device_public": "A" * 43}, "order_superseded"),
        ({"server_public": "A" * 43}, "order_malformed"),
        ({"server_public": "no key"}, "order_malformed"),
        ({"version": "2"}, "order_malformed"),
        ({"version": 0}, "order_superseded"),
    ],
)
def test_a_key_that_the_server_did_not_sign_for_this_device_is_not_taken(at, changed, reason):
    before = (at.device.folder / "help-desk.json").read_text()
    with pytest.raises(Refusal) as refused:
        at.desk.take_key(at.statement(**changed), at.device.signer.certificate())
    assert refused.value.reason == reason
    assert (at.device.folder / "help-desk.json").read_text() == before


def test_what_it_keeps_is_closed_to_others_and_a_damaged_file_waits_for_the_server(at):
    path = at.device.folder / "help-desk.json"
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("{")
    at.start()
    assert at.refuses_to_begin() == "help_desk_unknown"
    at.desk.take_key(at.statement(), at.device.signer.certificate())
    at.desk.open_with("u-ada", Wish.RENEW, at.code(at.desk.challenge("u-ada", Wish.RENEW)))


# Root ends a binding


@pytest.mark.parametrize("after", After)
def test_root_ends_a_binding_as_an_order_would_and_the_server_is_told(at, after):
    at.device.backend.processes[77] = 20000
    receipt = at.device.applier.unbind("ada", after)
    assert receipt["outcome"] == "done"
    found = at.device.backend.find("ada")
    match after:
        case After.KEEP:
            assert (found.locked, found.expires_on, 77 in at.device.backend.processes) == (False, None, True)
        case After.LOCK:
            assert (found.locked, found.expires_on, at.device.backend.processes) == (True, 1, {})
        case After.REMOVE:
            assert (found, at.device.backend.homes) == (None, {})
    at.start()
    [notice] = at.device.applier.ledger.notices
    assert (notice["kind"], notice["username"], notice["after"], notice["steps"]) == ("unbind", "ada", after, receipt["steps"])
    assert at.device.applier.ledger.sequence == (1, 1)  # no order of the server's is overtaken by it
    assert at.device.do("activate", account={}) == ("refused", "account_missing")
    if after is not After.KEEP:
        assert at.device.do("bind") == ("done", None)
        assert at.device.backend.find("ada").locked == (after is After.REMOVE)  # after `lock` with the passcode of before
        assert [one.get("bound_again") for one in at.device.applier.ledger.notices] == [True]


def test_root_ends_nothing_that_is_not_ours(at):
    for name in ("root", "local", "bob", "", "u-ada"):
        with pytest.raises(Refusal) as refused:
            at.device.applier.unbind(name, After.REMOVE)
        assert refused.value.reason == "account_missing"
    assert at.device.applier.ledger.notices == []


def test_a_suspended_person_does_not_come_back_by_ending_the_binding(at):
    at.device.do("suspend")
    at.device.applier.unbind("ada", After.KEEP)
    found = at.device.backend.find("ada")
    assert (found.locked, found.expires_on) == (True, 1)


@pytest.mark.parametrize("after", After)
def test_a_crash_at_any_line_of_the_journal_is_finished_and_told_once(at, after):
    class Crash(BaseException):
        pass

    def crash_at(number):
        journal, lines = at.device.applier.journal, itertools.count()
        append = journal._append

        def appending(entry):
            append(entry)
            if next(lines) == number:
                raise Crash

        journal._append = appending

    for number in itertools.count():
        at.device.do("bind")
        at.device.backend.set_passcode("ada", "correct horse 7")
        at.device.applier.told({notice["id"] for notice in at.device.applier.ledger.notices})
        crash_at(number)
        try:
            at.device.applier.unbind("ada", after)
            break
        except Crash:
            at.start()
            at.device.applier.repair()
        assert [notice["after"] for notice in at.device.applier.ledger.notices] == [after]
        found = at.device.backend.find("ada")
        assert (found is None) == (after is After.REMOVE)
        assert at.device.applier.journal.open_order() is None
        if after is After.KEEP:  # nobody's now, so the next round begins with a fresh device
            at.device.backend.remove_account("ada", 20000)
    assert number > 5


def test_the_page_of_the_commands_has_each_verb_and_option_of_the_command():
    page = (Path(__file__).parents[2] / "docs/reference/agent.md").read_text()
    [verbs] = [action for action in _parser()._actions if action.choices and action.dest == "verb"]
    for verb, parser in verbs.choices.items():
        [heading] = re.findall(rf"^## `({verb}[^`]*)`$", page, re.MULTILINE)
        options = {option for action in parser._actions for option in action.option_strings} - {"-h", "--help", "--root"}
        assert {word.split("[")[-1].rstrip("]") for word in heading.split() if "--" in word} == options, verb
    assert len(re.findall("^## `", page, re.MULTILINE)) == len(verbs.choices)
