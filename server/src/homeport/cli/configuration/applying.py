"""Carries out a plan step by step, stops at the first that fails, and says what was done and what was not."""

from collections.abc import Callable
from pathlib import Path

from homeport.cli.configuration.fields import Secret
from homeport.cli.configuration.planning import CHANGE, CREATE, DELETE, Plan, Step
from homeport.cli.configuration.sections import MEMBERS, secret_of
from homeport.cli.plainly import Failure, Refusal, restated
from homeport.cli.remote.connection import Api

DONE = {CREATE: "created", CHANGE: "changed", DELETE: "deleted"}


def check_secrets(plan: Plan, folder: Path) -> None:
    """Raise Misuse when a secret that the plan needs cannot be found, before anything is done."""
    for step in plan.steps:
        for one in step.part.section.fields:
            if isinstance(one.kind, Secret) and one.name in step.values:
                secret_of(step.values[one.name], folder)


def apply(api: Api, plan: Plan, folder: Path, say: Callable[[str], None]) -> None:
    """Do every step in order; raise the failure of the first that cannot be done, with what is done and what is not."""
    for number, step in enumerate(plan.steps):
        try:
            _carry_out(api, step, folder)
        except Failure as failure:
            said = (
                f"{step.what} was not {DONE[step.action]}. {failure.message}\n"
                f"Done: {number} of {len(plan.steps)} steps. Mend it, then run the command again: what is done is not done twice."
            )
            raise restated(failure, f"{said[0].upper()}{said[1:]}") from None
        say(f"{step.what[0].upper()}{step.what[1:]}: {DONE[step.action]}.")


def _carry_out(api: Api, step: Step, folder: Path) -> None:
    if step.present is None:
        step.part.create(api, step.name, step.values, folder=folder)
        return
    members = MEMBERS in step.values
    now = step.part.again(api, step.present, members=members)
    before = {name: value for name, value in step.present.values.items() if members or name != MEMBERS}
    if now.values != before or now.name != step.present.name:
        raise Refusal("Somebody else changed it since it was looked at, so it was left as it is.")
    if step.action == DELETE:
        step.part.delete(api, now)
    else:
        step.part.update(api, now, step.values, name=step.name, folder=folder)
