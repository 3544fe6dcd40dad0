"""A project in which everything that can be secret is a canary, and a search for canaries in whatever comes out.

A canary's core is letters and digits alone, so that no escaping (JSON, HTML, URL, shell, YAML) can change it; it is
searched for as it is, backwards, in hex and in Base64, the last at each of its three offsets. Around the core stand
characters that have to be escaped somewhere.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.support.cli import Server, Shell

CONFIGURATION = """\
version: 1
project: {name: canaries, unlisted: delete}
sip:
  inbound_trunks:
    in:
      numbers: ["+15550100001"]
      auth: {username: acme, password: {env: IN_PASSWORD}, realm: here}
      headers: {X-Literal: LITERAL, X-Referenced: {env: IN_HEADER}}
  outbound_trunks:
    out:
      address: sip.carrier.example
      numbers: ["+15550100001"]
      auth: {username: acme, password: {file: secrets/out}}
      headers: {X-Out: {env: OUT_HEADER}}
  dispatch_rules:
    direct: {trunks: [in], callers: ["+15550100011"], rooms: {direct: {room: lobby, pin: {env: PIN_DIRECT}}}}
    single: {trunks: [in], rooms: {individual: {prefix: call-, pin: {env: PIN_SINGLE}}}}
    callee:
      trunks: any
      rooms: {callee: {prefix: to-, pin: {env: PIN_CALLEE}}}
      room:
        egress: {room: {room_name: r, file_outputs: [{filepath: f, s3: {bucket: b, secret: {env: S3_SECRET}}}]}}
agents:
  names:
    telephony: {agent_name: telephony-agent}
    avatar: {agent_name: avatar-agent}
  rooms:
    - {prefix: call-, agents: [telephony], dispatch: sip}
    - {prefix: ornina-, agents: [avatar], dispatch: controller}
