"""Writes a file as the one note of a merge request: the note whose first line is the same is written anew.

    python3 note.py plan.md

The first line is a hidden marker, as `reconcile plan --format github` prints it; where there is none, as for a
configuration that cannot be read, there is one of this script's own. Only notes of the token's own user are touched.
Needs GITLAB_TOKEN with the scope `api`; the rest is what GitLab sets.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MARKER = "<!-- livekit-reconciler:"
OWN_MARKER = "<!-- livekit-reconciler:plan -->"
TIMEOUT = 30.0


class NoNote(Exception):
    """The note could not be written; the message says why, without the token."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """The token is for the API's own address, and for no other one."""


_opener = urllib.request.build_opener(_NoRedirect)


class MergeRequest:
    """The notes of one merge request."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        names = ("GITLAB_TOKEN", "CI_API_V4_URL", "CI_PROJECT_ID", "CI_MERGE_REQUEST_IID")
        missing = [name for name in names if not environ.get(name)]
        if missing:
            raise NoNote(f"{', '.join(missing)} not set")
        self._token, self._api, project, number = (environ[name] for name in names)
        self._notes = f"{self._api}/projects/{project}/merge_requests/{number}/notes"

    def put(self, text: str) -> None:
        """Writes the note anew, or for the first time."""
        first = text.splitlines()[0]
        me = self._ask("GET", f"{self._api}/user")["id"]
        for note in self._all():
            lines = str(note.get("body", "")).splitlines()
            if note["author"]["id"] == me and lines and _is_same(lines[0], first):
                self._ask("PUT", f"{self._notes}/{int(note['id'])}", {"body": text})
                return
        self._ask("POST", self._notes, {"body": text})

    def _all(self) -> Iterator[Mapping[str, Any]]:
        page = 1
        while notes := self._ask("GET", f"{self._notes}?per_page=100&page={page}"):
            yield from notes
            page += 1

    def _ask(self, method: str, url: str, body: Mapping[str, str] | None = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        headers = {"PRIVATE-TOKEN": self._token, "Content-Type": "application/json"}
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310  # the runner's URL
        try:
            with _opener.open(request, timeout=TIMEOUT) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise NoNote(f"{method} {urlsplit(url).path}: {error.code}") from error
        except (OSError, ValueError) as error:
            raise NoNote(f"{method} {urlsplit(url).path}: no answer that can be read") from error


def _is_same(first: str, wanted: str) -> bool:
    """Whether two first lines mark the same note. That of a broken file stands for any project's."""
    return first == wanted or (
        OWN_MARKER in (first, wanted) and first.startswith(MARKER) and wanted.startswith(MARKER)
    )


def main(arguments: list[str]) -> int:
    """0 where the note stands."""
    if len(arguments) != 1:
        sys.stderr.write("usage: note.py FILE\n")
        return 64
    try:
        text = Path(arguments[0]).read_text(encoding="utf-8").strip()
        if not text.startswith(MARKER):
            text = f"{OWN_MARKER}\n{text or 'No plan could be made: the log of the job says why.'}"
        MergeRequest(os.environ).put(text)
    except (NoNote, OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"note.py: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
