"""Scripts of Windows PowerShell 5.1 for the Windows backend, and how they are run.

Each script is one of a fixed few and goes on the command line whole, encoded as ``-EncodedCommand`` wants it. What differs from call
to call comes on standard input: a line of JSON, and a line with the passcode. So no name is ever read as a script, the command line
holds no secret, and neither do the event log's records of scripts (4104) and of parameters (4103), because a SecureString made
letter by letter is all that a command is given. Both lines are base64, which no code page of a console changes.
"""

import base64
import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

from homeport_agent.accounts.commands import Runner, failed
from homeport_agent.refusals import Reason, Refusal

POWERSHELL = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"
USERS, ADMINISTRATORS = "S-1-5-32-545", "S-1-5-32-544"
"""The machine's own groups, by the ids that are the same in every language (Microsoft, well-known SIDs)."""

PROLOGUE = """\
$ErrorActionPreference = 'Stop'
trap { [Console]::Error.WriteLine($_.FullyQualifiedErrorId); exit 1 }
$p = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String([Console]::In.ReadLine())) | ConvertFrom-Json
$s = [Security.SecureString]::new()
foreach ($c in [Text.Encoding]::Unicode.GetChars([Convert]::FromBase64String([Console]::In.ReadLine()))) { $s.AppendChar($c) }
$when = [DateTimeOffset]::FromUnixTimeSeconds([long]$p.at).UtcDateTime
$result = 'done'
"""
EPILOGUE = """\
[Console]::Out.WriteLine([Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes((ConvertTo-Json -InputObject $result -Depth 5))))
"""


class Script(Enum):
    """What is run between prologue and epilogue: cmdlets of Microsoft.PowerShell.LocalAccounts 1.0, a line each."""

    LIST = """\
$epoch = [DateTime]::new(1970, 1, 1, 0, 0, 0, [DateTimeKind]::Utc)
$users = @(Get-LocalUser | ForEach-Object { @{
  name = $_.Name; sid = $_.SID.Value; full_name = "$($_.FullName)"; description = "$($_.Description)"; enabled = $_.Enabled
  expires = if ($_.AccountExpires) { [long]($_.AccountExpires.ToUniversalTime() - $epoch).TotalSeconds } else { $null }
} })
$groups = @(Get-LocalGroup | ForEach-Object { $group = $_; @{
  name = $_.Name; sid = $_.SID.Value; description = "$($_.Description)"
  members = @(try { Get-LocalGroupMember -SID $group.SID | ForEach-Object { $_.SID.Value } } catch { })
} })
$result = @{ users = $users; groups = $groups }
"""
    ADD_USER = (
        "New-LocalUser -Name $p.name -FullName $p.full_name -Description $p.mark -Password $s -Disabled -AccountNeverExpires"
    )
    FULL_NAME = "Set-LocalUser -Name $p.name -FullName $p.full_name"
    EXPIRES = "Set-LocalUser -Name $p.name -AccountExpires $when"
    NEVER_EXPIRES = "Set-LocalUser -Name $p.name -AccountNeverExpires"
    PASSCODE = "Set-LocalUser -Name $p.name -Password $s -Description $p.mark\nEnable-LocalUser -Name $p.name"
    VOID = "Disable-LocalUser -Name $p.name\nSet-LocalUser -Name $p.name -Password $s -Description $p.mark"
    DISABLE = "Disable-LocalUser -Name $p.name"
    ENABLE = "Enable-LocalUser -Name $p.name"
    REMOVE_USER = "Remove-LocalUser -Name $p.name"
    ADD_GROUP = "New-LocalGroup -Name $p.group -Description $p.mark"
    JOIN = "Add-LocalGroupMember -SID $p.sid -Member $p.name"
    LEAVE = "Remove-LocalGroupMember -SID $p.sid -Member $p.name"
    HOME = """\
$profile_here = Get-CimInstance Win32_UserProfile | Where-Object { $_.LocalPath -eq "$env:SystemDrive$($p.home)" }
$result = @{ there = Test-Path -LiteralPath "$env:SystemDrive$($p.home)"; sid = "$($profile_here.SID)" }
"""
    REMOVE_HOME = """\
Get-CimInstance Win32_UserProfile | Where-Object { $_.LocalPath -eq "$env:SystemDrive$($p.home)" -and $_.SID -eq $p.sid } | Remove-CimInstance
"""
    END_SESSIONS = """\
$owned = @(Get-CimInstance Win32_Process | Where-Object { (Invoke-CimMethod -InputObject $_ -MethodName GetOwnerSid).Sid -eq $p.sid })
foreach ($id in @($owned | ForEach-Object { $_.SessionId } | Where-Object { $_ -gt 0 } | Sort-Object -Unique)) { & logoff.exe $id }
foreach ($one in $owned) { Stop-Process -Id $one.ProcessId -Force -ErrorAction SilentlyContinue }
$result = $owned.Count
"""

    @property
    def text(self) -> str:
        """The whole script."""
        return f"{PROLOGUE}{self.value.rstrip()}\n{EPILOGUE}"


def words_of(script: Script) -> list[str]:
    """Return the command that runs a script; the same at every call."""
    encoded = base64.b64encode(script.text.encode("utf-16-le")).decode()
    return [POWERSHELL, "-NoLogo", "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded]


def run_script(run: Runner, script: Script, values: Mapping[str, str | int], passcode: str = "") -> Any:
    """Run a script with values and a passcode on standard input, and return what it said as JSON."""
    lines = (json.dumps({"at": 0, **values}).encode(), passcode.encode("utf-16-le"))
    ended = run(words_of(script), "".join(base64.b64encode(line).decode() + "\n" for line in lines))
    if ended.code:
        if ended.err.strip().startswith(b"InvalidPassword"):
            raise Refusal(
                Reason.PASSCODE_REFUSED,
                "Windows does not take this passcode by its own rules. Choose a longer one with other signs.",
            )
        raise failed("powershell", ended)
    try:
        return json.loads(base64.b64decode(ended.out, validate=False))
    except ValueError as error:
        raise Refusal(Reason.TOOL_FAILED, "powershell gave an answer that cannot be read.") from error
