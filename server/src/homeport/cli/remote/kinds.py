"""The kinds of things that the REST API knows: where each is, what it is called by and which fields are shown, for verbs and export."""

from homeport.cli.remote.kind import Column, Kind, columns

USER_DETAILS = {
    "displayname": "Display name",
    "jobTitle": "Job title",
    "department": "Department",
    "company": "Company",
    "location": "Location",
    "costCenter": "Cost centre",
    "employeeIdentifier": "Employee identifier",
    "employeeType": "Employee type",
    "description": "Description",
}
USER = Kind(
    word="user",
    path="/api/systemusers",
    rows="results",
    id="_id",
    names=("username", "email"),
    columns=(
        Column("username", "User name"),
        Column("email", "E-mail address"),
        Column("firstname", "First name"),
        Column("lastname", "Last name"),
        *(Column(field, title, listed=False) for field, title in USER_DETAILS.items()),
        Column("unix_uid", "uid", listed=False),
        Column("state", "State"),
        Column("created", "Created", listed=False),
        Column("_id", "Id"),
    ),
)
DEVICE = Kind(
    word="device",
    path="/api/systems",
    rows="results",
    id="_id",
    names=("displayName", "hostname", "serialNumber"),
    columns=columns(
        "Name: displayName, Host name: hostname, Operating system: os, (Version: version), "
        "(Architecture: arch), (Serial number: serialNumber), (Agent's version: agentVersion), "
        "Enrolment: enrollmentStatus, In contact: active, Last contact: lastContact, (Address: remoteIP), "
        "(Left to assigned people: limitedToAssigned), (Over ssh: effectiveSsh.value), "
        "(Said by: effectiveSsh.from), (With sudo: effectiveSudo.value), (Said by: effectiveSudo.from), "
        "(Enrolled: created), Id: _id"
    ),
)
PROVIDER = Kind(
    word="identity provider",
    path="/api/v2/identity-providers",
    rows="identityProviders",
    names=("name",),
    paged=False,
    columns=columns(
        "Name: name, Type: type, Address: oidc.url, (Issuer: oidc.issuer), Client ID: oidc.clientId, "
        "(Redirect URI: oidc.redirectUri), E-mail domains: emailDomains, (Created: created), "
        "(Changed: updated), Id: id"
    ),
)
ENROLLMENT_KEY = Kind(
    word="enrolment key",
    path="/api/v2/enrollment-keys",
    rows="enrollmentKeys",
    names=("name",),
    by_id=False,
    columns=columns(
        "Name: name, State: state, Used: uses, At most: maxUses, (Left: usesLeft), Made by: createdBy, "
        "(Made: created), Expires: expiresAt, (Revoked: revokedAt), Id: id"
    ),
)
GROUP_COLUMNS = columns("Name: name, Description: description, Id: id")
USER_GROUP = Kind(word="user group", path="/api/v2/usergroups", names=("name",), columns=GROUP_COLUMNS)
DEVICE_GROUP = Kind(
    word="device group",
    path="/api/v2/systemgroups",
    names=("name",),
    columns=(
        *GROUP_COLUMNS[:-1],
        Column("limitedToAssigned", "Left to assigned people"),
        Column("ssh", "Over ssh", listed=False),
        Column("sudo", "With sudo", listed=False),
        GROUP_COLUMNS[-1],
    ),
)
ACCESS_POLICY = Kind(
    word="access policy",
    plural_word="access policies",
    path="/api/v2/authn/policies",
    names=("name",),
    columns=columns(
        "Name: name, Portal: type, Action: effect.action, Second factor: effect.obligations.mfa.required, "
        "Disabled: disabled, Monitor only: monitorOnly, (Description: description), "
        "(For: targets.users.inclusions), (Conditions: conditions), "
        "(Message: effect.custom_error_message.message), Id: id"
    ),
)
IP_LIST = Kind(
    word="IP list",
    path="/api/v2/iplists",
    names=("name",),
    columns=columns("Name: name, Description: description, Addresses: ips, Id: id"),
)
ADMINISTRATOR = Kind(
    word="administrator",
    path="/api/users",
    rows="results",
    id="_id",
    names=("email",),
    columns=columns(
        "E-mail address: email, First name: firstname, Last name: lastname, Role: roleName, "
        "Suspended: suspended, Second factor: totpEnrolled, API keys: apiKeyAllowed, "
        "(Suspended since: suspendedAt), (Created: created), Id: _id"
    ),
)
INVITATION = Kind(
    word="invitation",
    path="/api/v2/administrator-invitations",
    rows="invitations",
    names=("email",),
    paged=False,
    by_id=False,
    columns=columns("E-mail address: email, Role: roleName, Invited by: createdBy, (Made: created), Expires: expiresAt, Id: id"),
)
API_KEY = Kind(
    word="API key",
    path="/api/v2/api-keys",
    rows="apiKeys",
    names=("name",),
    columns=columns(
        "Name: name, (Begins with: apiKeyPrefix), Status: status, Works from: networks, (Made: createdAt), "
        "Expires: expiresAt, Last used: lastUsedAt, (Last refused: lastRefusedAt), (Made with: madeWith), "
        "Id: id"
    ),
)
SIGN_IN = Kind(
    word="sign-in",
    path="/api/v2/sign-ins",
    rows="signIns",
    names=("id",),
    columns=columns(
        "Started: started, Purpose: purpose, Outcome: state, Reason: reason, E-mail address: email, "
        "From: address, (User: userId), (Device: systemId), (Identity provider: identityProviderId), "
        "(Issuer: issuer), (Subject: subject), (Browser: userAgent), (Ended: ended), Id: id"
    ),
)
SESSION = Kind(
    word="session",
    path="",
    rows="sessions",
    names=("id",),
    paged=False,
    columns=columns(
        "Last used: lastSeen, From: remoteIP, Browser: userAgent, Began: created, Ends at the latest: expiresAt, Id: id"
    ),
)
PASSKEY = Kind(
    word="passkey",
    path="",
    rows="passkeys",
    names=("name",),
    paged=False,
    by_id=False,
    columns=columns("Name: name, Made: created, Last used: lastUsed, Id: id"),
)
ROLE = Kind(
    word="role",
    path="/api/roles",
    rows="results",
    names=("name",),
    paged=False,
    columns=columns("Name: name, What it is for: description, Custom: isCustom, (Permissions: scopes), Id: id"),
)
SERVICE_ACCOUNT = Kind(
    word="service account",
    path="/api/v2/service-accounts",
    rows="serviceAccounts",
    names=("name",),
    columns=columns(
        "Name: name, Role: roleName, Suspended: suspended, Description: description, (Suspended since: suspendedAt), "
        "(Created: createdAt), (Changed: updatedAt), Id: id"
    ),
)
ACCOUNT_KEY = Kind(
    word="key",
    path="",
    rows="apiKeys",
    names=("name",),
    paged=False,
    by_id=False,
    columns=columns(
        "Name: name, (Begins with: apiKeyPrefix), Status: status, Works from: networks, Made by: createdBy, (Made: createdAt), "
        "Expires: expiresAt, Last used: lastUsedAt, (Last refused: lastRefusedAt), Id: id"
    ),
)
EVENT_DESTINATION = Kind(
    word="event destination",
    path="/api/v2/event-destinations",
    rows="destinations",
    names=("name",),
    paged=False,
    columns=columns(
        "Name: name, Kind: kind, Address: origin, Status: status, Waiting: waiting, Sent: sent, (In batches: batched), "
        "(Failures in a row: attempts), (Last taken: lastSuccessAt), (Last failed: lastFailureAt), Last failure: lastFailure, Id: id"
    ),
)
MAIL_SERVER = "/api/v2/mail-server"
MAIL_SERVER_COLUMNS = columns(
    "Host: host, Port: port, Protection: tls, User name: username, Password set: passwordSetAt, Sender: sender, (Changed: updatedAt)"
)
MAIL = Kind(
    word="mail",
    path="/api/v2/mails",
    rows="mails",
    names=("subject",),
    columns=columns(
        "When: createdAt, To: recipient, Subject: subject, State: state, Answer: answer, (Tries: tries), (Ended: endedAt), Id: id"
    ),
)
TEST_OUTCOME = columns("Taken: taken, Failure: failure")
PROVISIONING_SETTING = Kind(
    word="provisioning setting",
    path="/api/v2/devices/settings/signinwithjumpcloud",
    rows="settings",
    id="osFamily",
    names=("osFamily",),
    paged=False,
    columns=columns(
        "System: osFamily, Enabled: enabled, Verified: verified, Permission: defaultPermission, "
        "Several people: severalUsers, Days without contact: leaseDays, Over ssh: ssh, With sudo: sudo, "
        "Existing account: existingAccount"
    ),
)
PROVISIONING_RULE = Kind(
    word="rule",
    path="",
    id="userGroupId",
    names=("name",),
    columns=columns("User group: name, Permission: permission, Days without contact: leaseDays"),
)
ENROLLMENT = "/api/v2/devices/settings/enrollment"
ENROLLMENT_COLUMNS = columns(
    "New devices wait for approval: newDevicesWaitForApproval, Group that they join: defaultDeviceGroupId"
)
SIGN_IN_STEP = Kind(
    word="step",
    path="",
    names=("name",),
    columns=columns("When: at, Step: name, Outcome: outcome, Details: details"),
)
REFUSAL = Kind(
    word="reason",
    path="/api/v2/sign-ins/refusals",
    rows="refusals",
    id="reason",
    names=("reason",),
    paged=False,
    columns=columns("Reason: reason, In 24 hours: last24Hours, In 7 days: last7Days"),
)
ASSIGNMENT = Kind(
    word="assignment",
    path="",
    names=("name",),
    columns=columns("What: type, Name: name, Id: id"),
)
POLICY_DEFAULTS = "/api/v2/authn/defaults"
POLICY_DEFAULT = columns("Portal: type, When no policy applies: action")
SIMULATION = columns("Outcome: explanation, With the monitored policies: wouldBe, Country: country")
PROVIDER_HEALTH = columns(
    "Status: status, Metadata fetched: metadata.lastSuccess, (Metadata failed: metadata.failure), "
    "Keys fetched: keys.lastSuccess, (Keys failed: keys.failure), Keys: keyIds, "
    "Seconds its clock is ahead: clockDifference"
)
CLIENT_SECRET = Kind(
    word="client secret",
    path="",
    rows="clientSecrets",
    id="slot",
    names=("slot",),
    paged=False,
    columns=columns("Secret: slot, Set: set, By: setBy, Last taken: lastAccepted, Last refused: lastRefused"),
)
BINDING = Kind(
    word="account",
    path="",
    rows="bindings",
    names=("username",),
    paged=False,
    columns=columns(
        "User: userName, Local account: username, uid: uid, Permission: permission, Wanted: desired, Reported: observed, "
        "Reason: reason, Works offline until: leaseNotAfter"
    ),
)
