"""“Configure Okta as an Identity Provider”, sentence by sentence: lay the document beside this file and follow both down.

Each function is a section of the document, and each quoted comment one of its sentences, with the document's own number. Where the document says
JumpCloud, read Homeport. Okta's own pages are not simulated: what is done on them is done through the simulator's control interface.
"""

import re

from playwright.sync_api import expect
from tests.journeys.approval import Person
from tests.journeys.installation import EMAIL
from tests.journeys.looks import pictured
from tests.journeys.machine import Machine
from tests.journeys.portal import Portal
from tests.journeys.user_portal import UserPortal

ADA = "ada.lovelace@acme.example"
PASSCODE = "lamp-otter-42-quiet"
STEPS = (
    # “1. Log in to your Okta account.”
    ("Sign in to Okta",),
    # “2. In the left navigation menu, click Applications > Applications”
    ("left navigation menu", "Applications > Applications"),
    # “3. Click Create App Integration, then in the next modal, for Sign-in method, select OIDC - OpenID Connect”
    ("Create App Integration", "Sign-in method", "OIDC - OpenID Connect"),
    # “4. For Application type, select Web Application > Next”
    ("Application type", "Web Application", "Next"),
    # “5. On the next page, for App integration name, enter a name associated with JumpCloud.”
    ("App integration name",),
    # “6. For Grant type > Client acting on behalf of itself, select Client Credentials”
    ("Grant type", "Client Credentials", "In the document, not needed"),
    # “7. Under Sign-in redirect URIs, there is a link populated by default that needs to be replaced with this link:”
    ("Sign-in redirect URIs", "Replace the address that stands there with this one", "/oauth/callback/"),
    # “8. For Sign-out redirect URIs, click the 'X' next to the link to clear it.”
    ("Sign-out redirect URIs", "Click the X"),
    # “9. Under Assignments, select Allow everyone in your organization to access, unless you only want this applicable to certain groups,
    #  in which case select Limit access to selected groups and then enter the groups you want and click Save”
    ("Assignments", "Allow everyone in your organization to access", "Limit access to selected groups"),
    # “10. If you Allow everyone in your org to access, another option will appear under Enable immediate access (Recommended). Select
    #  Enable immediate access with Federation Broker Mode to require users to authenticate through JumpCloud.”
    ("Enable immediate access with Federation Broker Mode", "no longer limits who gets in"),
    # “11. Click Save”
    ("Save",),
    # “12. On the next page, you can manage your app.”
    ("On that page", "Client ID", "CLIENT SECRETS"),
    # “13. Next to General Settings, click Edit. Then under USER CONSENT, uncheck Require consent.”
    ("General Settings", "Edit", "USER CONSENT", "Require consent"),
    # “14. Click Save”
    ("Save",),
    # “15. Now, click the tab at the top Okta API scopes, scroll down to find the scope named … Click Grant to give consent to this scope.”
    ("Okta API Scopes", "okta.users.read.self", "In the document, not needed"),
)
"""What the guide beside the form must show at each step of “Preparing your IdP to Configure with JumpCloud”."""


def test_configure_okta_as_an_identity_provider(empty_installation, new_context, new_machine):
    context = new_context()
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=empty_installation.server)
    portal = Portal(context.new_page(), empty_installation)
    needs_and_notes(portal)
    redirect_uri = preparing(portal)
    configuring(portal, redirect_uri)
    managing(portal, redirect_uri)
    access_to_the_user_portal(portal, new_context)
    machine = new_machine("lab-3")
    machine.enroll(portal.installation.server, portal.make_enrollment_key("Room 3"))
    person = Person(new_context().new_page(), portal.installation)
    a_person_on_a_device(portal, person, machine)
    deleting(portal, person, machine)


def needs_and_notes(portal: Portal) -> None:
    """What the document says before its first section. What it says of all users is confirmed in `configuring`."""
    # “You need to have Admin with Billing permissions to configure an IdP.”
    portal.accept_link(portal.installation.link())
    portal.open("Administrators")
    expect(portal.row(EMAIL)).to_contain_text("Administrator with Billing")
    portal.add_user("ada", ADA, "Ada", "Lovelace")


def preparing(portal: Portal) -> str:
    """“Preparing your IdP to Configure with JumpCloud”: the 15 steps stand beside the form; return the link of the seventh."""
    page = portal.page
    portal.begin_okta()
    steps = page.get_by_role("complementary").locator(".guide-step")
    expect(steps).to_have_count(15)
    for number, shown in enumerate(STEPS):
        for words in shown:
            expect(steps.nth(number)).to_contain_text(words)
    pictured(page, "1-preparing")
    # “7. … needs to be replaced with this link:”, ready to copy before anything is saved
    copy = steps.nth(6).get_by_role("button", name="Copy Sign-in redirect URI")
    copy.click()
    expect(copy).to_contain_text("Copied")
    redirect_uri = page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(rf"{portal.installation.server}/oauth/callback/[\w-]+", redirect_uri)
    portal.installation.okta.register_redirect_uri(redirect_uri)
    return redirect_uri


