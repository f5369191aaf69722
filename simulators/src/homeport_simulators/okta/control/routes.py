"""The addresses of the control API."""

from starlette.routing import Route

from homeport_simulators.okta.control.applications import Applications
from homeport_simulators.okta.control.bodies import Handler, guarded
from homeport_simulators.okta.control.people import People
from homeport_simulators.okta.control.workings import Workings
from homeport_simulators.okta.org import Org
from homeport_simulators.okta.request_log import CONTROL, RequestLog


def control_routes(org: Org, log: RequestLog) -> list[Route]:
    """Return the routes, each guarded."""
    people, workings = People(org), Workings(org, log)
    apps = Applications(org, people)
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/users", people.list_users),
        ("POST", "/users", people.add_user),
        ("GET", "/users/{key}", people.get_user),
        ("PATCH", "/users/{key}", people.change_user),
        ("DELETE", "/users/{key}", people.delete_user),
        ("GET", "/groups", people.list_groups),
        ("POST", "/groups", people.add_group),
        ("PATCH", "/groups/{key}", people.change_group),
        ("DELETE", "/groups/{key}", people.delete_group),
        ("GET", "/apps", apps.list_apps),
        ("POST", "/apps", apps.add_app),
        ("GET", "/apps/{client_id}", apps.get_app),
        ("PATCH", "/apps/{client_id}", apps.change_app),
        ("DELETE", "/apps/{client_id}", apps.delete_app),
        ("POST", "/apps/{client_id}/secrets", apps.add_secret),
        ("PATCH", "/apps/{client_id}/secrets/{secret_id}", apps.change_secret),
        ("DELETE", "/apps/{client_id}/secrets/{secret_id}", apps.delete_secret),
        ("GET", "/faults", workings.list_faults),
        ("POST", "/faults", workings.add_fault),
        ("DELETE", "/faults", workings.clear_faults),
        ("DELETE", "/faults/{number:int}", workings.delete_fault),
        ("GET", "/keys", workings.list_keys),
        ("POST", "/keys/rotate", workings.rotate_keys),
        ("POST", "/keys/announce", workings.announce_key),
        ("GET", "/requests", workings.list_requests),
        ("DELETE", "/requests", workings.clear_requests),
        ("GET", "/sessions", workings.list_sessions),
        ("DELETE", "/sessions", workings.clear_sessions),
        ("GET", "/settings", workings.get_settings),
        ("PATCH", "/settings", workings.change_settings),
        ("POST", "/reset", workings.reset),
    ]
    return [Route(CONTROL + path, guarded(handler, org.issuer), methods=[method]) for method, path, handler in table]
