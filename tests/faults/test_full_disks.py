"""A full disk at the server, and at a device: a sentence, nothing half done, and all goes on when there is room."""

import contextlib
import shutil
import subprocess

import httpx2
import pytest
from tests.faults import truth
from tests.faults.estate import estate, until
from tests.faults.person import sign_in

pytestmark = pytest.mark.xdist_group("faults-disks")


@contextlib.contextmanager
def small_disk(folder, size):
    """Mount a file system of so many bytes on the folder."""
    folder.mkdir(exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=False, capture_output=True)
    if mounted.returncode:
        pytest.fail("A full disk needs the right to mount. Run the tests as root, as make test does.")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder):
    """Fill it up, again and again, since what runs there may give back some room meanwhile."""
    for _ in range(100):
        for size in (65_536, 512):
            with (folder / "filler").open("ab", buffering=0) as stream, contextlib.suppress(OSError):
                while True:
                    stream.write(b"x" * size)
        if shutil.disk_usage(folder).free < 4096:
            return
    pytest.fail("The disk cannot be filled.")


def test_full_disk_at_the_server_is_said_plainly_and_harms_nothing(tmp_path):
    with small_disk(tmp_path / "server", 24_000_000) as disk, estate(people=2, folder=disk) as place:
        place.serve()
        [device] = place.add_devices(1)
        device.keep()
        assert sign_in(place, device, "ada").outcome == "bound"
        truth.converges(place, [device])
        # What is free inside the database and its log is used first; then nothing more can be written.
        fill(disk)
        answers = set()
        for _ in range(60):
            answer = httpx2.post(f"{place.url}/agent/v1/enroll", json={}, timeout=60)
            refused = sign_in(place, device, "bea")
            answers.add((answer.status_code, refused.outcome))
            if refused.outcome != "bound":
                break
        print(answers)
        assert refused.outcome not in {"bound", "broken"}, refused
        assert "disk" in refused.said.get("message", refused.detail) or refused.outcome == "given up", refused
        assert place.server.running
        (disk / "filler").unlink()
        truth.converges(place, [device])
        assert sign_in(place, device, "bea").outcome == "bound"
        truth.converges(place, [device])
        file = tmp_path / "small"
        with small_disk(file, 4096):
            done = place.command("backup", file / "backup")
            assert done.returncode == 2
            assert "No space left" in done.stderr
            assert list(file.iterdir()) == []


def test_full_disk_at_a_device_is_said_plainly_and_the_account_comes_when_there_is_room(tmp_path):
    with small_disk(tmp_path / "place", 40_000_000) as disk, estate(people=2, folder=disk) as place:
        place.serve()
        (place.folder / "lab-1").mkdir()
        with small_disk(place.folder / "lab-1", 4_000_000) as root:
            [device] = place.add_devices(1)
            fill(root)
            before = (root / "etc/passwd").read_text()
            refused = sign_in(place, device, "ada")
            assert refused.outcome == "disk_full", refused
            assert "Free some space" in refused.said["message"]
            assert (root / "etc/passwd").read_text() == before
            (root / "filler").unlink()
            truth.converges(place, [device])  # the order waited
            assert "ada" in device.accounts()
            assert sign_in(place, device, "ada").outcome == "bound"
            until(place.settled, "the report")
            device.kill()
