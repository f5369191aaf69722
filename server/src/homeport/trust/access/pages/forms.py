"""The way between a form and a policy."""

import json
from collections.abc import Sequence

from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.ui.forms import FormState
from homeport.trust.access.actions import AccessActions, Wanted
from homeport.trust.access.model import (
    MOST_PARTS,
    Action,
    Condition,
    Every,
    InCountry,
    InList,
    IpList,
    Link,
    Managed,
    Mode,
    Not,
    Policy,
    Portal,
    Some,
    Targets,
    read,
    written,
)
from homeport.trust.access.pages.words import Names

MOST_OFFERED = 50
"""So many IP lists stand in the form to be ticked; further ones are named."""


def form_of(policy: Policy, names: Names) -> FormState:
    """Return the form of a policy as it is."""
    targets, links = policy.targets, (*policy.links, Link("", ""), Link("", ""))
    simple = _simple(policy.conditions)
    return FormState.showing(
        name=policy.name,
        description=policy.description,
        mode=policy.mode.value,
        action=policy.action.value,
        audience="everyone" if targets.everyone else "some",
        groups="\n".join(names.of_groups(targets.groups)) if policy.portal is Portal.USER else targets.groups,
        people="\n".join(names.of_people(targets.people)),
        excluded_groups="\n".join(names.of_groups(targets.excluded_groups))
        if policy.portal is Portal.USER
        else targets.excluded_groups,
        excluded_people="\n".join(names.of_people(targets.excluded_people)),
        message=policy.message,
        link_text=links[0].text,
        link_url=links[0].url,
        second_link_text=links[1].text,
        second_link_url=links[1].url,
        version=policy.version,
        **(simple or {"match": "text", "address": "", "country": "", "device": "", "countries": ""}),
        conditions_text="" if simple is not None else json.dumps(written(policy.conditions), indent=2),
    )


def wanted_from(form: FormState, act: AccessActions, actor: Actor, portal: Portal) -> Wanted:
    """Return what a form asks for; raise Invalid for names that nobody has and conditions that are none."""
    fields: dict[str, str] = {}
    targets = _targets(form, act, actor, portal, fields)
    conditions = _conditions(form, act, actor, fields)
    pairs = ((form.value("link_text"), form.value("link_url")), (form.value("second_link_text"), form.value("second_link_url")))
    for name, kinds in (("mode", Mode), ("action", Action)):
        if form.value(name) not in set(kinds):
            fields[name] = "Choose one."
    if fields:
        raise Invalid("The policy was not saved: " + " ".join(fields.values()), fields)
    return Wanted(
        name=form.value("name"),
        action=Action(form.value("action")),
        mode=Mode(form.value("mode")),
        description=form.value("description"),
        targets=targets,
        conditions=conditions,
        message=form.value("message"),
        links=tuple(Link(text, url) for text, url in pairs if text or url),
    )


def lists_to_choose(act: AccessActions, actor: Actor, form: FormState) -> tuple[Sequence[IpList], int]:
    """Return the IP lists that a form offers, those that it holds first, and how many more there are, to be named by hand."""
    held = form.all("lists")
    wanted = Listing(filters=(Filter("id", "in", ",".join(held)),), sort=("name",), limit=len(held))
    chosen = act.lists.list(actor, wanted).items if held else []
    page = act.lists.list(actor, Listing(sort=("name",), limit=MOST_OFFERED))
    known = {one.id for one in chosen}
    offered = [*chosen, *(one for one in page.items if one.id not in known)]
    return offered, page.total - len(offered)


def _targets(form: FormState, act: AccessActions, actor: Actor, portal: Portal, fields: dict[str, str]) -> Targets:
    def resolved(name: str) -> tuple[str, ...]:
        lines = [line.strip() for line in form.value(name).splitlines() if line.strip()]
        if not lines:
            return ()
        found = act.simulator.named(actor, portal, lines) if name.endswith("people") else _groups(act, actor, lines)
        if missing := [line for line in lines if line.casefold() not in found]:
            what = "user group" if name.endswith("groups") else "user" if portal is Portal.USER else "administrator"
            fields[name] = f"There is no {what} “{missing[0][:60]}”. Write one name on each line, as their page shows it."
        return tuple(dict.fromkeys(found[line.casefold()] for line in lines if line.casefold() in found))

    if portal is Portal.ADMIN:
        groups, excluded_groups = form.all("groups"), form.all("excluded_groups")
    else:
        groups, excluded_groups = resolved("groups"), resolved("excluded_groups")
    people, excluded_people = resolved("people"), resolved("excluded_people")
    if form.value("audience") != "some":
        return Targets(everyone=True, excluded_groups=excluded_groups, excluded_people=excluded_people)
    return Targets(False, groups, people, excluded_groups, excluded_people)


