"""What a backup wants of the live project of today, as a configuration that the planner takes like any other.

An object of the backup is the live one that has its id, else the one that has its name. Trunks are named by their names
where the backup has them, so that rules follow a trunk that gets a new id. A secret that is not known to have changed
stays as it lives; any other is read from where the backup says, and must be the former one.

Pure but for the lookup of secrets; nothing is planned here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from reconciler.config.model import Configuration, Former, Project
from reconciler.config.secrets import SecretSource
from reconciler.core.finding import NOWHERE, Mark
from reconciler.core.objects import Desired, Live, Snapshot
from reconciler.core.ownership import UnlistedPolicy
from reconciler.core.schema import FieldType
from reconciler.core.values import (
    AgentList,
    Reference,
    References,
    Secret,
    SecretRef,
    Unknown,
    Value,
)
from reconciler.fingerprint import Fingerprints
from reconciler.gateway.backup_file import Backup, FormerObject, FormerSecret
from reconciler.gateway.egress import canonical_egress
from reconciler.planning import matches
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KIND_BY_NAME, KINDS

_AGENTS = "agents"
_TRUNKS = "trunks"


@dataclass(slots=True)
class Wanted:
    """A configuration, what it still lacks, and what there is to say about it.

    `missing` and `wrong` are secrets without a value, and with another one than the backup's, each with its place;
    `unchecked` are those of which nothing tells whether they have the former value.
    `rewrite` are names of trunks whose password is to be written although the server does not tell whether it differs.
    """

    configuration: Configuration
    missing: list[tuple[SecretRef, str, Mark]] = field(default_factory=list)
    wrong: list[tuple[SecretRef, str]] = field(default_factory=list)
    unchecked: list[tuple[SecretRef, str]] = field(default_factory=list)
    rewrite: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def wanted_back(
    backup: Backup,
    live: Snapshot,
    prints: Fingerprints,
    source: SecretSource,
    *,
    keep_secrets: bool,
) -> Wanted:
    """The objects of a backup as desired ones. With `keep_secrets` those of living objects stay, changed or not."""
    return _Restorer(backup, live, prints, source, keep_secrets=keep_secrets).wanted()


class _Restorer:
    def __init__(
        self,
        backup: Backup,
        live: Snapshot,
        prints: Fingerprints,
        source: SecretSource,
        *,
        keep_secrets: bool,
    ) -> None:
        self._backup = backup
        self._live = live
        self._prints = prints
        self._source = source
        self._keeps_secrets = keep_secrets
        # Under another API secret every digest is another one, and tells nothing.
        self._has_digests = backup.key == prints.of_value(None)
        self._living = {one.id for one in live}
        self._trunks: dict[str, list[str]] = {}
        for one in live.of(INBOUND_TRUNK.name):
            self._trunks.setdefault(one.name, []).append(one.id)
        self._wanted = Wanted(Configuration())
        self._names = self._named()

    def wanted(self) -> Wanted:
        backup, result = self._backup, self._wanted
        created = dict(self._created())
        bare = Configuration(
            project=Project(
                name=backup.project,
                env_prefix=backup.env_prefix,
                unlisted=UnlistedPolicy.DELETE,
                server=backup.server,
            ),
            sip={
                kind.name: tuple(
                    self._bare(one) for one in backup.objects if one.live.kind == kind.name
                )
                for kind in KINDS
                if any(one.live.kind == kind.name for one in backup.objects)
                or any(one.kind == kind.name for one in backup.created)
            },
            former=Former(
                taken_at=backup.taken_at,
                ids={
                    (one.live.kind, self._names[one.live.id]): one.live.id for one in backup.objects
                },
                created=frozenset(created),
                agents={
                    self._names[one.live.id]: _agents_of(one.live)
                    for one in backup.objects
                    if one.live.kind == DISPATCH_RULE.name
                },
                refs=created,
            ),
        )
        former = {(one.live.kind, self._names[one.live.id]): one for one in backup.objects}
        pairs = {
            (desired.kind, desired.name): lives
            for matched in matches(bare, self._live).values()
            for desired, lives in matched.pairs
        }
        result.configuration = replace(
            bare,
            sip={
                kind: tuple(
                    replace(
                        one,
                        fields=self._fields(
                            one, former[kind, one.name], pairs.get((kind, one.name))
                        ),
                    )
                    for one in objects
                )
                for kind, objects in bare.sip.items()
            },
        )
        return result

    # --- identity

    def _named(self) -> dict[str, str]:
        """A name for each object by its id: its own, or a made-up one where that is empty or not its alone."""
        counts = Counter((one.live.kind, one.live.name) for one in self._backup.objects)
        names = {}
        for former in self._backup.objects:
            one = former.live
            if one.name and counts[one.kind, one.name] == 1:
                names[one.id] = one.name
            elif one.id in self._living:
                names[one.id] = f"{one.name} ({one.id})" if one.name else one.id
            else:
                names[one.id] = f"restored-{one.id}"
        return names

    def _bare(self, former: FormerObject) -> Desired:
        """The object without fields; one whose name cannot be its identity is pinned as long as it lives."""
        one = former.live
        name = self._names[one.id]
        pin = one.id if name != one.name and one.id in self._living else None
        if name != one.name and pin is None:
            what = "had no name" if not one.name else f'shared its name "{one.name}" with others'
            title = KIND_BY_NAME[one.kind].title
            self._wanted.notes.append(f"the {title} {one.id} {what}: it comes back as {name}")
        return Desired(one.kind, name, {}, pin)

    def _created(self) -> Iterator[tuple[str, Mapping[str, SecretRef]]]:
        """What the apply created and still lives, by id, with the references of its secrets.

        Of an apply that did not come to its end only the names are known: it is what has one and was not there before.
        """
        before = {one.live.id for one in self._backup.objects}
        by_name: dict[tuple[str, str], list[Live]] = {}
        for lives in self._live:
            by_name.setdefault((lives.kind, lives.name), []).append(lives)
        for one in self._backup.created:
            refs = one.refs or {}
            if one.id is not None:
                yield one.id, refs
            elif not self._backup.has_ended:
                for lives in by_name.get((one.kind, one.name), ()):
                    if lives.id not in before:
                        yield lives.id, refs

    # --- fields

    def _fields(
        self, desired: Desired, former: FormerObject, lives: Live | None
    ) -> dict[str, Value]:
        fields: dict[str, Value] = {}
        for path, value in former.live.fields.items():
            if path == _AGENTS:
                continue
            if path in former.secrets:
                secret = self._secret(desired, path, former.secrets[path], lives)
                if secret is not None:
                    fields[path] = secret
            elif path == _TRUNKS and isinstance(value, References):
                fields[path] = References(tuple(map(self._reference, value.entries)))
            else:
                fields[path] = value
        return fields

    def _reference(self, entry: Reference) -> Reference:
        """A trunk by the name that the planner finds it by, or by its id where that lives."""
        identifier = entry.id or ""
        if identifier in self._names:
            return Reference(self._names[identifier])
        name = self._backup.trunks.get(identifier, "")
        namesakes = self._trunks.get(name, ()) if name else ()
        if identifier not in self._living and len(namesakes) == 1:
            return Reference(namesakes[0])
        return Reference(identifier)

    # --- secrets

    def _secret(
        self, desired: Desired, path: str, former: FormerSecret, lives: Live | None
    ) -> Value | None:
        """The value of a hidden field: the live one where that is the former one, else what its reference has."""
        now = lives.fields.get(path) if lives is not None else None
        stays = now is not None and (self._keeps_secrets or self._is_former(now, path, former))
        if stays and isinstance(now, Secret):
            return Secret(now.reveal(), former.ref)
        text = self._source.value(former.ref)
        if stays:
            return Secret(
                text, former.ref
            )  # not told: sent along where the whole object is replaced
        place = f"sip.{KIND_BY_NAME[desired.kind].section}.{desired.name}.{path}"
        if text is None:
            self._wanted.missing.append((former.ref, place, NOWHERE))
        elif self._has_digests and former.digest is not None:
            value = Secret(_canonical(desired.kind, path, text))
            if self._prints.of_value(value) != former.digest:
                self._wanted.wrong.append((former.ref, place))
        else:
            self._wanted.unchecked.append((former.ref, place))
        if isinstance(now, Unknown):
            self._wanted.rewrite.add(desired.name)
        return Secret(text, former.ref)

    def _is_former(self, now: Value, path: str, former: FormerSecret) -> bool:
        if self._has_digests and former.digest is not None and not isinstance(now, Unknown):
            return self._prints.of_value(now) == former.digest
        return not former.changed


def _agents_of(rule: Live) -> AgentList:
    agents = rule.fields.get(_AGENTS)
    return agents if isinstance(agents, AgentList) else AgentList(())


def _canonical(kind: str, path: str, text: str) -> str:
    """The text as LiveKit would tell it."""
    if KIND_BY_NAME[kind].field(path).type is not FieldType.JSON:
        return text
    try:
        return canonical_egress(text)
    except ValueError:  # no JSON, or none of LiveKit's: told when the plan is made
        return text


__all__ = ["Wanted", "wanted_back"]
