"""REST routes for devices: JumpCloud's /api/systems and sign-in settings; enrolment keys and bindings in the same style."""

from collections.abc import Sequence

from fastapi import Response
from fastapi.responses import JSONResponse

from homeport.directory.devices.actions import DeviceActions
from homeport.directory.devices.model import After, Device, DevicePolicy, NamedBinding, Target, TargetKind
from homeport.directory.devices.schemas.devices import (
    KEY_FIELDS,
    SYSTEM_FIELDS,
    BindingBody,
    BindingList,
    EnrollmentKeyBody,
    EnrollmentKeyCreated,
    EnrollmentKeyList,
    EnrollmentKeyPost,
    EnrollmentSettings,
    PathId,
    SignInSetting,
    SignInSettings,
    SignInSettingsPut,
    System,
    SystemList,
    SystemPut,
)
from homeport.directory.devices.schemas.policies import changed
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import ApiActor
from homeport.foundation.http.etag import IfMatch, etag
from homeport.foundation.http.listing import ListParameters
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import NotFound


class DevicesApi:
    """The REST edge of devices."""

    def __init__(self, work: Work[DeviceActions]) -> None:
        self.work = work

    def router(self) -> Router:
        """Return the routes."""
        router = Router()
        systems = Router(prefix="/api/systems", tags=["Devices"])
        systems.get("", response_model=SystemList, summary="List devices")(self.list)
        systems.get("/{id}", summary="Get a device")(self.get)
        systems.put("/{id}", summary="Change a device")(self.update)
        systems.delete("/{id}", summary="Delete a device and its bindings")(self.delete)
        of_one = Router(prefix="/api/v2/systems/{id}", tags=["Devices"])
        of_one.post("/approve", summary="Approve a device that waits")(self.approve)
        of_one.get("/bindings", summary="List the bindings of a device")(self.bindings)
        of_one.delete("/bindings/{binding_id}", summary="Remove a binding")(self.remove_binding)
        reset = of_one.post("/bindings/{binding_id}/reset-passcode", summary="Reset a local passcode")
        reset(self.reset_passcode)
        keys = Router(prefix="/api/v2/enrollment-keys", tags=["Enrolment keys"])
        keys.get("", response_model=EnrollmentKeyList, summary="List enrolment keys")(self.keys)
        keys.post("", status_code=201, summary="Create an enrolment key")(self.create_key)
        keys.delete("/{id}", summary="Revoke an enrolment key")(self.revoke_key)
        settings = Router(prefix="/api/v2/devices/settings", tags=["Device settings"])
        settings.get("/signinwithjumpcloud", summary="Get the settings of account provisioning")(self.sign_in_settings)
        settings.put("/signinwithjumpcloud", status_code=204, summary="Set account provisioning")(self.set_sign_in_settings)
        settings.get("/enrollment", summary="Get the settings of enrolment")(self.enrollment_settings)
        settings.put("/enrollment", status_code=204, summary="Set enrolment")(self.set_enrollment_settings)
        for part in (systems, of_one, keys, settings):
            router.routes.extend(part.routes)
        return router

    def list(self, actor: ApiActor, query: ListParameters) -> Response:
        """Return a window of the devices that match, and how many match in all."""
        with self.work.read() as actions:
            page = actions.devices.list(actor, query.listing(SYSTEM_FIELDS))
            found = [body.model_dump(by_alias=True) for body in _bodies(page.items, actions, actor)]
        wanted = query.chosen_fields
        results = [{key: value for key, value in body.items() if not wanted or key in wanted or key == "_id"} for body in found]
        return JSONResponse({"totalCount": page.total, "results": results}, headers={"x-total-count": str(page.total)})

    def get(self, actor: ApiActor, id: PathId, response: Response) -> System:  # noqa: A002 - the published name
        """Return a device, with an ETag."""
        with self.work.read() as actions:
            return _answer(actions.devices.get(actor, id), actions, actor, response)

    def update(
        self,
        actor: ApiActor,
        id: PathId,  # noqa: A002 - the published name
        body: SystemPut,
        response: Response,
        version: IfMatch,
    ) -> System:
        """Change a device; an empty name shows its host name again. With If-Match, only if nobody changed it meanwhile."""
        with self.work.write() as actions:
            device = actions.devices.get(actor, id)
            name = device.display_name if body.display_name is None else body.display_name
            device = actions.devices.rename(actor, id, name, version=version)
            if body.limited_to_assigned is not None:
                device = actions.access.limit_device(actor, id, limited=body.limited_to_assigned)
            if body.ssh is not None or body.sudo is not None:
                target = Target(TargetKind.DEVICE, id)
                actions.policies.set(actor, target, changed(actions.policies.get(actor, target), body.ssh, body.sudo))
                device = actions.devices.get(actor, id)
            return _answer(device, actions, actor, response)

    def delete(self, actor: ApiActor, id: PathId, version: IfMatch, after: After = After.KEEP) -> System:  # noqa: A002 - the published name
        """Delete a device and return what it was; `after` says what becomes of the local accounts on it.

        With If-Match, only if nobody changed it meanwhile.
        """
        with self.work.write() as actions:
            (was,) = _bodies([actions.devices.get(actor, id)], actions, actor)
            actions.devices.delete(actor, id, after, version=version)
            return was

    def approve(self, actor: ApiActor, id: PathId) -> System:  # noqa: A002 - the name of the other routes
        """Let a device that waits be used."""
        with self.work.write() as actions:
            return _bodies([actions.devices.approve(actor, id)], actions, actor)[0]

    def bindings(self, actor: ApiActor, id: PathId) -> BindingList:  # noqa: A002 - the name of the other routes
        """Return all bindings of a device, the newest first, removed ones too."""
        with self.work.read() as actions:
            actions.devices.get(actor, id)
            found = [BindingBody.of(named) for named in actions.bindings.of_device(actor, id)]
        return BindingList(total_count=len(found), bindings=found)

    def remove_binding(self, actor: ApiActor, id: PathId, binding_id: PathId, after: After = After.LOCK) -> BindingBody:  # noqa: A002 - the name of the other routes
        """End a binding and return it; `after` says what becomes of the local account."""
        with self.work.write() as actions:
            _bound_to(actions, actor, id, binding_id)
            actions.bindings.remove(actor, binding_id, after)
            return BindingBody.of(_bound_to(actions, actor, id, binding_id))

    def reset_passcode(self, actor: ApiActor, id: PathId, binding_id: PathId) -> BindingBody:  # noqa: A002 - the name of the other routes
        """Have the device forget a local passcode; the person signs in with the provider and chooses another."""
        with self.work.write() as actions:
            _bound_to(actions, actor, id, binding_id)
            actions.passcodes.reset(actor, binding_id)
            return BindingBody.of(_bound_to(actions, actor, id, binding_id))

    def keys(self, actor: ApiActor, query: ListParameters) -> Response:
        """Return a window of the enrolment keys that match, also those that no longer work."""
        with self.work.read() as actions:
            page = actions.keys.list(actor, query.listing(KEY_FIELDS))
            now = actions.keys.clock.now()
        found = [EnrollmentKeyBody.of(key, now).model_dump(by_alias=True) for key in page.items]
        return JSONResponse({"totalCount": page.total, "enrollmentKeys": found}, headers={"x-total-count": str(page.total)})

    def create_key(self, actor: ApiActor, body: EnrollmentKeyPost) -> EnrollmentKeyCreated:
        """Make an enrolment key and return it with its text, which is shown only now."""
        with self.work.write() as actions:
            key, text = actions.keys.create(actor, body.name, body.max_uses, body.expires_at, body.device_group_id)
            return EnrollmentKeyCreated.with_text(key, text, actions.keys.clock.now())

    def revoke_key(self, actor: ApiActor, id: PathId) -> EnrollmentKeyBody:  # noqa: A002 - the name of the other routes
        """Make an enrolment key unusable and return it; devices that it enrolled stay."""
        with self.work.write() as actions:
            return EnrollmentKeyBody.of(actions.keys.revoke(actor, id), actions.keys.clock.now())

    def sign_in_settings(self, actor: ApiActor, response: Response) -> SignInSettings:
        """Return the setting of every kind of operating system, with an ETag of all together."""
        with self.work.read() as actions:
            response.headers["ETag"] = etag(actions.provisioning.version(actor))
            found = [
                SignInSetting.of(setting, actions.provisioning.rules(actor, setting.os_family))
                for setting in actions.provisioning.list(actor)
            ]
        return SignInSettings(settings=found)

    def set_sign_in_settings(self, actor: ApiActor, body: SignInSettingsPut, version: IfMatch) -> None:
        """Store the settings given, all or none; with If-Match, only if nobody else changed one meanwhile.

        Enabled for MACOS or WINDOWS is unverified: the agent's commands for them were tested against imitations, never on hardware.
        `ssh`, `sudo` and `existingAccount` can be set for LINUX only.
        """
        with self.work.write() as actions:
            actions.provisioning.expect(actor, version)
            for change in body.settings:  # the rules first: they hold users, and those are held before devices
                if change.groups is not None:
                    actions.provisioning.set_rules(actor, change.family, [group.rule for group in change.groups])
            for change in body.settings:
                actions.provisioning.set(actor, change.over(actions.provisioning.get(actor, change.family)))

    def enrollment_settings(self, actor: ApiActor, response: Response) -> EnrollmentSettings:
        """Tell whether new devices wait for approval, and which group they join, with an ETag."""
        with self.work.read() as actions:
            response.headers["ETag"] = etag(actions.keys.version(actor))
            return EnrollmentSettings(
                new_devices_wait_for_approval=actions.keys.approval_wanted(actor),
                default_device_group_id=actions.keys.default_group_id(actor),
            )

    def set_enrollment_settings(self, actor: ApiActor, body: EnrollmentSettings, version: IfMatch) -> None:
        """Decide whether devices that enrol from now on wait for approval, and which group they join.

        With If-Match, only if nobody changed it meanwhile.
        """
        with self.work.write() as actions:
            actions.keys.expect(actor, version, body.default_device_group_id)
            actions.keys.set_approval_wanted(actor, wanted=body.new_devices_wait_for_approval)
            if "default_device_group_id" in body.model_fields_set:
                actions.groups.set_default(actor, body.default_device_group_id)


def _answer(device: Device, actions: DeviceActions, actor: Actor, response: Response) -> System:
    response.headers["ETag"] = etag(device.version)
    return _bodies([device], actions, actor)[0]


def _bodies(devices: Sequence[Device], actions: DeviceActions, actor: Actor) -> list[System]:
    now, own, effective = (
        actions.devices.clock.now(),
        actions.policies.own(actor, devices),
        actions.policies.effective(actor, devices),
    )
    return [System.of(device, now, own.get(device.id, DevicePolicy()), effective.get(device.id)) for device in devices]


def _bound_to(actions: DeviceActions, actor: Actor, device_id: str, binding_id: str) -> NamedBinding:
    for named in actions.bindings.of_device(actor, device_id):
        if named.binding.id == binding_id:
            return named
    raise NotFound("There is no such binding on this device.")
