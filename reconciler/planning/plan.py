"""Makes a plan: pairs, compares, checks, orders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from reconciler.compose import compile_rule
from reconciler.config.model import Configuration
from reconciler.core.finding import Finding
from reconciler.core.objects import Desired, Fields, Live, Snapshot
from reconciler.core.ownership import Matched, UnlistedPolicy, match, match_former
from reconciler.core.plan import Call, Plan, Plane, RoutingTest, Unlisted
from reconciler.core.values import Secret, Unknown
from reconciler.lint import lint, silence
from reconciler.planning.calls import calls, changes, gaps
from reconciler.planning.differences import (
    PASSWORD_PATH,
)
from reconciler.planning.options import Options
from reconciler.planning.placed import Placed, placed_in_file
from reconciler.planning.settle import Settled, settle
from reconciler.planning.targets import AGENTS_PATH, offline, trunk_fields
from reconciler.planning.unlisted import describe
from reconciler.sip.check import check_honoured, check_object
from reconciler.sip.collisions import Collision, Object, collisions, explain, explain_live
from reconciler.sip.era import Era
from reconciler.sip.occupancy import PENDING
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KIND_BY_NAME, KINDS

if TYPE_CHECKING:
    from reconciler.planning.routes import Routes


def check(configuration: Configuration, era: Era) -> tuple[Finding, ...]:
    """Everything that can be said about a configuration without a server."""
    findings = list(configuration.findings)
    objects = [one for kind in configuration.sip.values() for one in kind]
    for one in objects:
        findings.extend(check_object(one, era))
    findings.extend(explain(collisions(((one, offline(one)) for one in objects), era), {}))
    trunks = trunk_fields(configuration)
    for one in objects:
        fields = one.fields
        if configuration.agents is not None and one.kind == DISPATCH_RULE.name:
            line = configuration.lines.get(one.name)
            compiled = compile_rule(one, line, configuration.agents.conventions, trunks, era)
            findings.extend(compiled.findings)
            if compiled.agents is not None:
                fields = {**fields, AGENTS_PATH: compiled.agents}
        findings.extend(check_honoured(one, fields, era))
    findings.extend(lint(configuration, era))
    return _sorted(silence(findings, configuration.ignores))


def matches(configuration: Configuration, live: Snapshot) -> dict[str, Matched]:
    """Desired and live objects of every managed kind, paired by identity."""
    owns, former = configuration.project.owns, configuration.former
    if former is not None:
        return {
            kind.name: match_former(
                configuration.sip[kind.name],
                live.of(kind.name),
                {name: one for (of_kind, name), one in former.ids.items() if of_kind == kind.name},
                former.created,
                f"sip.{kind.section}",
            )
            for kind in KINDS
            if kind.name in configuration.sip
        }
    return {
        kind.name: match(
            configuration.sip[kind.name], live.of(kind.name), owns, f"sip.{kind.section}"
        )
        for kind in KINDS
        if kind.name in configuration.sip
    }


class Draft:
    """A configuration held against one live project: what differs, settled once for all that is asked about it."""

    def __init__(self, configuration: Configuration, live: Snapshot, options: Options) -> None:
        self._configuration = configuration
        self._live = _in_one_order(live)
        self._options = options
        self._matched = matches(configuration, self._live)
        self._deletions = _deletions(configuration, self._matched, options)
        self._broken = collisions(((one, one.fields) for one in self._live), options.era)
        self._settled = settle(
            configuration, self._live, self._matched, self._deletions, self._broken, options
        )

    def plan(self) -> Plan:
        """The plan that makes the live project what the configuration says, in one or both planes."""
        configuration, options, settled = self._configuration, self._options, self._settled
        notes = list(settled.remarks.notes)
        if not configuration.sip and configuration.agents is None:
            notes.append("the file lists nothing: without sip and agents it manages nothing")
        sent = calls(settled.ordered, settled.differences)
        notes.extend(_untold_passwords(settled, sent))
        notes.extend(_unnamed_fields(self._live, self._matched))
        findings = list(configuration.findings)
        for one in self._matched.values():
            findings.extend(one.findings)
        findings.extend(settled.remarks.findings)
        if configuration.former is None:  # lint is for authors, and what lived has none
            findings.extend(lint(configuration, options.era))
        findings.extend(_checks(settled, self._live, self._deletions, self._broken, options.era))
        tests, untested = _tests(configuration, self.after(), options)
        findings.extend(untested)
        return Plan(
            project=configuration.project.name,
            host=self._live.host,
            changes=changes(settled.differences, self._deletions),
            calls=sent,
            gaps=tuple(gaps(settled.silences, settled.ordered.steps)),
            unlisted=tuple(_unlisted(configuration, self._matched, settled, options)),
            findings=_sorted(silence(findings, configuration.ignores)),
            tests=tests,
            notes=tuple(notes),
            population={kind: len(self._live.of(kind)) for kind in self._matched},
        )

    def after(self) -> Iterator[Placed]:
        """Everything that will be live when the plan is applied, as it takes part in routing.

        An object that is still to be created has no id, and its name stands for it.
        """
        settled = self._settled
        for one, fields in _final(settled, self._live, self._deletions):
            if isinstance(one, Live):
                yield Placed(one.kind, one.id, one.label, fields)
            elif one.kind == INBOUND_TRUNK.name:
                yield Placed(one.kind, settled.trunks.key(one.name), one.name, fields)
            else:
                known = settled.ids.get((one.kind, one.name))
                yield Placed(one.kind, known or f"{PENDING}{one.name}", one.name, fields)

    def sides(self) -> tuple[Routes, Routes]:
        """The live project, and what it will be when the plan is applied, both ready to be called."""
        from reconciler.planning.routes import Routes, conventions_in, routes_of_live

        configuration, era = self._configuration, self._options.era
        by_from_host = self._options.by_from_host
        conventions = conventions_in(configuration)
        after = Routes(self.after(), conventions, era, by_from_host=by_from_host)
        live = routes_of_live(self._live, configuration, era, by_from_host=by_from_host)
        return live, after


def make_plan(configuration: Configuration, live: Snapshot, options: Options) -> Plan:
    """The plan that makes `live` what `configuration` says, in one or both planes."""
    return Draft(configuration, live, options).plan()


def check_routes(
    configuration: Configuration, options: Options
) -> tuple[tuple[RoutingTest, ...], tuple[Finding, ...]]:
    """The routing tests of a file, run on the file alone."""
    tests, untested = _tests(configuration, placed_in_file(configuration, options.era), options)
    return tests, _sorted(silence(untested, configuration.ignores))


def _tests(
    configuration: Configuration, placed: Iterable[Placed], options: Options
) -> tuple[tuple[RoutingTest, ...], tuple[Finding, ...]]:
    """The routing tests of a file, and a finding about each that could not be run."""
    if not configuration.tests:
        return (), ()
    from reconciler.planning.expectations import run
    from reconciler.planning.routes import Routes, conventions_in

    routes = Routes(
        placed,
        conventions_in(configuration),
        options.era,
        by_from_host=options.by_from_host,
    )
    ran = run(configuration.tests, routes)
    return tuple(test for test, _ in ran), tuple(found for _, found in ran if found is not None)


def _untold_passwords(settled: Settled, sent: Iterable[Call]) -> Iterator[str]:
    """One note for all passwords that cannot be compared: nothing else would tell that a new one is not written."""
    written = {
        (call.kind, call.name)
        for call in sent
        if any(change.path == PASSWORD_PATH for change in call.fields)
    }
    names = [
        target.desired.name
        for target in settled.targets
        if isinstance(target.before.get(PASSWORD_PATH), Unknown)
        and isinstance(target.after.get(PASSWORD_PATH), Secret)
        and (target.desired.kind, target.desired.name) not in written
    ]
    if names:
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        yield f"the live passwords of {shown} are not told and not compared: --write-secrets NAME writes one anew"


def _unnamed_fields(live: Snapshot, kinds: Iterable[str]) -> Iterator[str]:
    """One note for all fields of a LiveKit to come, which an update keeps and no plan can compare."""
    names = [
        f'{KIND_BY_NAME[kind].title} "{one.label}" ({", ".join(one.unnamed)})'
        for kind in kinds
        for one in live.of(kind)
        if one.unnamed
    ]
    if names:
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        yield f"fields of a newer LiveKit, known by their numbers alone, are kept and not compared: {shown}"


def _in_one_order(live: Snapshot) -> Snapshot:
    """The snapshot whatever the order of the server's answer: of two objects in conflict one is named first."""
    return Snapshot(
        live.host,
        {
            kind: sorted(found, key=lambda one: (one.name, one.id))
            for kind, found in live.objects.items()
        },
    )


