from datetime import UTC, datetime, timedelta

import pytest
from tests.support.house import ADMIN
from tests.support.web_view import TOPIC, Macs

from homeport.channels.apple.ade.model import AdeDevice
from homeport.channels.apple.machine_info.aspen_deviceinfo import DeviceAuthorities
from homeport.channels.apple.push.model import PushSetup
from homeport.channels.apple.settings.model import AppleSettings


@pytest.fixture(scope="module")
def macs():
    return Macs()


@pytest.fixture(scope="module")
def house(shared_house, macs):
    shared_house.clock.present = datetime.now(UTC) + timedelta(hours=1)  # later than whatever `openssl` dates its certificates
    shared_house.home.device_authorities = DeviceAuthorities((macs.authority.public_key(),))
    shared_house.connect()
    shared_house.user("ada")
    shared_house.user("bob")
    serials = ["C02AAAA1", "C02AAAA2", "C02AAAA3", "C02AAAA4", "C02AAAA5"]
    shared_house.do(lambda act: act.ade.public_key(ADMIN))
    devices = [*(AdeDevice(serial, device_family="Mac") for serial in serials), AdeDevice("IPAD0001", device_family="iPad")]
    gone = AdeDevice("GONE0001", removed_at=shared_house.clock.now())
    shared_house.do(lambda act: act.ade.store.put([*devices, gone]))
    settings = AppleSettings(welcome_text="Welcome to Acme.\nHave your phone at hand.")
    shared_house.do(lambda act: act.apple_settings.save(ADMIN, settings))
    shared_house.do(lambda act: act.apple_push.store.save(PushSetup(topic=TOPIC)))
    return shared_house
