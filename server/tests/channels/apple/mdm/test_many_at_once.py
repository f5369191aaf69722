"""Twenty Macs that enrol in one moment, and then poll: nothing is lost. `make bench ONLY=macs` does it with a thousand."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from cryptography.hazmat.primitives.asymmetric import rsa
from tests.support.mac_crowd import crowd

MACS = 20


def test_twenty_macs_that_enrol_in_one_moment_and_then_poll_lose_nothing(shared_house):
    house = shared_house
    user, key = house.user("ada"), rsa.generate_private_key(65537, 2048)
    macs = house.do(lambda act: crowd(act, user, key, range(MACS)))
    client, together = house.client, Barrier(MACS)

    def send(path, headers, body):
        answer = client.put(path, headers=headers, content=body)
        return answer.status_code, answer.content

    def live(mac):
        together.wait(60)
        mac.enrol(send)
        mac.poll(send)

    with ThreadPoolExecutor(MACS) as threads:
        list(threads.map(live, macs))
    assert {mac.serial: mac.lost for mac in macs if mac.lost} == {}
    stored = [
        house.do(lambda act, mac=mac: act.mac_management.macs.get(act.mac_management.macs.by_serial(mac.serial))) for mac in macs
    ]
    assert {(mac.state.value, mac.release.phase.value, mac.awaiting) for mac in stored} == {("enrolled", "released", False)}
    assert house.sql("SELECT count(*) FROM apple_commands WHERE state NOT IN ('acknowledged')") == [(0,)]
    assert house.sql("SELECT count(DISTINCT device_id) FROM apple_macs") == [(MACS,)]
