"""Encryption, codecs and noise cancellation of a call (SIP-SEMANTICS 33)."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.objects import Fields
from reconciler.core.values import Value
from reconciler.sip.era import Era

_ENCRYPTION = "media.encryption"
_CODECS = "media.codecs"
_ONLY_LISTED = "media.only_listed_codecs"
_TIMEOUT = "media.media_timeout"
_DISABLED = "disable"


def media_of(trunk: Fields, rule: Fields, era: Era) -> dict[str, Value]:
    """The settings of a call by their paths in the file; what is not there has LiveKit's default."""
    found = {_ENCRYPTION: encryption_of(trunk, rule)}
    if honours_media(era):
        found[_TIMEOUT] = rule.get(_TIMEOUT, trunk.get(_TIMEOUT))
        owner = codec_owner(trunk, rule)
        found |= {path: owner.get(path) for path in (_CODECS, _ONLY_LISTED)}
    return {path: value for path, value in found.items() if value is not None}


def honours_media(era: Era) -> bool:
    """Old servers store the message about media, and read nothing but the encryption in its older field."""
    return era is Era.NEW


def encryption_of(trunk: Fields, rule: Fields) -> Value | None:
    """The rule's word counts, but a rule cannot switch off what the trunk switches on.

    What an old server reads in its one field, and a new one in the new field or else the old one, is settled before:
    fields hold the value that counts.
    """
    own, inherited = rule.get(_ENCRYPTION), trunk.get(_ENCRYPTION)
    if own is None or (own == _DISABLED and inherited is not None):
        return inherited
    return own


def codec_owner(trunk: Fields, rule: Fields) -> Fields:
    """Whose codecs count: the rule's if it lists any, else the trunk's if it says anything about media."""
    if rule.get(_CODECS) is not None or not any(path.startswith("media.") for path in trunk):
        return rule
    return trunk


def is_denoised(trunk: Fields, rule: Fields) -> bool:
    """Noise cancellation is on where the trunk or the rule says so."""
    return any(_is_on(fields) for fields in (trunk, rule))


def _is_on(fields: Mapping[str, Value]) -> bool:
    return fields.get("krisp_enabled") is True
