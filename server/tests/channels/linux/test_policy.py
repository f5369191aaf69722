"""The policy that a device obeys: signed, placed by epoch and version, renewed for every device when the setting changes."""

import base64
import json

from homeport.directory.devices.model import SshPolicy, SudoPolicy


def claims_of(jws):
    body = jws.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def policy_of(device, client):
    answer = device.call(client, "GET", "/agent/v1/policy", device.agent_token(client))
    assert answer.status_code == 200, answer.text
    assert answer.json()["order_key"].count(".") == 2
    return claims_of(answer.json()["policy"])


def version_of(ready, device):
    return ready.sql(f"SELECT desired_state_version FROM devices WHERE id = '{device.id}'")[0][0]


def test_a_device_hears_the_setting_of_its_system_with_a_place_that_rises_when_it_changes(ready, device, client):
    first = policy_of(device, client)
    assert (first["aud"], first["ssh"], first["sudo"]) == (device.id, "key", "passcode")
    ready.provision(ssh=SshPolicy.BROWSER, sudo=SudoPolicy.NEVER)
    second = policy_of(device, client)
    assert (second["ssh"], second["sudo"]) == ("browser", "never")
    assert (second["epoch"], second["version"]) > (first["epoch"], first["version"])
    ready.provision()


def test_a_change_that_is_no_matter_of_the_policy_wakes_no_device(ready, device):
    before = version_of(ready, device)
    ready.provision(lease_days=30)
    assert version_of(ready, device) == before
    ready.provision()


def test_nobody_but_a_device_hears_it(client):
    assert client.get("/agent/v1/policy").status_code == 401
