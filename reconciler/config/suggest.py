"""What a misspelt or foreign word was probably meant to be: LiveKit's own names, camelCase, slips of the finger."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

# So many searches for similar words are made for one configuration, each among so many words.
MAX_SEARCHES = 300
MANY = 300
_SHOWN = 12

# LiveKit's own words and frequent slips, in lower case without underscores, and what this language calls them.
_ALSO_KNOWN_AS = {
    "inboundnumbers": "callers",
    "inboundnumber": "callers",
    "allowednumbers": "callers",
    "allowednumber": "callers",
    "from": "callers",
    "callednumbers": "numbers",
    "called": "numbers",
    "number": "numbers",
    "outboundnumber": "numbers",
    "to": "numbers",
    "inboundaddresses": "allowed_addresses",
    "outboundaddress": "address",
    "trunkids": "trunks",
    "trunk": "trunks",
    "username": "auth.username",
    "password": "auth.password",
    "realm": "auth.realm",
    "authusername": "auth.username",
    "authpassword": "auth.password",
    "authrealm": "auth.realm",
    "inboundusername": "auth.username",
    "inboundpassword": "auth.password",
    "outboundusername": "auth.username",
    "outboundpassword": "auth.password",
    "encryption": "media.encryption",
    "mediaencryption": "media.encryption",
    "mediatimeout": "media.media_timeout",
    "codecs": "media.codecs",
    "dispatchruleindividual": "rooms.individual",
    "dispatchruledirect": "rooms.direct",
    "dispatchrulecallee": "rooms.callee",
    "individual": "rooms.individual",
    "direct": "rooms.direct",
    "callee": "rooms.callee",
    "rule": "rooms",
    "roomprefix": "prefix",
    "roomname": "room",
    "norandomness": "random_suffix",
    "randomize": "random_suffix",
    "roomconfig": "room",
    "roomconfiguration": "room",
    "siptrunkid": "id",
    "sipdispatchruleid": "id",
    "agentname": "agent",
    "trunks": "inbound_trunks",
    "rules": "dispatch_rules",
    "inbound": "inbound_trunks",
    "outbound": "outbound_trunks",
    "conventions": "rooms",
    "sipnoheaders": "none",
    "sipxheaders": "x",
    "sipallheaders": "all",
}
_EXPLAINED = {
    "agents": "conventions in agents.rooms name the agents of a rule's rooms",
    "name": "the key above is the name",
}


def known_word(word: str, known: Sequence[str]) -> str:
    """The suggestion for a word that is known under another name, or ""."""
    folded = _fold(word)
    for candidate in known:
        if _fold(candidate) == folded:
            return f'did you mean "{candidate}"?'
    alias = _ALSO_KNOWN_AS.get(folded)
    if alias is not None:
        first, _, last = alias.rpartition(".")
        if (first or last) in known:
            return f"here it is called {alias}"
        if last in known:
            return f"here it is called {last}"
    # LiveKit's enumerations end in the word: SIP_TRANSPORT_TLS.
    if "_" in word and word.isupper():
        for candidate in known:
            if folded.endswith(_fold(candidate)):
                return f'did you mean "{candidate}"?'
    return _EXPLAINED.get(folded, "")


def further_below(word: str, paths: Sequence[str]) -> str:
    """The suggestion for a word that is right, but for the level that it stands on: the paths that end in it, or ""."""
    folded = _fold(word)
    found = [path for path in paths if _fold(path.rpartition(".")[2]) == folded]
    if not found:
        return ""
    others = f"{', '.join(found[:-1])} or " if found[:-1] else ""
    return f"here it is called {others}{found[-1]}"


def closest(word: str, known: Sequence[str]) -> str:
    """The suggestion of the most similar word, or "". Of very many only those of about its length are compared."""
    words = known
    if len(known) > MANY:
        size = len(word)
        words = [one for one in known if abs(len(one) - size) <= 2 and one[:1] == word[:1]]
        words = words[:MANY]
    close = get_close_matches(word[:100], words, n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else ""


def listing(known: Sequence[str]) -> str:
    """What there is, where nothing is similar."""
    if not known:
        return ""
    words = sorted(known)
    return f"known: {', '.join(words[:_SHOWN])}" + (", …" if len(words) > _SHOWN else "")


def _fold(word: str) -> str:
    return word.replace("_", "").replace("-", "").lower()
