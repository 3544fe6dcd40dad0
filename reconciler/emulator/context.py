"""What the kinds of SIP objects share: the quirks of the server, ids, hidden passwords, refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from reconciler.emulator.errors import TwirpError, invalid, wrapped
from reconciler.emulator.validation import Refusal, SecurityRefusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from reconciler.emulator.quirks import Quirks
    from reconciler.emulator.state import Shelf

M = TypeVar("M", bound="Message")
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Context:
    """One emulated project, as the kinds of objects see it."""

    quirks: Quirks
    new_id: Callable[[str], str]
    returns_passwords: bool

    def shown(self, trunk: M) -> M:
        """A trunk as a client sees it: a hosted server may keep the password to itself."""
        if self.returns_passwords:
            return trunk
        hidden = copied(trunk)
        hidden.ClearField("auth_password")
        return hidden

    def find(self, shelf: Shelf[M, F], key: str, *, required: str, missing: str) -> M:
        """The object a call names, or the errors for no id and for an unknown one."""
        if not key:
            raise invalid(required)
        found = shelf.get(key)
        if found is not None:
            return found
        if self.quirks.missing_is_wrapped:
            raise wrapped("not_found", missing)
        raise TwirpError("not_found", missing)

    def refused_update(self) -> Refused:
        """How own validation fails after a field update (SIP-SEMANTICS 43)."""
        security = self.quirks.security_after_update_is_invalid
        return Refused("unknown", "invalid_argument" if security else "unknown")


class Refused:
    """Turns a refusal raised inside into a Twirp error of this code."""

    def __init__(self, code: str = "invalid_argument", security_code: str | None = None) -> None:
        self._code = code
        self._security_code = security_code or code

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SecurityRefusal):
            raise TwirpError(self._security_code, str(error)) from error
        if isinstance(error, Refusal):
            raise TwirpError(self._code, str(error)) from error


def need(condition: object, text: str) -> None:
    """Refuse with this text unless the condition holds."""
    if not condition:
        raise Refusal(text)


def need_own_id(inside: str, outside: str, noun: str) -> None:
    """A whole object sent as an update names no id or the right one (SIP-SEMANTICS 42)."""
    need(
        inside in ("", outside),
        f"{noun} id in the info must be empty or match the id in the update",
    )


def copied(message: M) -> M:
    """A copy."""
    copy = type(message)()
    copy.CopyFrom(message)
    return copy
