"""Compares what a file wants with what is there, and says step by step what would have to be done."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from homeport.cli.configuration import form
from homeport.cli.configuration.fields import Secret
from homeport.cli.configuration.form import Section
from homeport.cli.configuration.parts import PARTS
from homeport.cli.configuration.reading import Values, Wanted, dotted
from homeport.cli.configuration.sections import MEMBERS, Part, Thing
from homeport.cli.plainly import Misuse
from homeport.cli.remote.connection import Api

CREATE, CHANGE, DELETE = "create", "change", "delete"
FIXED = {"identity_providers": "type", "access_policies": "portal", "event_destinations": "kind"}
"""The field of a section that never changes once a thing is made."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field: what it is, and what the file wants."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to make, change or delete."""

    action: str
    part: Part
    name: str
    differences: tuple[Difference, ...] = ()
    values: Values = field(default_factory=dict)
    present: Thing | None = None

    @property
    def what(self) -> str:
        """Name the thing."""
        section = self.part.section
        if not section.key:
            return section.word
        return f"{section.word} {self.name}" if section.names is not None else f"{section.word} “{self.name}”"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, in order, and how many things of each kind are not in the file and stay as they are."""

    steps: tuple[Step, ...]
    left_alone: dict[str, int]


def plan(api: Api, wanted: Wanted, *, deleting: bool = False, sending_secrets: bool = False) -> Plan:
    """Compare; raise Misuse for what the file wants and no server can do."""
    makings: list[Step] = []
    deletions: list[Step] = []
    left_alone: dict[str, int] = {}
    problems: list[str] = []
    for part in PARTS:
        section = part.section
        if section.name not in wanted:
            continue
        tables = wanted[section.name]
        present = part.present(api, members=any(MEMBERS in values for values in tables.values()))
        by_name = {section.fold(name): thing for name, thing in present.items()}
        for name, values in tables.items():
            thing = by_name.pop(section.fold(name.strip()), None)
            called = name.strip().lower() if section is form.USERS else name.strip()
            problems += _problems(section, called, values, thing)
            if step := _step(part, called, values, thing, sending_secrets=sending_secrets):
                makings.append(step)
        extra = by_name if section.made else {}
        if deleting:
            deletions += [Step(DELETE, part, thing.name, present=thing) for thing in extra.values()]
        elif extra:
            left_alone[section.word] = len(extra)
    if problems:
        raise Misuse("The file wants what cannot be:\n" + "\n".join(f"  {line}" for line in problems))
    return Plan((*makings, *reversed(deletions)), left_alone)


def _step(part: Part, name: str, values: Values, thing: Thing | None, *, sending_secrets: bool) -> Step | None:
    if thing is None:
        differences = tuple(Difference(one, None, value) for one, value in values.items())
        return Step(CREATE, part, name, differences, values)
    differences = tuple(_differences(part.section, name, values, thing, sending_secrets=sending_secrets))
    if not differences:
        return None
    return Step(
        CHANGE, part, name, differences, {one.field: one.new for one in differences if part.section.field(one.field)}, thing
    )


def _differences(section: Section, name: str, values: Values, thing: Thing, *, sending_secrets: bool) -> Iterator[Difference]:
    if section.names is None and section.key and name != thing.name:
        yield Difference("name", thing.name, name)
    for one in section.fields:
        if one.name not in values:
            continue
        new, old = values[one.name], thing.values.get(one.name)
        if isinstance(one.kind, Secret):
            if sending_secrets or any(_moved(other, values, thing) for other in one.again_with):
                yield Difference(one.name, None, new)
        elif _moved(one.name, values, thing):
            yield Difference(one.name, old, new)


def _problems(section: Section, name: str, values: Values, thing: Thing | None) -> Iterator[str]:
    place = dotted(section.name, name)
    if thing is None and section is form.DEVICES:
        yield f"{place}: there is no such device; name one by its id, which homeport device list shows"
    elif thing is None and not section.made:
        yield f"{place}: the server has no such setting; its version is older or newer than this command's"
    elif thing is None:
        for one in section.fields:
            if one.needed and one.name not in values:
                yield f"{place}.{one.name}: missing, and a new {section.word} needs it"
    else:
        yield from _unchangeable(section, place, values, thing)


def _unchangeable(section: Section, place: str, values: Values, thing: Thing) -> Iterator[str]:
    if section is form.USERS and values.get("state") == "STAGED" != thing.values.get("state"):
        yield f"{place}.state: nobody becomes STAGED again; write ACTIVATED or SUSPENDED"
    fixed = FIXED.get(section.name, "")
    if fixed in values and values[fixed] != thing.values.get(fixed):
        yield f"{place}.{fixed}: the {fixed} of an {section.word} cannot change; delete it and create another"
    elif section is form.IDENTITY_PROVIDERS and _moved("url", values, thing) and "client_secret" not in values:
        yield f"{place}.client_secret: missing, and another url needs it again"


def _moved(name: str, values: Values, thing: Thing) -> bool:
    """Tell whether the file wants another value of a field than there is."""
    if name not in values:
        return False
    wanted = _address(values) if name == "url" else values[name]
    return bool(wanted != thing.values.get(name))


def _address(values: Values) -> str:
    """Return a provider's address as the server keeps it; one that it would refuse stays as it is, and is refused there."""
    from homeport.trust.federation.discovery import locate  # noqa: PLC0415 - half a second that only this section needs
    from homeport.trust.federation.model import ProviderKind  # noqa: PLC0415 - the same

    try:
        return locate(values["url"], ProviderKind(values.get("type", "OIDC"))).url
    except ValueError:
        return str(values["url"])
