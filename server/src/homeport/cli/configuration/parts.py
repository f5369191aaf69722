"""Which part of the server each section is, in the order of `form.SECTIONS`."""

from homeport.cli.configuration import form
from homeport.cli.configuration.policies import AccessDefaults, Policies
from homeport.cli.configuration.sections import Collection, EnrollmentSettings, MailSettings, Part, ProvisioningSettings
from homeport.cli.remote import kinds

_GROUP_FIELDS = ("limited_to_assigned", "ssh", "sudo")
PARTS: tuple[Part, ...] = (
    Collection(form.USERS, kinds.USER, "username"),
    Collection(form.USER_GROUPS, kinds.USER_GROUP, "name", "user"),
    Collection(form.DEVICE_GROUPS, kinds.DEVICE_GROUP, "name", "system", later=_GROUP_FIELDS),
    Collection(form.DEVICES, kinds.DEVICE, "_id"),
    EnrollmentSettings(form.ENROLLMENT),
    Collection(form.IDENTITY_PROVIDERS, kinds.PROVIDER, "name"),
    ProvisioningSettings(form.PROVISIONING),
    Collection(form.ROLES, kinds.ROLE, "name", counts=lambda row: bool(row.get("isCustom"))),
    Collection(form.SERVICE_ACCOUNTS, kinds.SERVICE_ACCOUNT, "name", later=("suspended",)),
    Collection(form.IP_LISTS, kinds.IP_LIST, "name"),
    AccessDefaults(form.ACCESS_DEFAULTS),
    Policies(form.ACCESS_POLICIES),
    Collection(form.EVENT_DESTINATIONS, kinds.EVENT_DESTINATION, "name", later=("enabled",)),
    MailSettings(form.MAIL_SERVER),
)
