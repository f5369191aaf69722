"""The command line, one file per idea.

Here: `running` (serve, demo), `data` (migrate, backup, restore), `check`, `admin`, `sealing_key` and `audit`, for which `local` opens the data;
`remote/` asks a running server over its REST API, and `configuration/` keeps what it holds in a file; `completion`; `plainly` says errors in a sentence. A command's own file imports click
and little else, so that `--help` stays fast; what is heavy is imported when the command runs. Elsewhere: what the commands do
(bootstrap, serve, backup, demo, the slices' actions).
"""

import click

from homeport import __version__
from homeport.cli import audit, check, completion, data, running, sealing_key
from homeport.cli.configuration import commands as configuration
from homeport.cli.remote import (
    access_policies,
    administrators,
    api_keys,
    devices,
    enrollment_keys,
    event_destinations,
    groups,
    login,
    mail,
    providers,
    provisioning,
    roles,
    service_accounts,
    sign_ins,
    users,
)
from homeport.foundation.database.revision import head


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="homeport", message=f"homeport {__version__}, schema {head()}")
def main() -> None:
    """Homeport connects your identity provider to your devices.

    Settings come from environment variables; docs/reference/settings.md lists them.
    """


for command in (
    running.serve,
    running.demo,
    check.check,
    data.migrate,
    data.backup,
    data.restore,
    administrators.admin,
    api_keys.api_key,
    roles.role,
    service_accounts.service_account,
    sealing_key.sealing_key,
    audit.audit,
    login.login,
    login.logout,
    users.user,
    groups.user_group,
    devices.device,
    groups.device_group,
    providers.idp,
    enrollment_keys.enrollment_key,
    access_policies.access_policy,
    access_policies.ip_list,
    event_destinations.event_destination,
    mail.mail,
    sign_ins.sign_in,
    provisioning.provisioning,
    provisioning.enrollment,
    configuration.export_,
    configuration.plan_,
    configuration.apply_,
    completion.completion,
):
    main.add_command(command)