"""
# A file that differs in a little of everything: it makes, changes and deletes.
OTHER = (
    CONFIGURATION.replace("    out:\n", "    other:\n")
    .replace("callers: [", 'metadata: changed, callers: ["+15550100012", ')
    .replace("numbers: [", 'numbers: ["+15550100002", ', 1)
)
OURS = ("config", "other", "secrets", "input")
"""Folders of what the tests themselves have written."""

# What programs have to find as it is, or they do not run at all.
_NEEDED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_",
    "TZ",
    "PYTHON",
    "VIRTUAL_ENV",
    "COVERAGE",
    "PYTEST",
    "TMP",
)
_NEEDED_NAMES = ("PWD", "SHELL", "USER", "LOGNAME", "COLUMNS", "LINES", "NO_COLOR")
# What others keep in the environment of the same job.
_OTHERS = (
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "CI_JOB_TOKEN",
    "GITLAB_TOKEN",
    "SLACK_TOKEN",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_CLIENT_SECRET",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGUSER",
    "REDISCLI_AUTH",
    "DATABASE_URL",
    "REDIS_URL",
    "OPENAI_API_KEY",
    "SENTRY_DSN",
    "KUBECONFIG",
    "SSH_AUTH_SOCK",
    "NETRC",
    "DEEPGRAM_API_KEY",
    "LIVEKIT_TOKEN",
    "STAGING_LIVEKIT_API_SECRET",
    "RECONCILE_UNKNOWN",
)
API_KEY, API_SECRET = "cnrykeyofapiQz", "cnrysecretofapiQz-of-32-characters-or-more"
_PASSWORDS = ("IN_PASSWORD", "S3_SECRET")
_HEADERS = ("IN_HEADER", "OUT_HEADER")
_AWKWARD = "\"é&<'\\ %/+"


@dataclass(slots=True)
class Canaries:
    """Canaries by name: `values` are the texts, `cores` what is searched for. `hash` of one is searched for, too."""

    values: dict[str, str] = field(default_factory=dict)
    cores: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, tail: str = _AWKWARD) -> str:
        """A new secret text."""
        core = f"cnry{len(self.cores):03}{name.lower().replace('_', '')[-10:]}Qz"
        return self._add(name, core, core + tail)

    def digits(self, name: str) -> str:
        """A new PIN, long enough to stand nowhere else."""
        core = f"9073{len(self.cores):03}51826"
        return self._add(name, core, core)

    def _add(self, name: str, core: str, value: str) -> str:
        self.cores[name] = core
        self.values[name] = value
        return value

    def without(self, *names: str) -> Canaries:
        """The same but for some that may be shown."""
        kept = {name: core for name, core in self.cores.items() if name not in names}
        return Canaries({name: self.values[name] for name in kept}, kept)

    def found_in(self, data: bytes | str) -> list[str]:
        """The canaries that stand in a text, in any of their forms."""
        text = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
        low = text.lower()
        return [
            f"{name} as {form}"
            for name, core in self.cores.items()
            for form, shape in _shapes(core)
            if shape in (low if form in ("plain", "hex", "reversed") else text)
        ]


def _shapes(core: str) -> Iterable[tuple[str, bytes]]:
    """The forms in which a core is searched for; those without capitals in a text without capitals."""
    data = core.encode()
    yield "plain", data.lower()
    yield "reversed", data[::-1].lower()
    yield "hex", data.hex().encode()
    for offset in range(3):
        padded = base64.b64encode(bytes(offset) + data)
        # The first and the last letters depend on what stands beside the core.
        yield f"base64 at {offset}", padded[(offset * 8 + 5) // 6 : len(data) * 8 // 6 - 1]


def environment(canaries: Canaries) -> dict[str, str]:
    """Every variable that is set here, that others may have set, or that the program never heard of: a canary each."""
    inherited = [
        name
        for name in os.environ
        if not name.startswith(_NEEDED) and name not in _NEEDED_NAMES and name != "_"
    ]
    found = {name: canaries.text(f"env {name}", "") for name in (*_OTHERS, *inherited)}
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        found[name] = f"http://user:{canaries.text(f'env {name}', '')}@127.0.0.1:9"
    return found | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


@dataclass(slots=True)
class World:
    """A shell in such a project, and its canaries."""

    shell: Shell
    canaries: Canaries

    def problems(self, *texts: str | bytes, but: Iterable[str] = ()) -> list[str]:
        """Canaries in texts and in all files of the folder that commands have written."""
        wanted = self.canaries.without(*but)
        found = [problem for text in texts for problem in wanted.found_in(text)]
        for path in self.shell.folder.rglob("*"):
            if path.is_file() and path.relative_to(self.shell.folder).parts[0] not in OURS:
                found += [f"{one} in {path.name}" for one in wanted.found_in(path.read_bytes())]
        return found


def world(shell: Shell, server: Server) -> World:
    """Fills a folder and an environment with canaries; nothing lives in the emulated project yet."""
    canaries = Canaries()
    shell.environ |= environment(canaries)
    for name in _PASSWORDS:
        shell.environ[name] = canaries.text(name)
    for name in _HEADERS:
        shell.environ[name] = canaries.text(name, "")
    for name in ("PIN_DIRECT", "PIN_SINGLE", "PIN_CALLEE"):
        shell.environ[name] = canaries.digits(name)
    literal, password = canaries.text("LITERAL", ""), canaries.text("FILE")
    # By these a rollback asks for what stands in no file any more.
    shell.environ["OTHER_AUTH_PASSWORD"] = password
    shell.environ["OTHER_HEADER_X_OUT"] = shell.environ["OUT_HEADER"]
    for folder, text in (("config", CONFIGURATION), ("other", OTHER)):
        shell.write(f"{folder}/dispatch.yaml", text.replace("LITERAL", literal))
        shell.write(f"{folder}/secrets/out", password)
    shell.connect(server)
    for name in ("API_KEY", "API_SECRET"):
        value = shell.environ[f"LIVEKIT_{name}"]
        canaries.cores[name] = canaries.values[name] = value
    return World(shell, canaries)
