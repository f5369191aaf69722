"""`homeport sealing-key rotate`: every sealed secret is sealed anew, nothing is lost wherever it is interrupted, and no server may be running."""

import contextlib
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from tests.support.factor import set_up

from homeport.bootstrap.home import Home
from homeport.bootstrap.rotation import rotate
from homeport.channels.apple.authority.acme.model import Order
from homeport.channels.apple.authority.acme.order import identifier
from homeport.channels.apple.authority.acme.parts import SEALED_AS
from homeport.channels.linux.help_desk import sealed_as
from homeport.cli import main
from homeport.foundation.database.columns import metadata
from homeport.foundation.kernel.actor import Origin, system
from homeport.foundation.sealing.sealer import Sealer, SealingKeyError, write_ring
from homeport.serve import AlreadyServing, held
from homeport.settings import Settings
from homeport.trust.federation.actions import Typed
from homeport.trust.federation.discovery import Judgement
from homeport.trust.signin.model import Purpose

ADMIN, ORDER = system("test"), "01a20a00-0000-7000-8000-00000000acce"


def ring(home):
    return Sealer.open(home.parts.settings.sealing_key, may_create=False).keys


def everything(home):
    """Every value of every table in one text."""
    with home.parts.database.read() as unit:
        return "\n".join(
            str(value) for table in metadata.sorted_tables for row in unit.connection.execute(select(table)) for value in row
        )


@pytest.fixture
def used(any_house):
    """An installation with something in every sealed column.

    Order keys, a key of the help desk, a client's two secrets and two proposed ones, an open sign-in, an administrator's second factor, the authority's key and an order of Macs.
    """
    provider = any_house.connect()
    typed = Typed(
        name="Okta",
        url=provider.settings.url,
        client_id="homeport",
        email_domains=("acme.example",),
        secret="third",
        second_secret="fourth",
    )
    any_house.do(lambda act: act.identity_providers.propose(ADMIN, provider.id, typed, Judgement((), provider.metadata)))
    any_house.provider_id = provider.id
    any_house.machine = any_house.device()
    any_house.do(lambda act: act.help_desk.introduce(act.devices.find(any_house.machine.id), "CQ" + "A" * 41, (0, 0)))
    any_house.phone = any_house.do(lambda act: second_factor(act, any_house.clock))
    any_house.started = any_house.do(
        lambda act: act.sign_ins.start(Purpose.DEVICE_LOGIN, "a-device", "browser", Origin("192.0.2.7", "Firefox"))
    )
    any_house.do(lambda act: ordered(act, any_house.clock))
    return any_house


def ordered(act, clock):
    """An order of a Mac for a certificate, and with it the key of the authority for Macs."""
    act.apple_authority.key()
    sealed = act.acme.parts.sealer.seal(b"one-use", SEALED_AS)
    act.acme.parts.store.add_order(Order(ORDER, "account", "hash", sealed, "token", clock.now()))


def second_factor(act, clock):
    email = "root@acme.example"
    token = act.administrator_links.issue(ADMIN)
    made = act.administrator_links.accept(token, email=email, firstname="", lastname="", password="five unrelated words today")
    return made.id, set_up(act, made, clock)


class Undone(Exception):  # noqa: N818 - takes back what a look at everything changed
    pass


def still_opens(house):
    """Use everything that is sealed, as a server that starts now would."""
    home = Home(house.settings, house.clock, house.entropy)
    state = parse_qs(urlsplit(house.started.location).query)["state"][0]
    with contextlib.suppress(Undone), home.work.write() as act:
        act.order_keys.prove()
        shared = act.help_desk.store.key(house.machine.id)
        assert len(act.help_desk.sealer.unseal(shared.key_sealed, sealed_as(house.machine.id))) == 32
        provider = act.federation.provider_for_callback(house.provider_id)
        assert act.federation.client(provider).secrets == ("s3cret-of-the-provider",)
        assert act.federation.client(replace(provider, settings=provider.proposal)).secrets == ("third", "fourth")
        returned = act.sign_ins.receive(house.provider_id, [("code", "a-code"), ("state", state)], "browser", Origin())
        assert len(returned.grant.code_verifier) >= 43
        administrator_id, phone = house.phone
        assert act.apple_authority.key().key_size == 3072
        assert identifier(act.acme.parts, act.acme.parts.store.order(ORDER))["value"] == "one-use"
        assert act.factors.prove(administrator_id, phone.code()) == "one-time password"
        raise Undone
    home.parts.database.dispose()
    return True


def test_rotation_seals_every_secret_anew_and_nothing_is_lost(used):
    (before,) = ring(used.home)
    assert everything(used.home).count(f"v1.{before}.") == 10
    assert rotate(used.home, ADMIN) == 10
    (after,) = ring(used.home)
    assert after != before
    text = everything(used.home)
    assert f"v1.{before}." not in text
    assert text.count(f"v1.{after}.") == 10
    assert "sealing_key_rotated" in text
    assert still_opens(used)


def test_rotation_that_was_interrupted_loses_nothing_and_can_be_run_again(used):
    path, before = used.settings.sealing_key, ring(used.home)
    write_ring(path, used.home.parts.sealer.rotated().keys)  # cut off before the transaction
    assert still_opens(used)
    rotate(used.home, ADMIN)
    write_ring(path, {**before, **ring(used.home)})  # cut off after it
    assert still_opens(used)
    used.home.parts.database.dispose()
    home = Home(used.settings, used.clock, used.entropy)
    rotate(home, ADMIN)
    home.parts.database.dispose()
    assert len(ring(used.home)) == 1
    assert not set(ring(used.home)) & set(before)
    assert still_opens(used)


def test_rotation_with_another_databases_key_changes_nothing(used):
    text = everything(used.home)
    write_ring(used.settings.sealing_key, {"foreign": bytes(32)})
    home = Home(used.settings, used.clock, used.entropy)
    with pytest.raises(SealingKeyError):
        rotate(home, ADMIN)
    home.parts.database.dispose()
    assert everything(used.home) == text


def test_rotation_is_refused_while_a_server_of_another_machine_is_connected(postgresql_house):
    before = ring(postgresql_house.home)
    other = Home(postgresql_house.settings, postgresql_house.clock, postgresql_house.entropy)
    with other.parts.database.read(), pytest.raises(SealingKeyError, match="Stop every homeport server"):
        rotate(postgresql_house.home, ADMIN)
    other.parts.database.dispose()
    assert ring(postgresql_house.home) == before


def test_replicas_share_the_data_folder_and_nobody_rotates_meanwhile(tmp_path, monkeypatch):
    monkeypatch.setenv("HOMEPORT_DATA", str(tmp_path))
    with held(tmp_path, shared=True), held(tmp_path, shared=True):
        with pytest.raises(AlreadyServing), held(tmp_path):
            pass
        answer = CliRunner().invoke(main, ["sealing-key", "rotate"])
    assert answer.exit_code == 2
    assert "Another homeport serve already uses" in answer.output


def test_the_command_rotates_and_says_what_to_keep(tmp_path):
    Home(Settings(data=tmp_path)).parts.database.dispose()
    answer = CliRunner().invoke(main, ["sealing-key", "rotate", "--data", str(tmp_path)])
    assert answer.exit_code == 0, answer.output
    assert "2 secrets are sealed with a fresh key now" in answer.output
    assert "backups made before now" in answer.output