def configuring(portal: Portal, redirect_uri: str) -> None:
    """“Configuring Okta as an IdP in JumpCloud”."""
    page, okta = portal.page, portal.installation.okta
    # “1. Log in to your JumpCloud Admin Portal.”
    page.context.clear_cookies()
    portal.sign_in()
    # “2. Click DIRECTORY INTEGRATIONS > Identity Providers.”
    expect(page.get_by_role("heading", name="DIRECTORY INTEGRATIONS")).to_be_visible()
    portal.open("Identity Providers")
    # “3. Click the Add Identity Provider dropdown menu, and select Okta.”
    page.get_by_text("Add Identity Provider").click()
    pictured(page, "2-add-identity-provider")
    page.get_by_role("button", name="Okta").click()
    portal.confirm_if_asked()
    portal.heading("Add Okta")
    # The draft of before is still there, so what was entered in Okta holds.
    expect(page.get_by_role("complementary").locator("code").first).to_have_text(redirect_uri)
    # “4. Enter an Identity Provider Name* as a display name (i.e. Okta IdP).”
    for label in ("Identity Provider Name", "Okta IdP URL", "Client ID", "Client Secret"):
        expect(page.get_by_text(re.compile(rf"^\s*{label}\s*\*\s*$"))).to_be_visible()
    portal.field("Identity Provider Name").fill("Okta IdP")
    # “5. Next, you'll need to copy/paste the following information from your Okta account”: “Okta IdP URL*”, “Client ID*”, “Client Secret*”
    portal.field("Okta IdP URL").fill(okta.issuer)
    portal.field("Client ID").fill(okta.client_id)
    portal.field("Client Secret").fill(okta.client_secret)
    # “Note: ".well-known/openid-configuration" will be appended to the end of your Okta tenant URL”
    portal.shows(".well-known/openid-configuration is added to it by itself")
    expect(portal.field("E-mail domains")).to_have_value("acme.example")
    pictured(page, "3-configuration")
    # “6. Click Save.”
    portal.press("Save")
    # “You'll be prompted to verify that you want to enable Federated Device Authentication for your users' login.”
    portal.heading("Enable Federated Device Authentication with Okta IdP")
    for found in ("issuer", "endpoints", "signing algorithms", "PKCE", "clock", "client credentials"):
        portal.shows(re.compile(found, re.IGNORECASE))
    # “Federated device management will be applied to all users at once.”
    portal.shows("1 user will sign in with Okta IdP to get an account on a device, all at once")
    # “You have to have either Self Service Account Provisioning, or Automated Device Enrollment enabled”
    portal.shows("Federation takes effect where a way of device account provisioning is enabled")
    carry_on = page.get_by_role("button", name="Yes, Continue")
    expect(carry_on).to_be_disabled()
    # “Select I understand the impacts above, then click Yes, Continue.”
    portal.field("I understand the impacts above").check()
    expect(carry_on).to_be_enabled()
    pictured(page, "4-i-understand-the-impacts-above")
    carry_on.click()
    portal.heading("Okta IdP")


def managing(portal: Portal, redirect_uri: str) -> None:
    """“Managing the IdP”."""
    page, okta = portal.page, portal.installation.okta
    # “1. From your JumpCloud Admin Portal, click DIRECTORY INTEGRATIONS > Identity Providers.”
    portal.open("Identity Providers")
    portal.follow("Okta IdP")
    # “2. You can update the name, …, Client ID, and Client Secret.”
    other = okta.control("POST", "/apps", {"label": "Homeport again", "redirect_uris": [redirect_uri], "assigned_users": [ADA]})
    portal.field("Identity Provider Name").fill("Okta")
    portal.field("Client ID").fill(other["client_id"])
    portal.field("Client Secret").fill(other["client_secret"])
    portal.press("Save")
    portal.shows("Identity Provider Name: Okta IdP → Okta")
    portal.shows(f"Client ID: {okta.client_id} → {other['client_id']}")
    expect(page.get_by_role("main")).not_to_contain_text(other["client_secret"])
    portal.heading("Okta")
    # “2. You can update …, Okta IdP URL”: to another authorization server of the same Okta, which is asked for again
    url = f"{okta.issuer}/oauth2/default"
    portal.field("Okta IdP URL").fill(url)
    portal.field("Client Secret").fill(other["client_secret"])
    portal.press("Save")
    portal.heading("Change Okta")
    portal.shows(f"The issuer changes from {okta.issuer} to {url}")
    portal.field("I understand the impacts above").check()
    portal.press("Yes, Continue")
    portal.heading("Okta")
    # “3. Under Authentication, you'll see that Federation is applied to your users, allowing them to authenticate with an IdP.”
    expect(portal.card("Authentication")).to_contain_text("Federation is applied to your users")
    expect(portal.card("Authentication")).to_contain_text(url)
    # “4. Under Device Account Provisioning, you can configure either Self Service Account Provisioning or Automated Device Enrollment for
    #  whichever OS you're provisioning. The Status displays either Enabled or Disabled accordingly, click Configure to edit.”
    way = portal.card("Device Account Provisioning").get_by_role("row")
    self_service = way.filter(has_text="Self Service Account Provisioning")
    expect(portal.card("Device Account Provisioning")).to_contain_text("No way is enabled")
    for system, switch in (("Linux", "Enabled"), ("macOS", "Enabled (unverified)"), ("Windows", "Enabled (unverified)")):
        expect(self_service.filter(has_text=system)).to_contain_text("Disabled")
        self_service.filter(has_text=system).get_by_role("link", name="Configure").click()
        portal.field(switch).check()
        portal.press("Save")
        portal.shows("Provisioning: Disabled → Enabled")
        portal.open("Identity Providers")
        portal.follow("Okta")
        expect(self_service.filter(has_text=system)).to_contain_text("Enabled")
    for system in ("macOS", "Windows"):  # their commands never ran on such a machine, and the page says so beside the status
        expect(self_service.filter(has_text=system)).to_contain_text("Unverified")
    expect(way.filter(has_text="Automated Device Enrollment")).to_contain_text("Under MDM (Apple)")
    pictured(page, "5-managing-the-idp")


