"""Collects what is wrong with a configuration, so that all of it is reported at once."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from reconciler.core.finding import NOWHERE, Finding, Mark, Severity


class Problems:
    """Findings in the order they were made; `sorted()` is the order in which they are read."""

    def __init__(self) -> None:
        self._findings: list[Finding] = []

    def __len__(self) -> int:
        return len(self._findings)

    def error(
        self, code: str, path: str, message: str, fix: str = "", mark: Mark = NOWHERE
    ) -> None:
        """Notes something that stops every command."""
        self._findings.append(Finding(code, Severity.ERROR, path, message, fix, mark))

    def warning(
        self, code: str, path: str, message: str, fix: str = "", mark: Mark = NOWHERE
    ) -> None:
        """Notes something that the author should know."""
        self._findings.append(Finding(code, Severity.WARNING, path, message, fix, mark))

    def extend(self, findings: Iterable[Finding]) -> None:
        """Takes over findings made elsewhere."""
        self._findings.extend(findings)

    def sorted(self) -> tuple[Finding, ...]:
        """All of them by file and line."""
        return tuple(sorted(self._findings, key=lambda finding: finding.sort_key))


# LiveKit's own words and frequent slips, in lower case without underscores, and what this language calls them.
_ALSO_KNOWN_AS = {
    "inboundnumbers": "callers",
    "allowednumbers": "callers",
    "callednumbers": "numbers",
    "called": "numbers",
    "trunkids": "trunks",
    "trunk": "trunks",
    "authusername": "auth.username",
    "authpassword": "auth.password",
    "authrealm": "auth.realm",
    "mediaencryption": "media.encryption",
    "dispatchruleindividual": "rooms.individual",
    "dispatchruledirect": "rooms.direct",
    "dispatchrulecallee": "rooms.callee",
    "rule": "rooms",
    "roomprefix": "prefix",
    "roomname": "room",
    "norandomness": "random_suffix",
    "randomize": "random_suffix",
    "roomconfig": "room",
    "agents": "the agents section: conventions name the agents of a rule's rooms",
    "siptrunkid": "id",
    "sipdispatchruleid": "id",
    "name": "the key itself, which is the name",
}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean "callers"?` for a misspelt key, LiveKit's own names and camelCase included; else the choices."""
    words = sorted(known)
    folded = word.replace("_", "").replace("-", "").lower()
    for candidate in words:
        if candidate.replace("_", "").lower() == folded:
            return f'did you mean "{candidate}"?'
    alias = _ALSO_KNOWN_AS.get(folded)
    if alias is not None and (alias.split(".")[0] in words or " " in alias):
        return f"here it is called {alias}" if " " not in alias else f"that is {alias}"
    close = get_close_matches(word, words, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    if not words:
        return ""
    shown = ", ".join(words[:12])
    return f"known: {shown}" + (", …" if len(words) > 12 else "")
