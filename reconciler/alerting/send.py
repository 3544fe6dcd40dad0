"""Delivers messages by Apprise, which knows Slack, Teams, e-mail, PagerDuty, webhooks and a hundred more.

The URL of a target holds its secrets, the host not excepted (Slack's and PagerDuty's tokens stand there). So a target
goes by the kind of its URL and its place among those of that kind, `slack 1`, in all that is printed or remembered.
What Apprise and the libraries below it log is kept from the terminal for the same reason; of a failure nothing but the
status of the answer is told.
"""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler.alerting.decide import Kind
from reconciler.alerting.letter import Letter
from reconciler.errors import ReconcileError

if TYPE_CHECKING:
    from apprise import NotifyBase

LONGEST: Final = 3_000
"""Nobody reads more, and Slack takes no more in one section."""
_LONGEST_TITLE: Final = 200
_MARGIN: Final = 0.9
"""What markup may add on its way through a target's own format."""
_SCHEME: Final = re.compile(r"([a-z][a-z0-9]*)://", re.IGNORECASE)
_STATUS: Final = re.compile(r"\berror=(\d{3})\b")


class BadTarget(ReconcileError):
    """A URL that is none of Apprise's; the message names it by its place."""


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody who is told. `name` is `slack 1`: never the URL."""

    name: str
    service: NotifyBase

    def send(self, kind: Kind, letter: Letter, *, adrift: bool = False) -> str:
        """Delivers a message; "" where that went well, else why not, without anything of the URL.

        `adrift`: the target was told of a drift that still stands.
        """
        with _overheard() as heard:
            try:
                is_sent = _deliver(self.service, letter, _type_of(kind, adrift))
            except Exception as error:  # noqa: BLE001  # plugins of a hundred services: none of them ends a run
                return f"it failed with {type(error).__name__}"
        return "" if is_sent else _reason(heard)


def _type_of(kind: Kind, adrift: bool) -> str:
    """What raises incidents takes a success for the end of one, and everything else for its beginning."""
    match kind:
        case Kind.BLIND:
            return "failure"
        case Kind.DRIFT | Kind.CHANGED | Kind.REMINDER:
            return "warning"
        case Kind.CLEAR:
            return "success"
        case Kind.SEEING | Kind.HEARTBEAT:
            return "warning" if adrift else "success"


def _deliver(service: NotifyBase, letter: Letter, type_: str) -> bool:
    """Hands a message to a service, in its own format and no longer than it takes."""
    from apprise import Apprise, NotifyFormat

    markdown = service.resolve_format() in (NotifyFormat.MARKDOWN, NotifyFormat.HTML)
    limit = min(LONGEST, service.body_maxlen or LONGEST)
    is_first_line = service.title_maxlen <= 0  # of the body, for want of a title
    title = letter.subject(
        min(_LONGEST_TITLE, limit // 2 if is_first_line else service.title_maxlen)
    )
    if is_first_line:
        limit -= len(title) + 2
    if markdown:
        limit = int(limit * _MARGIN)
    one = Apprise()
    one.add(service)
    sent = one.notify(
        body=letter.body(limit, markdown=markdown),
        title=title,
        notify_type=type_,
        body_format=NotifyFormat.MARKDOWN if markdown else NotifyFormat.TEXT,
    )
    return bool(sent)


def targets(urls: Sequence[str]) -> tuple[Target, ...]:
    """The targets of some URLs. Raises `BadTarget`, or `ReconcileError` where Apprise is not installed."""
    try:
        from apprise import Apprise, AppriseAsset
    except ImportError as error:
        raise ReconcileError(
            "--notify needs apprise, which is not installed: pip install 'livekit-reconciler[notify]'"
        ) from error
    asset = AppriseAsset(
        app_id="livekit-reconciler",
        app_desc="Drift of a LiveKit project",
        async_mode=False,
    )
    seen: Counter[str] = Counter()
    found = []
    for place, url in enumerate(urls, start=1):
        with _overheard():
            try:
                service = Apprise.instantiate(url, asset=asset)
            except Exception:  # noqa: BLE001  # parsers of a hundred services
                service = None
        if service is None:
            raise BadTarget(_not_a_target(url, place))
        scheme = _scheme(url, service)
        seen[scheme] += 1
        found.append(Target(f"{scheme} {seen[scheme]}", service))
    return tuple(found)


def _not_a_target(url: str, place: int) -> str:
    """What is wrong with a URL. Its scheme is told where Apprise knows it: any other text may be a token."""
    scheme = _written_scheme(url)
    if scheme in _known_schemes():
        return f"number {place} ({scheme}://…) lacks something, or has too much: see Apprise's page of it"
    return f"number {place} is no URL that Apprise knows (it is not repeated here, for it may hold a secret)"


def _known_schemes() -> set[str]:
    from apprise import Apprise

    keys = ("protocols", "secure_protocols")
    services = Apprise().details()["schemas"]
    return {scheme for service in services for key in keys for scheme in service[key] or ()}


def _scheme(url: str, service: Any) -> str:
    """The kind of a target, as its URL says; of a service's own URL (`https://hooks…`) the scheme it has in Apprise."""
    known = [*_several(service.secure_protocol), *_several(service.protocol)]
    written = _written_scheme(url)
    return written if written in known or not known else known[0]


def _several(schemes: str | Sequence[str] | None) -> Sequence[str]:
    return (schemes,) if isinstance(schemes, str) else schemes or ()


def _written_scheme(url: str) -> str:
    match = _SCHEME.match(url)
    return match[1].lower() if match is not None else ""


def _reason(heard: Sequence[str]) -> str:
    """Why a message was not sent: the status of the answer, if there was one."""
    for message in reversed(heard):
        if (match := _STATUS.search(message)) and match[1] >= "300":
            return f"the answer was {match[1]}"
    return "it could not be reached, or refused the message"


@contextlib.contextmanager
def _overheard() -> Iterator[list[str]]:
    """Everything that is logged goes here and not to the terminal, and warnings go nowhere: URLs stand in both."""
    heard: list[str] = []
    listener = _Listener(heard)
    root, apprise = logging.getLogger(), logging.getLogger("apprise")
    others, level = root.handlers[:], apprise.level
    root.handlers[:] = [listener]
    apprise.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield heard
    finally:
        root.handlers[:] = others
        apprise.setLevel(level)


class _Listener(logging.Handler):
    """Keeps what is said."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__()
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        """One more message."""
        self._heard.append(record.getMessage())
