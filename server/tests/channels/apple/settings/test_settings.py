"""The settings of Macs: who may change them, what is refused, what the audit log keeps."""

from dataclasses import replace

import pytest
from tests.support.house import ADMIN

from homeport.channels.apple.settings.model import MANAGED_ADMIN, AccountPermission, AppleSettings
from homeport.directory.admins.model import READ_ONLY, ROLES
from homeport.foundation.kernel.actor import Actor, ActorKind
from homeport.foundation.kernel.errors import Denied, Invalid, PreconditionFailed

READER = Actor(ActorKind.ADMINISTRATOR, "r", "r", ROLES[READ_ONLY], role=READ_ONLY)


def test_settings_are_kept_with_an_entry_of_the_audit_log_and_bad_ones_change_nothing(each_house):
    house = each_house
    assert house.do(lambda act: act.apple_settings.get(ADMIN)) == AppleSettings()
    wanted = AppleSettings(welcome_text="Welcome to Acme", department="IT", skip_panes=("Siri",), release_minutes=20)
    saved = house.do(lambda act: act.apple_settings.save(ADMIN, wanted, version=0))
    assert saved.version == 1
    assert house.do(lambda act: act.apple_settings.get(READER)) == saved
    entry = house.sql("SELECT count(*) FROM audit_entries WHERE event_type = 'apple_settings_update'")
    assert entry == [(1,)]
    with pytest.raises(PreconditionFailed):
        house.do(lambda act: act.apple_settings.save(ADMIN, wanted, version=0))
    with pytest.raises(Denied):
        house.do(lambda act: act.apple_settings.save(READER, wanted))
    bad = replace(
        saved,
        managed_admin=False,
        release_minutes=600,
        skip_panes=("Nonsense",),
        department="\x07",
        support_email="nobody",
        device_group_id="gone",
        admin_group_id="gone",
    )
    with pytest.raises(Invalid) as error:
        house.do(lambda act: act.apple_settings.save(ADMIN, bad))
    assert set(error.value.fields) == {
        "managed_admin",
        "release_minutes",
        "skip_panes",
        "department",
        "support_email",
        "device_group_id",
        "admin_group_id",
    }
    assert house.do(lambda act: act.apple_settings.get(ADMIN)) == saved


def test_a_standard_account_has_an_administrator_beside_it_and_a_group_may_make_one_of_its_members():
    settings = AppleSettings(admin_group_id="admins")
    assert settings.managed_admin_name == MANAGED_ADMIN
    assert settings.makes_admin(frozenset({"admins"}))
    assert not settings.makes_admin(frozenset({"staff"}))
    assert AppleSettings(permission=AccountPermission.ADMIN).makes_admin(frozenset())