def _groups(act: AccessActions, actor: Actor, names: Sequence[str]) -> dict[str, str]:
    return {key: group.id for group in act.groups.find_by_names(actor, names) for key in (group.name.casefold(), group.id)}


def _conditions(form: FormState, act: AccessActions, actor: Actor, fields: dict[str, str]) -> Condition | None:
    if form.value("match") == "text":
        return _written_out(form, fields)
    parts = [part for part in (_address(form, act, actor, fields), _country(form, fields), _device(form)) if part is not None]
    if len(parts) <= 1:
        return parts[0] if parts else None
    return Some(tuple(parts)) if form.value("match") == "any" else Every(tuple(parts))


def _written_out(form: FormState, fields: dict[str, str]) -> Condition | None:
    try:
        return read(json.loads(form.value("conditions_text") or "{}"))
    except json.JSONDecodeError as error:
        fields["conditions_text"] = f"This is not JSON: {error.msg}, line {error.lineno}."
    except ValueError as error:
        fields["conditions_text"] = str(error)
    except RecursionError:
        fields["conditions_text"] = "The conditions are nested too deep."
    return None


def _address(form: FormState, act: AccessActions, actor: Actor, fields: dict[str, str]) -> Condition | None:
    lists = tuple(dict.fromkeys((*form.all("lists"), *_more_lists(form, act, actor, fields))))
    if "more_lists" in fields:
        return None
    if not form.value("address"):
        return None
    if not lists:
        fields["lists"] = "Choose at least one IP list, or make one under IP Lists first."
    return Not(InList(lists)) if form.value("address") == "not" else InList(lists)


def _more_lists(form: FormState, act: AccessActions, actor: Actor, fields: dict[str, str]) -> Sequence[str]:
    names = [line.strip() for line in form.value("more_lists").splitlines() if line.strip()]
    found = act.lists.find_by_names(actor, names[:MOST_PARTS])
    if missing := [name for name in names if name not in found]:
        fields["more_lists"] = f"There is no IP list “{missing[0][:60]}”. Write one name on each line, as its page shows it."
    return [found[name].id for name in names if name in found]


def _country(form: FormState, fields: dict[str, str]) -> Condition | None:
    if not form.value("country"):
        return None
    codes = tuple(dict.fromkeys(code.upper() for code in form.value("countries").replace(",", " ").split()))
    if not codes or any(len(code) != 2 or not code.isascii() or not code.isalpha() for code in codes):  # noqa: PLR2004 - ISO 3166-1 alpha-2
        fields["countries"] = "Enter country codes of two letters (ISO 3166), such as DE, FR."
    return Not(InCountry(codes)) if form.value("country") == "not" else InCountry(codes)


def _device(form: FormState) -> Condition | None:
    if not form.value("device"):
        return None
    return Not(Managed()) if form.value("device") == "not" else Managed()


def _simple(condition: Condition | None) -> dict[str, str | tuple[str, ...]] | None:
    """Return a tree as the form's own fields, or None for one that the form cannot show."""
    shown: dict[str, str | tuple[str, ...]] = {
        "match": "all",
        "address": "",
        "lists": (),
        "country": "",
        "countries": "",
        "device": "",
    }
    parts: tuple[Condition, ...]
    match condition:
        case None:
            return shown
        case Every(inner) | Some(inner) if len(inner) > 1:
            parts = inner
            shown["match"] = "any" if isinstance(condition, Some) else "all"
        case _:
            parts = (condition,)
    order = []
    for part in parts:
        inside, how = (part.part, "not") if isinstance(part, Not) else (part, "in")
        match inside:
            case InList(lists):
                order.append("address")
                shown["address"], shown["lists"] = how, lists
            case InCountry(countries):
                order.append("country")
                shown["country"], shown["countries"] = how, ", ".join(countries)
            case Managed():
                order.append("device")
                shown["device"] = "not" if how == "not" else "managed"
            case _:
                return None
    known = ["address", "country", "device"]
    return shown if order == [name for name in known if name in order] and len(set(order)) == len(order) else None
