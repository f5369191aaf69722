"""Holds back a suspended person's crontab and at jobs, and gives them back unchanged."""

from collections.abc import Iterator
from pathlib import Path

from homeport_agent.accounts.backend import Found
from homeport_agent.root import Root

# cron skips names that begin with a dot; atd skips names that do not begin like a job.
_CRON_HELD = ".homeport-held."
_AT_HELD = "homeport-held-"


def _crontabs(root: Root) -> Path:
    return root.inside("/var/spool/cron/crontabs")


def _at_jobs(root: Root, uid: int) -> Iterator[Path]:
    folder = root.inside("/var/spool/cron/atjobs")
    if folder.is_dir():
        for path in folder.iterdir():
            if path.lstat().st_uid == uid and path.is_file() and not path.name.startswith("."):
                yield path


def hold_jobs(root: Root, account: Found) -> None:
    """Rename the jobs so that no daemon finds them."""
    crontab = _crontabs(root) / account.username
    if crontab.is_file():
        crontab.rename(crontab.with_name(_CRON_HELD + account.username))
    for job in list(_at_jobs(root, account.uid)):
        if not job.name.startswith(_AT_HELD):
            job.rename(job.with_name(_AT_HELD + job.name))


def release_jobs(root: Root, account: Found) -> None:
    """Rename the jobs back; a crontab written since then wins."""
    held = _crontabs(root) / (_CRON_HELD + account.username)
    if held.is_file():
        crontab = held.with_name(account.username)
        if crontab.exists():
            held.unlink()
        else:
            held.rename(crontab)
    for job in list(_at_jobs(root, account.uid)):
        if job.name.startswith(_AT_HELD):
            job.rename(job.with_name(job.name.removeprefix(_AT_HELD)))
