"""Taking over an account that the device had before Homeport: with its passcode or not at all."""

import json
import os
import subprocess
import time
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from standin import Signer, person, public_jwk

from homeport_agent.accounts.adoption import Given, Tries, WrongPasscode
from homeport_agent.accounts.hashes import matches
from homeport_agent.accounts.service import make_applier
from homeport_agent.refusals import Refusal
from homeport_agent.root import Root

PASSCODE = "her own since 2019"
DAY = 86_400
ADA = Given("ada", PASSCODE)
ACCOUNT_FILES = ("passwd", "shadow", "group", "gshadow")


def add_ada(root, *, uid=1001, shell="/bin/bash", hashed=None, gid=None, expires="", home="/home/ada"):
    """Add the local account ``ada`` as somebody made it long before Homeport came."""
    gid = uid if gid is None else gid
    if hashed is None:
        made = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=PASSCODE, capture_output=True, text=True, check=True)
        hashed = made.stdout.strip()
    today = int(time.time() // DAY)
    for name, line in {
        "passwd": f"ada:x:{uid}:{gid}:Ada, Room 7,,:{home}:{shell}",
        "shadow": f"ada:{hashed}:{today}:0:99999:7::{expires}:",
        "group": f"ada:x:{uid}:",
        "gshadow": "ada:!::",
    }.items():
        with (root / "etc" / name).open("a") as stream:
            stream.write(f"{line}\n")
    folder = root / "home/ada"
    folder.mkdir()
    (folder / "letter.txt").write_text("mine\n")
    os.chown(folder, uid, gid)
    return root


def all_of(root):
    """Everything of the machine that must stay as it is: the four files and the home, byte for byte."""
    files = {name: (root / "etc" / name).read_bytes() for name in ACCOUNT_FILES}
    home = root / "home/ada"
    found = [home, *sorted(home.rglob("*"))] if home.is_dir() and not home.is_symlink() else []
    return files, [(str(path), path.lstat().st_uid, path.lstat().st_mode, path.lstat().st_mtime_ns) for path in found]


def enroll(root, signer):
    state = root / "var/lib/homeport-accounts"
    state.mkdir(parents=True, mode=0o700)
    (state / "pin.json").write_text(json.dumps({"device_id": "d-1", "order_root": public_jwk(signer.root)}))
    (root / "etc/homeport").mkdir()
    (root / "etc/homeport/agent.json").write_text('{"allowed_groups": ["video"]}')


def ready(root, **how):
    """A device with that account, and who signs its orders."""
    signer = Signer()
    enroll(root, signer)
    add_ada(root, **how)
    applier = make_applier(Root.at(str(root)), time.time)

    def order(kind="bind", *, existing="take_over", **changed):
        account = {"permission": "admin", "groups": ["video"]} | changed.pop("account", {})
        return signer.pair("d-1", kind, account=account | ({"existing": existing} if existing else {}), **changed)

    def do(pair, given=None):
        receipt = applier.apply(pair["order"], pair["order_key"], given)
        return receipt["outcome"], receipt["reason"]

    return SimpleNamespace(root=root, signer=signer, applier=applier, order=order, do=do)


@pytest.fixture
def device(root):
    return ready(root)


def line(device, name, account="ada"):
    for text in (device.root / "etc" / name).read_text().splitlines():
        if text.startswith(f"{account}:"):
            return text.split(":")
    return None


def test_the_right_passcode_takes_the_account_over_with_its_number_home_shell_and_passcode(device):
    before = line(device, "passwd"), line(device, "shadow")[1]
    pair = device.order()
    assert device.do(pair) == ("refused", "account_passcode_wanted")
    assert device.do(pair, ADA) == ("done", None)
    assert (line(device, "passwd"), line(device, "shadow")[1]) == before
    members = {text.split(":")[0] for text in (device.root / "etc/group").read_text().splitlines() if text.endswith(":ada")}
    assert members == {"video", "homeport-users", "homeport-admins"}
    assert (device.root / "home/ada/letter.txt").read_text() == "mine\n"
    (report,) = device.applier.accounts()
    assert report == {
        "user_id": "u-ada",
        "username": "ada",
        "uid": 1001,
        "gid": 1001,
        "home": "/home/ada",
        "adopted": True,
        "state": "active",
        "passcode_set": True,
    }
    leases_end = datetime.fromtimestamp(int(line(device, "shadow")[7]) * DAY, tz=UTC)
    assert 12 < (leases_end - datetime.now(tz=UTC)).days < 15
    assert device.do(pair) == ("done", None)  # the stored receipt
    assert device.do(device.order()) == ("done", None)  # a later sign-in renews; the account is theirs
    assert not device.applier.is_foreign("ada")


@pytest.mark.parametrize("existing", [None, "refuse", "TAKE_OVER", True, {"take_over": 1}])
def test_without_the_signed_leave_the_passcode_changes_nothing(device, existing):
    before = all_of(device.root)
    assert device.do(device.order(existing=existing), ADA) == ("refused", "account_name_taken")
    assert all_of(device.root) == before
    assert not device.applier.ledger.records


def test_only_a_bind_takes_over(device):
    before = all_of(device.root)
    assert device.do(device.order("activate"), ADA) == ("refused", "account_missing")
    assert all_of(device.root) == before


def test_five_wrong_passcodes_end_the_order_and_nothing_was_touched(device):
    before, pair = all_of(device.root), device.order()
    for left in (4, 3, 2, 1):
        with pytest.raises(WrongPasscode) as wrong:
            device.do(pair, Given("ada", f"{PASSCODE} {left}"))
        assert wrong.value.tries_left == left
    assert device.do(pair, Given("ada", "")) == ("refused", "account_passcode_wrong")
    assert device.do(pair, ADA) == ("refused", "account_passcode_wrong")  # over, even for the right one
    assert all_of(device.root) == before
    assert device.applier.accounts() == []


def test_ten_wrong_passcodes_within_an_hour_close_the_account_to_more_sign_ins():
    now = 1_000.0
    tries = Tries(lambda: now)
    for number in range(10):
        tries.require_left("ada")
        tries.wrong(f"o-{number}", "ada")
    with pytest.raises(Refusal) as refused:
        tries.require_left("ada")
    assert refused.value.reason == "too_many_tries"
    tries.require_left("bob")
    now += 3_601
    tries.require_left("ada")


def test_a_passcode_given_for_another_account_counts_for_nothing(device):
    before = all_of(device.root)
    assert device.do(device.order(), Given("bob", PASSCODE)) == ("refused", "account_passcode_wanted")
    assert all_of(device.root) == before


@pytest.mark.parametrize(
    "how",
    [
        {"uid": 999},
        {"uid": 0},
        {"uid": 60_001},
        {"uid": 1001, "gid": 0},
        {"shell": "/usr/sbin/nologin"},
        {"shell": "/bin/false"},
        {"shell": ""},
        {"hashed": ""},
        {"hashed": "*"},
        {"hashed": "!"},
        {"hashed": "!$6$abc$def"},
        {"expires": "1"},
        {"expires": str(int(time.time() // DAY))},
        {"uid": 1000},  # the number of another account
        {"home": "/"},
        {"home": "/home/other"},
    ],
)
def test_system_accounts_closed_ones_and_odd_ones_are_never_taken(root, how):
    device = ready(root, **how)
    before = all_of(root)
    assert device.do(device.order(), ADA) == ("refused", "account_not_adoptable")
    assert all_of(root) == before
    assert not device.applier.ledger.records


def test_login_defs_says_which_numbers_are_peoples(root):
    (root / "etc/login.defs").write_text("# UID_MIN 1\nUID_MIN 2000\nUID_MAX 2999\n")
    device = ready(root, uid=1999)
    assert device.do(device.order(), ADA) == ("refused", "account_not_adoptable")


def test_a_shell_that_etc_shells_does_not_list_opens_nothing(root):
    (root / "etc/shells").write_text("/bin/sh\n/bin/bash\n")
    device = ready(root, shell="/opt/menu")
    assert device.do(device.order(), ADA) == ("refused", "account_not_adoptable")


@pytest.mark.parametrize("name", ["root", "www-data", "sudo", "homeport-agent", "systemd-network"])
def test_a_name_of_the_system_is_refused_before_anything_is_looked_at(device, name):
    pair = device.order(account={"username": name})
    assert device.do(pair, Given(name, PASSCODE)) == ("refused", "account_name_not_allowed")


def test_a_home_that_is_a_link_is_not_followed(root, tmp_path):
    device = ready(root)
    elsewhere = tmp_path / "elsewhere"
    (root / "home/ada").rename(elsewhere)
    (root / "home/ada").symlink_to(elsewhere)
    before = all_of(root), (elsewhere / "letter.txt").read_text()
    assert device.do(device.order(), ADA) == ("refused", "account_not_adoptable")
    assert (all_of(root), (elsewhere / "letter.txt").read_text()) == before


def test_an_account_in_passwd_twice_is_nobodys_to_take(device):
    with (device.root / "etc/passwd").open("a") as stream:
        stream.write("ada:x:1005:1005::/home/ada:/bin/bash\n")
    assert device.do(device.order(), ADA) == ("refused", "account_not_adoptable")


def test_a_number_or_group_of_another_persons_account_here_is_refused(root):
    device = ready(root, uid=20_001)
    bob = person("bob", 20_001)
    with_bob = device.signer.pair("d-1", account=bob)
    assert device.do(with_bob) == ("refused", "uid_taken")  # the number is ada's
    text = (root / "etc/passwd").read_text()
    (root / "etc/passwd").write_text(text.replace("ada:x:20001:20001", "ada:x:1001:20001"))
    (root / "etc/group").write_text((root / "etc/group").read_text().replace("ada:x:20001:", "ada:x:1001:"))
    os.chown(root / "home/ada", 1001, 1001)
    assert device.do(device.signer.pair("d-1", account=bob)) == ("done", None)
    before = all_of(root)
    assert device.do(device.order(), ADA) == ("refused", "gid_taken")
    assert all_of(root) == before


def test_an_account_that_changes_between_the_passcode_and_the_step_is_left_alone(device):
    passwd = device.root / "etc/passwd"
    journal = device.applier.journal
    intend, moved = journal.intend, passwd.read_text().replace("ada:x:1001:1001", "ada:x:1007:1001")

    def meanwhile(order_id, step, **more):
        if step == "adopt":
            passwd.write_text(moved)
        intend(order_id, step, **more)

    journal.intend = meanwhile
    assert device.do(device.order(), ADA) == ("failed", "account_name_taken")
    assert (passwd.read_text(), device.applier.accounts()) == (moved, [])


@pytest.mark.parametrize("after", ["remove", "lock"])
def test_an_adopted_account_is_locked_at_most_and_never_removed(device, after):
    device.do(device.order(), ADA)
    assert device.do(device.order("unbind", after=after)) == ("done", None)
    assert line(device, "passwd") == ["ada", "x", "1001", "1001", "Ada, Room 7,,", "/home/ada", "/bin/bash"]
    assert line(device, "shadow")[1].startswith("!$6$")
    assert line(device, "shadow")[7] == "1"
    assert (device.root / "home/ada/letter.txt").read_text() == "mine\n"
    assert device.do(device.order()) == ("done", None)  # the person comes back: no passcode is asked, theirs opens it again
    assert line(device, "shadow")[1].startswith("$6$")


def test_kept_at_the_end_the_account_is_given_back_as_it_was(root):
    later = str(int(time.time() // DAY) + 5)
    device = ready(root, expires=later)
    (root / "etc/group").write_text((root / "etc/group").read_text().replace("video:x:44:", "video:x:44:ada"))
    before = all_of(root)
    device.do(device.order(), ADA)
    assert line(device, "shadow")[7] == later  # the owner of the device gave it less time than the lease
    device.do(device.order("suspend"))
    assert line(device, "shadow")[7] == "1"
    device.do(device.order("activate"))
    assert device.do(device.order("unbind", after="keep")) == ("done", None)
    after = all_of(root)
    assert (after[0]["passwd"], after[0]["shadow"], after[1]) == (before[0]["passwd"], before[0]["shadow"], before[1])
    assert line(device, "group", "video")[3] == "ada"
    assert (line(device, "group", "homeport-users")[3], line(device, "group", "homeport-admins")[3]) == ("", "")
    assert device.applier.is_foreign("ada")


def test_no_code_of_the_help_desk_opens_the_account_for_longer_than_its_owner_did(root):
    own = int(time.time() // DAY) + 2
    device = ready(root, expires=str(own))
    device.do(device.order(), ADA)
    device.applier.open_until("u-ada", own + 5, "n-1", "123456")
    assert line(device, "shadow")[7] == str(own)


def test_an_adopted_account_that_the_owner_replaced_is_not_ours_any_more(device):
    device.do(device.order(), ADA)
    passwd = device.root / "etc/passwd"
    passwd.write_text(passwd.read_text().replace("ada:x:1001:1001", "ada:x:1008:1008"))
    os.chown(device.root / "home/ada", 1008, 1008)
    assert device.do(device.order("activate")) == ("refused", "account_missing")
    assert device.do(device.order(existing=None)) == ("refused", "account_name_taken")
    assert device.do(device.order()) == ("refused", "account_passcode_wanted")


def test_every_method_of_crypt_is_understood_and_no_lock_is():
    for option in ("-1", "-5", "-6"):
        command = ["openssl", "passwd", option, "-stdin"]
        hashed = subprocess.run(command, input="käse ☕", capture_output=True, text=True, check=True).stdout.strip()
        assert matches("käse ☕", hashed)
        assert not matches("käse", hashed)
        assert not matches("käse ☕\0", hashed)
        assert not matches("k" * 600, hashed)
        assert not matches("käse ☕", f"!{hashed}")
    assert not any(matches("", stored) for stored in ("", "!", "*", "$", "$9$x$y", "*0", "ä"))


def answers(agent, *lines):
    status, events, _ = agent.sign_in(*lines)
    return status, [event["event"] for event in events], events[-1]


def test_the_command_asks_for_the_present_passcode_and_leaves_it_as_it_is(agent, server):
    add_ada(agent.root)
    hashed = agent.line("shadow", "ada")[1]
    assert agent.enroll().returncode == 0
    server.account = person() | {"existing": "take_over"}
    status, events, last = answers(agent, server.number, "not hers", PASSCODE)
    asked = ["account_passcode_wanted", "account_passcode_wrong", "account_passcode_wanted"]
    assert (status, events) == (0, ["code", "number_wanted", *asked, "bound"])
    assert last | {"event": "bound", "username": "ada", "uid": 1001, "home": "/home/ada", "adopted": True} == last
    assert agent.line("shadow", "ada")[1] == hashed
    assert [receipt["outcome"] for receipt in server.receipts] == ["done"]
    assert [(account["uid"], account["gid"], account["adopted"]) for account in server.accounts] == [(1001, 1001, True)]


def test_the_command_gives_up_after_five_and_says_so_in_plain_words(agent, server):
    before = all_of(add_ada(agent.root))
    assert agent.enroll().returncode == 0
    server.account = person() | {"existing": "take_over"}
    ended = agent.run("sign-in", "--root", str(agent.root), given=f"{server.number}\n" + "wrong\n" * 5)
    assert ended.returncode == 1
    assert "4 tries left." in ended.stdout
    assert "Reason: account_passcode_wrong" in ended.stdout
    assert [receipt["reason"] for receipt in server.receipts] == ["account_passcode_wrong"]
    assert all_of(agent.root) == before
