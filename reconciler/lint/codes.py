"""Every code of a finding: how bad it is, and what it means. Those that other packages report stand here as well.

The severity is the usual one; a few findings are milder or graver in some cases, and their text says so. A code is a
promise: scripts and `lint.ignore` name it, so it is never renamed. `docs/findings/` has a page for each.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from reconciler.core.finding import Severity


class Code(NamedTuple):
    """What the table of all findings says of one."""

    severity: Severity
    reason: str


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

CODES: Final[dict[str, Code]] = {
    "address-everybody": Code(_W, "a network in `allowed_addresses` is nearly the whole internet"),
    "address-invalid": Code(
        _W,
        "an entry of `allowed_addresses` is no address that a call comes from",
    ),
    "address-private": Code(
        _W,
        "a network in `allowed_addresses` is a private one, from which no carrier calls",
    ),
    "agent-not-dispatched": Code(_W, "no convention brings a named agent"),
    "agent-twice": Code(_W, "an agent stands twice in one list, and would come twice; remove one"),
    "agents-ignored": Code(
        _W,
        "a room can be there already, and then the agents of a rule or a token are ignored",
    ),
    "ambiguous-name": Code(
        _E,
        "several live objects have a listed name; pin the right one with `id`",
    ),
    "ambiguous-trunks": Code(_W, "two trunks take the same call, and LiveKit then takes neither"),
    "any-in-list": Code(_E, "`any` inside a list is a text like others; write it alone"),
    "bad-address": Code(_E, "an address of a trunk is a URI; write the host alone"),
    "bad-character": Code(_E, "a text has half a character in it, which cannot be sent"),
    "bad-egress": Code(_E, "LiveKit does not know a key or value of `room.egress`"),
    "bad-header": Code(_E, "LiveKit refuses the name or value of a header"),
    "bad-host": Code(_E, "`project.host` is a host alone, without scheme and path"),
    "callers-are-own-numbers": Code(
        _W,
        "`callers` holds numbers of your own; those called are `numbers`",
    ),
    "calls-have-no-token": Code(_W, "a convention leaves the agents of calls to tokens"),
    "catch-all-rule": Code(
        _W,
        "a rule for any trunk takes calls that match no trunk, past all that trunks guard",
    ),
    "codec-name": Code(_E, "LiveKit refuses a codec's name with white space or a slash"),
    "conflict": Code(
        _E,
        "two objects would take the same calls; LiveKit refuses that, or fails the calls",
    ),
    "control-character": Code(_W, "a text has an invisible character in it"),
    "convention-without-source": Code(_W, "nobody can bring the agents of a convention"),
    "dangling-trunk": Code(_W, "a rule names a trunk by an id that no trunk has"),
    "defined-twice": Code(_E, "the same thing stands in two places; keep one"),
    "empty-list": Code(
        _E,
        "an empty list would mean everybody to LiveKit; write `any`, or remove the key",
    ),
    "env-prefix": Code(_E, "`env_prefix` cannot begin the name of a variable"),
    "half-credentials": Code(
        _W,
        "a password without a username, or the other way round, protects nothing",
    ),
    "hidden-by-pin": Code(_W, "a rule with a PIN asks every caller of an open one first"),
    "hidden-number-crash": Code(
        _W,
        "on livekit-server before 1.13 a call without a number crashes the server where numbers are hidden",
    ),
    "hidden-rooms-collide": Code(_W, "hidden numbers leave four digits to tell rooms apart"),
    "id-and-renamed-from": Code(
        _E,
        "an object with an `id` keeps its live name; remove one of the two",
    ),
    "id-must-stay": Code(
        _E,
        "an object could only be written by creating it anew, and has to keep its id",
    ),
    "id-not-found": Code(_E, "no live object has this `id`"),
    "id-twice": Code(_E, "two objects pin the same `id`"),
    "impossible-number": Code(_W, "no phone number starts so and is that long"),
    "live-conflict": Code(
        _E,
        "two live objects take the same calls already. Where the plan repairs it, it is a warning",
    ),
    "metadata-not-json": Code(_W, "metadata looks like JSON and is none"),
    "missing-key": Code(_E, "something that must be written is not"),
    "no-callback": Code(_N, "an outbound trunk calls from a number that no inbound trunk has"),
    "no-convention": Code(
        _W,
        "no convention covers the rooms of a rule; its agents stay as they are",
    ),
    "no-value": Code(_E, "a key has no value, or an empty one"),
    "number-form": Code(
        _W,
        "a number is written in a form that no call has; rules compare byte for byte, trunks know digits only",
    ),
    "number-not-on-trunk": Code(_W, "no trunk of a rule lets in a number that the rule lists"),
    "one-of": Code(_E, "exactly one of several keys must be written"),
    "open-trunk": Code(
        _E,
        "LiveKit refuses an inbound trunk without numbers, addresses and credentials",
    ),
    "out-of-range": Code(_E, "a number or duration is outside what LiveKit takes"),
    "overlay-deletes-nothing": Code(_N, "an overlay takes away what is not there"),
    "password-unknown": Code(
        _E,
        "a change would replace a trunk whose password the server does not return; add `auth.password`",
    ),
    "pin-undialable": Code(_W, "a PIN that nobody can dial"),
    "prefix-ends-in-underscore": Code(_N, "LiveKit adds an underscore to a prefix that has one"),
    "prefix-is-pattern": Code(_W, "the prefix or room of a convention is written as a pattern"),
    "prefix-misses-underscore": Code(
        _W,
        "a convention forgets the underscore that LiveKit puts behind a rule's prefix",
    ),
    "preset-and-agents": Code(
        _W,
        "a `room_preset` beside agents of a convention can bring a second voice",
    ),
    "rename-both-live": Code(_E, "both names of a rename live; delete one, or pin with `id`"),
    "renamed-from-listed": Code(_E, "the former name is listed as well"),
    "renamed-from-twice": Code(_E, "two objects have the same former name"),
    "repeated-entry": Code(_W, "a text stands twice in a list"),
    "secret-in-clear": Code(
        _E,
        "a password or PIN stands in the file; write a reference, and change the secret",
    ),
    "secret-reference": Code(
        _E,
        "a reference is `{env: NAME}` or `{file: PATH}`, and nothing else",
    ),
    "self-conflict": Code(
        _E,
        "one entry stands twice, perhaps in two spellings, which LiveKit takes for a conflict",
    ),
    "server-version": Code(_E, '`project.server` is a version such as `"1.9"`, or `newest`'),
    "shadowed-rule": Code(_W, "another rule always wins against this one"),
    "split-rooms": Code(
        _E,
        "the rooms of one rule fall under several conventions; cover them by one, or give the rule another prefix",
    ),
    "strangers-share-room": Code(
        _W,
        "all calls land in one room, where people who do not know each other meet",
    ),
    "tls-without-srtp": Code(
        _W,
        "the signalling is encrypted and the audio is switched off from it; a note where nothing is written about it",
    ),
    "too-many": Code(_E, "there are more problems than are told at once"),
    "trunk-without-auth": Code(
        _W,
        "an inbound trunk has neither addresses nor a password; anybody who knows its number can call. "
        "A note where it has names of hosts alone",
    ),
    "trunk-without-rule": Code(_W, "no rule takes the calls of a trunk"),
    "two-voices": Code(
        _W,
        "one agent can reach a room twice; a note where it depends on the application",
    ),
    "unhonoured-field": Code(
        _W,
        "the server stores this field and does not act on it",
    ),
    "unknown-agent": Code(_E, "a convention names an agent that `agents.names` lacks"),
    "unknown-key": Code(_E, "a key or field does not exist; the fix says what was probably meant"),
    "unknown-line": Code(
        _E,
        "a rule's `line` is not among those of its convention, or it has none and needs one",
    ),
    "unknown-lint-code": Code(
        _W,
        "`lint.ignore` or a comment names a code that does not exist, or an error",
    ),
    "unknown-trunk": Code(_E, "a rule names a trunk that does not exist"),
    "unknown-word": Code(_E, "a word is not among those that are possible here"),
    "unnamed-beside-named": Code(
        _N,
        "a worker without a name joins rooms of named agents as well",
    ),
    "unreachable-rule": Code(_W, "no trunk of a rule lets in any number that the rule lists"),
    "untested-route": Code(_W, "a routing test was not run, because its PIN is not set"),
    "wrong-type": Code(_E, "something else is expected here"),
    "yaml-alias": Code(_E, "an alias without an anchor, or one that never ends"),
    "yaml-ambiguous": Code(
        _W,
        "YAML readers disagree about this text; write it in quotes. An error where nobody could tell what is sent",
    ),
    "yaml-depth": Code(_E, "nested too deeply"),
    "yaml-documents": Code(_E, "a second document in one file"),
    "yaml-duplicate-key": Code(_E, "a key stands twice"),
    "yaml-empty": Code(_E, "the file is empty"),
    "yaml-encoding": Code(_E, "the file is not UTF-8"),
    "yaml-key": Code(_E, "a key is no text, or far too long"),
    "yaml-merge": Code(_E, "`<<` takes a mapping"),
    "yaml-shape": Code(_E, "the file is no mapping of sections"),
    "yaml-size": Code(_E, "the file is larger than 64 MiB; split it"),
    "yaml-syntax": Code(_E, "this is not YAML"),
    "yaml-tag": Code(_E, "a tag (`!…`) means nothing here"),
}
