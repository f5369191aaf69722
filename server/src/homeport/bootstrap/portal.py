"""The user portal put together: its way in, its pages, its menu, and what administrators see of it on a user's page."""

from collections.abc import Sequence

from fastapi import FastAPI

from homeport.bootstrap.home import Home
from homeport.bootstrap.units import Unit
from homeport.channels.portal.actions import Own
from homeport.channels.portal.pages import DetailPages, HomePages, MyDevicePages
from homeport.channels.portal.pages.begun import BegunActions, BegunPages
from homeport.foundation.http.actor import OWN_GUARDS
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.ui.navigation import Navigation, Shell
from homeport.foundation.ui.panels import Panels
from homeport.foundation.ui.templates import Templates
from homeport.trust.signin.passkeys.pages import PasskeyPages
from homeport.trust.signin.password.api import SessionsApi
from homeport.trust.signin.password.pages import DoorActions, OwnActions, OwnPages, SessionAuthenticator
from homeport.trust.signin.person.api import PasswordsApi
from homeport.trust.signin.person.model import PersonAttempt, Refused
from homeport.trust.signin.person.pages import (
    USERS,
    PasswordPanels,
    PersonActions,
    PersonAuthenticator,
    PersonPages,
    SecurityActions,
    SecurityPages,
    user_door,
)
from homeport.trust.signin.person.pages.rules import PasswordRulePages
from homeport.trust.signin.person.pages.signin import FACTOR, OPEN_WITHOUT_FACTOR

NAVIGATION = Navigation()
for _label, _path in (
    ("Home", "/user"),
    ("My Devices", "/user/devices"),
    ("My Sign-ins", "/user/sign-ins"),
    ("Security", "/user/security"),
    ("My Details", "/user/details"),
):
    NAVIGATION.register("HOME", _label, _path)


def shell_of(actor: Actor, organization: str) -> Shell:
    """Return what the layout shows around a page of the user portal."""
    return Shell(
        organization=organization,
        name=actor.name,
        navigation=NAVIGATION,
        portal="User portal",
        home="/user",
        sign_out=USERS.sign_out,
        layout="ui/portal.html",
    )


def routers(home: Home, app: FastAPI, templates: Templates, panels: Panels) -> Sequence[Router]:
    """Return the portal's routes; say how its sessions are read, and add its section to a user's page."""
    parts = home.parts
    sessions = SessionAuthenticator(
        home.work_of(lambda unit: unit.user_sessions), parts.clock, USERS.cookies.session, FACTOR, OPEN_WITHOUT_FACTOR
    )
    authenticate = PersonAuthenticator(sessions, home.work_of(lambda unit: unit.passwords))
    app.state.authenticate_user = authenticate
    managed = PasswordPanels(home.work_of(_security), templates, parts.settings.public_url)
    panels.register("user", managed.panel)
    own = home.work_of(_own)
    door = user_door(home.work_of(_door), parts.hasher, templates, authenticate)
    return (
        managed.router(),
        PasswordRulePages(home.work_of(lambda unit: unit.password_ruling), templates).router(),
        PasswordsApi(home.work_of(_security), parts.settings.public_url).router(),
        SessionsApi(home.work_of(lambda unit: unit.user_sessions), "/api/systemusers", "a user", "Users").router(),
        door.router(),
        PersonPages(home.work_of(_person), parts.hasher, templates, door).router(),
        PasskeyPages(
            home.work_of(lambda unit: unit.user_passkeys), templates, OWN_GUARDS[0], "/user/security", "Security"
        ).router(),
        SecurityPages(home.work_of(_security), parts.hasher, templates).router(),
        OwnPages(
            home.work_of(lambda unit: OwnActions(unit.user_factors, unit.user_sessions)),
            templates,
            USERS.guard,
            "/user/security",
            "Security",
            USERS.sign_in,
            USERS.sign_out,
            home="/user/security",
            demanded="Signing in from here needs a second factor, and you have none yet.",
        ).router(),
        BegunPages(home.work_of(lambda unit: BegunActions(unit.device_browsers, unit.limits)), templates).router(),
        HomePages(own, templates).router(),
        MyDevicePages(own, templates).router(),
        DetailPages(own, templates).router(),
    )


def _person(unit: Unit) -> PersonActions:
    return PersonActions(unit.person_sign_in, unit.passwords, unit.forgotten)


def _security(unit: Unit) -> SecurityActions:
    return SecurityActions(
        unit.passwords, unit.user_factors, unit.user_sessions, unit.session_users, unit.forgotten, unit.user_passkeys
    )


def _door(unit: Unit) -> DoorActions[PersonAttempt, Refused]:
    return DoorActions(unit.person_sign_in, unit.user_passkeys, unit.limits)


def _own(unit: Unit) -> Own:
    return unit.own
