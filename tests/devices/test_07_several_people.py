"""Several people on one device, or the first only; an account that the machine had before, taken over by its passcode or left alone."""

import json

import pytest
from tests.devices.company import Company, Person
from tests.devices.device import Device, device

from homeport.directory.devices.model import ExistingAccount

pytestmark = pytest.mark.xdist_group("devices")
OLD_PASSCODE = "hers-since-2019"


def signs_in(lab: Device, person: Person, *answers: str) -> list[dict]:
    """Sign in by the command; what it said, to its end. The answers are typed where a passcode is wanted."""
    left = list(answers)
    with lab.company.estate.programs.start(*lab.machine.inside("homeport-agent", "sign-in", "--json")) as program:
        said = []
        while not said or said[-1]["event"] not in {"bound", "refused"}:
            said.append(json.loads(program.next_line()))
            match said[-1]["event"]:
                case "code":
                    number = lab.company.signs_in(person, said[-1]["verification_uri_complete"])
                case "number_wanted":
                    program.say(number)
                case "passcode_wanted" | "account_passcode_wanted":
                    program.say(left.pop(0))
        program.wait()
    return said


def everything(lab: Device, *homes: Person) -> tuple:
    """The four files byte for byte, and each home with what is in it."""
    root = lab.machine.root
    files = {name: (root / "etc" / name).read_bytes() for name in ("passwd", "shadow", "group", "gshadow")}
    found = []
    for person in homes:
        folder = root / "home" / person.username
        for path in [folder, *sorted(folder.rglob("*"))] if folder.is_dir() else []:
            status = path.lstat()
            content = path.read_bytes() if path.is_file() else b""
            found.append((str(path.relative_to(root)), status.st_uid, status.st_gid, status.st_mode, status.st_mtime_ns, content))
    return files, found


def test_several_people_share_a_device_and_where_the_first_only_may_the_second_is_refused(acme: Company, lab: Device, ada, bea):
    acme.set_provisioning(several_users=False)
    lab.bind(ada)
    before = everything(lab, ada)
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types(bea.username)
        code = console.reads(r"with code +([A-Z]{4}-[A-Z]{4})")[1]
        assert acme.approves(bea, f"{acme.estate.url}/device?user_code={code}").status == 403
        console.reads("Number shown there: $")
        console.types("")
        console.reads("Reason: device_taken")
    assert everything(lab, ada, bea) == before

    acme.set_provisioning(several_users=True)
    lab.bind(bea)
    with lab.logs_in(ada) as hers, lab.logs_in(bea) as also:
        assert hers.runs("id -un").strip() == ada.username
        assert also.runs("id -un").strip() == bea.username
        assert "Permission denied" in also.runs(f"cat /home/{ada.username}/.profile")
    assert lab.uid(ada) != lab.uid(bea)
    acme.suspend(ada)
    lab.machine.until(lambda: lab.machine.entry("shadow", ada.username)[7] == "1", "the end of one")
    lab.logs_in(bea).close()  # the other never notices


@pytest.fixture
def people(acme: Company) -> dict[str, Person]:
    """Directory people, each with an account that the machine has under their name already, or something in its way."""
    return {role: acme.new_person() for role in ("owner", "guesser", "service", "number", "group")}


@pytest.fixture
def old_machine(acme: Company, people, new_machine):
    """A machine that was in use before Homeport came, with accounts of its own."""
    machine = new_machine()
    for role in ("owner", "guesser"):
        machine.run("useradd", "-m", "-s", "/bin/bash", "-c", "Since 2019", people[role].username)
    machine.run("useradd", "-r", "-m", "-s", "/bin/bash", people["service"].username)
    for role in ("owner", "guesser", "service"):
        machine.run("chpasswd", input=f"{people[role].username}:{OLD_PASSCODE}\n")
        machine.run("tee", f"/home/{people[role].username}/letter.txt", user=people[role].username, input="mine\n")
    with device(acme, machine, *people.values()) as made:
        listed = json.loads(machine.read("/var/lib/homeport-accounts/roster.json"))["people"]
        numbers = {entry["username"]: str(entry["uid"]) for entry in listed}
        # A locked user record holds the number already, so that sshd knows the name; the machine's owner may take it all the same.
        machine.run("useradd", "-o", "-M", "-N", "-u", numbers[people["number"].username], "somebody")
        machine.run("groupadd", "-o", "-g", numbers[people["group"].username], "something")
        yield made