def _deletions(
    configuration: Configuration, matched: Mapping[str, Matched], options: Options
) -> list[Live]:
    if configuration.project.unlisted is not UnlistedPolicy.DELETE or options.only is Plane.AGENTS:
        return []
    return [one for kind in matched.values() for one in kind.unlisted]


def _unlisted(
    configuration: Configuration,
    matched: Mapping[str, Matched],
    settled: Settled,
    options: Options,
) -> Iterable[Unlisted]:
    if configuration.project.unlisted is not UnlistedPolicy.REPORT:
        return ()
    unlisted = [one for kind in matched.values() for one in kind.unlisted]
    return describe(unlisted, settled.differences, settled.trunks, options.era)


def _checks(
    settled: Settled, live: Snapshot, deletions: Iterable[Live], broken: list[Collision], era: Era
) -> Iterator[Finding]:
    """What LiveKit would refuse, and what would fail calls once the plan is applied."""
    for target in settled.targets:
        yield from check_object(target.desired, era)
        yield from check_honoured(target.desired, target.after, era)
    if not (settled.differences or deletions or broken):
        return  # what lives stays, and has no conflict
    names = settled.trunks.names
    lasting = collisions(_final(settled, live, deletions), era)
    stay = {_live_ids(settled, collision) for collision in lasting}
    yield from explain_live((one for one in broken if _live_ids(settled, one) not in stay), names)
    yield from explain(lasting, names, settled.kinds)


def _live_ids(settled: Settled, collision: Collision) -> frozenset[str]:
    """The live objects at both ends of a collision, whichever side they are told from."""
    ends = (collision.first, collision.second)
    return frozenset(
        settled.ids.get((end.kind, end.name), "") if isinstance(end, Desired) else end.id
        for end in ends
    )


def _final(
    settled: Settled, live: Snapshot, deletions: Iterable[Live]
) -> Iterator[tuple[Object, Fields]]:
    """Everything that will be live: listed objects as they will be, and what stays of the others."""
    will_be = {(one.desired.kind, one.desired.name): one.after for one in settled.differences}
    gone = {one.id for one in deletions}
    for target in settled.targets:
        one: Desired = target.desired
        fields = will_be.get((one.kind, one.name))
        if fields is not None or target.live is not None:
            yield one, fields if fields is not None else target.before
        if target.live is not None:
            gone.add(target.live.id)
    for lives in live:
        if lives.id not in gone:
            yield lives, lives.fields


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in the order in which they are read, none of them twice."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda finding: finding.sort_key))
