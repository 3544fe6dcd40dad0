"""What can only be said when all files are read: names that must be listed, and names that must not be listed twice."""

from __future__ import annotations

from dataclasses import replace

from reconciler.config.sections import Sections
from reconciler.core.objects import Desired
from reconciler.core.values import Reference, References
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KIND_BY_NAME

# What LiveKit's ids of trunks start with: a rule may name a trunk that no file lists by its id.
TRUNK_ID = "ST_"


def check_identities(sections: Sections) -> None:
    """Former names that are listed, or given twice; ids that are pinned twice."""
    for kind, objects in sections.sip.items():
        section = f"sip.{KIND_BY_NAME[kind].section}"
        pinned: dict[str, Desired] = {}
        former: dict[str, Desired] = {}
        for one in objects.values():
            path = f"{section}.{one.name}"
            if one.renamed_from is not None:
                _check_former(sections, one, path, objects, former)
            if one.id is not None and (first := pinned.setdefault(one.id, one)) is not one:
                mark = first.origin.mark("id")
                message = f'"{first.name}" has the id {one.id} already, at {mark}'
                fix = "an id pins one object"
                sections.problems.error(
                    "id-twice", f"{path}.id", message, fix, one.origin.mark("id")
                )


def _check_former(
    sections: Sections,
    one: Desired,
    path: str,
    objects: dict[str, Desired],
    former: dict[str, Desired],
) -> None:
    name = one.renamed_from or ""
    mark = one.origin.mark("renamed_from")
    first = former.setdefault(name, one)
    if name in objects:
        message = f'"{name}" is listed as well, at {objects[name].origin.mark()}'
        fix = "remove renamed_from: the rename is done, or never happened"
        sections.problems.error("renamed-from-listed", f"{path}.renamed_from", message, fix, mark)
    elif first is not one:
        message = f'"{first.name}" is renamed from "{name}" already, at {first.origin.mark("renamed_from")}'
        fix = "an object has one new name"
        sections.problems.error("renamed-from-twice", f"{path}.renamed_from", message, fix, mark)


def resolve_trunks(sections: Sections) -> None:
    """Rules name trunks: a name must be listed where trunks are, unless it is an id.

    A trunk that is named by its id and listed under a name is known by the name from here on.
    """
    trunks = sections.sip.get(INBOUND_TRUNK.name)
    rules = sections.sip.get(DISPATCH_RULE.name)
    if trunks is None or not rules:
        return
    by_id = {trunk.id: name for name, trunk in trunks.items() if trunk.id is not None}
    for rule in rules.values():
        references = rule.fields.get("trunks")
        if not isinstance(references, References):
            continue
        entries = references.entries
        if all(entry.name in trunks for entry in entries):
            continue
        named = []
        for index, entry in enumerate(entries):
            if entry.name not in trunks and entry.name in by_id:
                entry = Reference(by_id[entry.name])
            elif entry.name not in trunks and not entry.name.startswith(TRUNK_ID):
                _unknown_trunk(sections, rule, index, entry.name, trunks)
            named.append(entry)
        rules[rule.name] = replace(rule, fields={**rule.fields, "trunks": References(tuple(named))})


def _unknown_trunk(
    sections: Sections, rule: Desired, index: int, name: str, trunks: dict[str, Desired]
) -> None:
    if sections.is_partial or (INBOUND_TRUNK.name, name) in sections.unread:
        return
    where = f"trunks[{index}]"
    path = f"sip.{DISPATCH_RULE.section}.{rule.name}.{where}"
    message = f'sip.{INBOUND_TRUNK.section} has no "{name}"'
    fix = sections.problems.did_you_mean(name, trunks) or "list it there, or write its id (ST_…)"
    sections.problems.error("unknown-trunk", path, message, fix, rule.origin.mark(where))