def takes_over_at_the_console(lab: Device, owner: Person) -> None:
    """Type the e-mail address, sign in, give a wrong passcode and then the account's own; in the shell, look around."""
    with lab.machine.console() as console:
        console.reads("login: $")
        console.types(owner.email)
        code = console.reads(r"with code +([A-Z]{4}-[A-Z]{4})")[1]
        console.reads("Number shown there: $")
        console.types(lab.company.signs_in(owner, f"{lab.company.estate.url}/device?user_code={code}"))
        console.asks_secretly(f"Present passcode of {owner.username} on this device: $")
        console.types("not-this-one")
        console.reads("4 tries left")
        console.asks_secretly(f"Present passcode of {owner.username} on this device: $")
        console.types(OLD_PASSCODE)
        console.reads(r"\$ $")
        assert console.runs("id -un; cat letter.txt; id -nG") == f"{owner.username}\nmine\n{owner.username} homeport-users\n"
        assert OLD_PASSCODE not in console.text


def test_accounts_of_the_machine_are_taken_over_by_their_passcode_or_not_touched(acme: Company, old_machine: Device, people):
    lab, machine, everybody = old_machine, old_machine.machine, people.values()
    before = everything(lab, *everybody)
    for role, reason in {"owner": "account_name_taken", "number": "uid_taken", "group": "gid_taken"}.items():
        last = signs_in(lab, people[role])[-1]
        assert (last["event"], last["reason"]) == ("refused", reason), last
        assert everything(lab, *everybody) == before

    acme.set_provisioning(existing=ExistingAccount.TAKE_OVER)
    policy = machine.root / "var/lib/homeport-accounts/policy.json"
    machine.until(lambda: policy.exists() and json.loads(policy.read_text())["take_over"], "the new policy")
    assert signs_in(lab, people["service"])[-1]["reason"] == "account_not_adoptable"
    assert everything(lab, *everybody) == before
    guesser = people["guesser"]
    said = signs_in(lab, guesser, *[f"{OLD_PASSCODE}{number}" for number in range(5)])
    assert [one["tries_left"] for one in said if one["event"] == "account_passcode_wrong"] == [4, 3, 2, 1]
    assert said[-1]["reason"] == "account_passcode_wrong"
    assert acme.asks("GET", f"/api/v2/sign-ins/{said[-1]['sign_in_id']}"), "the administrator finds it by its id"
    assert everything(lab, *everybody) == before
    lab.logs_in(guesser, OLD_PASSCODE).close()  # by its own name, and its own passcode, as ever
    before = everything(lab, *everybody)

    owner = people["owner"]
    line, hashed = machine.entry("passwd", owner.username), machine.entry("shadow", owner.username)[1]
    takes_over_at_the_console(lab, owner)
    assert (machine.entry("passwd", owner.username), machine.entry("shadow", owner.username)[1]) == (line, hashed)
    assert int(machine.entry("shadow", owner.username)[7]) > 20_000, "the lease"
    files = [entry for entry in before[1] if entry[-1]]
    assert set(files) <= set(everything(lab, *everybody)[1]), "what her shell wrote came to it, and nothing else changed"
    machine.until(lambda: acme.answered(owner, "bind"), "the receipt")
    [binding] = [one for one in acme.asks("GET", f"/api/v2/systems/{lab.id}/bindings")["bindings"] if one["userId"] == owner.id]
    assert (binding["adopted"], binding["uid"], binding["observed"]) == (True, int(line[2]), "present")
    lab.logs_in(owner, OLD_PASSCODE).close()
    assert OLD_PASSCODE not in machine.read("/var/log/homeport-agent.log") + machine.read("/var/log/homeport-accounts.log")

    acme.asks("DELETE", f"/api/v2/systems/{lab.id}/bindings/{binding['id']}?after=remove")
    machine.until(lambda: machine.entry("shadow", owner.username)[7] == "1", "the lock")
    assert machine.entry("passwd", owner.username) == line
    assert (machine.root / f"home/{owner.username}/letter.txt").read_text() == "mine\n"
    assert machine.entry("shadow", owner.username)[1] == f"!{hashed}", "deleting an account that the machine had only locks it"
    with machine.console() as console:  # whoever may sign in may come back, with the passcode of old
        console.reads("login: $")
        console.types(owner.username)
        lab.signs_in(console, owner, passcode=None)
    lab.logs_in(owner, OLD_PASSCODE).close()