def access_to_the_user_portal(portal: Portal, new_context) -> None:
    """The document's last note before its first section, which holds once an IdP is configured."""
    # “User Portal access will be available with a JumpCloud password.”
    ada = UserPortal(new_context().new_page(), portal.installation)
    ada.page.goto(ada.link_from(portal, "ada"))
    ada.chooses_a_password()
    ada.page.context.clear_cookies()
    ada.sign_in("ada")
    pictured(ada.page, "6-user-portal")
    ada.page.context.clear_cookies()
    # “If User Portal access is not desired, ensure that this is denied by policy, see Get Started: Conditional Access Policies.”
    expect(portal.page.get_by_role("heading", name="SECURITY MANAGEMENT")).to_be_visible()
    portal.open("Conditional Access Policies")
    portal.page.get_by_text("Add Policy").click()
    portal.page.locator(".menu-items").get_by_role("link", name=re.compile("^Deny the user portal")).click()
    portal.confirm_if_asked()
    portal.heading("Deny the user portal")
    pictured(portal.page, "7-deny-the-user-portal")
    portal.press("Yes, Deny")
    expect(portal.page).to_have_url(re.compile(r"/access-policies/[0-9a-f-]{36}$"))
    ada.asks_to_sign_in("ada")
    expect(ada.page.get_by_role("heading", level=1)).to_have_text("You were not signed in")
    expect(ada.page.get_by_role("main")).to_contain_text("Your organization does not use this portal")
    pictured(ada.page, "8-denied-by-policy")


def a_person_on_a_device(portal: Portal, person: Person, machine: Machine) -> None:
    """What all of it is for: “allow users to securely authenticate using their IdP credentials to gain access to their managed resources”."""
    # “Creating an IdP in JumpCloud will result in all users in the organization authenticating to supported resources … with this IdP”
    prompt = machine.sign_in()
    person.page.goto(prompt.hears("code")["verification_uri_complete"])
    person.continues()
    person.signs_in_at_okta(ADA)
    prompt.hears("number_wanted")
    number = person.reads_the_number()
    pictured(person.page, "9-a-person-on-a-device")
    prompt.types(number)
    for _ in range(2):
        prompt.hears("passcode_wanted")
        prompt.types(PASSCODE)
    assert prompt.hears("bound")["username"] == "ada"
    assert machine.root.passcode_opens("ada", PASSCODE)
    portal.open_device(machine.name)
    expect(portal.card("Accounts").get_by_role("row").filter(has_text="ada")).to_contain_text("Present")


def deleting(portal: Portal, person: Person, machine: Machine) -> None:
    """“Deleting the IdP”."""
    # “1. From your JumpCloud Admin Portal, click DIRECTORY INTEGRATIONS > Identity Providers.”
    portal.open("Identity Providers")
    portal.follow("Okta")
    # “2. At the bottom of the IdP Configuration page, under Delete Identity Provider, click Delete IdP”
    expect(portal.page.get_by_role("main").get_by_role("heading", level=2).last).to_have_text("Delete Identity Provider")
    portal.card("Delete Identity Provider").get_by_role("link", name="Delete IdP", exact=True).click()
    # “3. You'll be prompted to confirm your deletion, then click Yes, Delete.”
    portal.heading("Delete Okta")
    portal.shows("1 user linked to Okta can no longer sign in with it")
    pictured(portal.page, "10-delete-idp")
    portal.press("Yes, Delete")
    portal.confirm_if_asked()
    portal.shows("No identity provider yet")
    # The account on the device stays; nobody new gets one.
    assert machine.root.passcode_opens("ada", PASSCODE)
    person.page.goto(machine.sign_in().hears("code")["verification_uri_complete"])
    expect(person.page.get_by_role("main")).to_contain_text("has not connected an identity provider")
    expect(person.page.get_by_role("button", name="Continue with Okta")).to_have_count(0)
