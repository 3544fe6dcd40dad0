"""The one comment on a pull request: found by its marker and its author, written anew in place.

A comment of somebody else is never touched, even if it starts with our marker: its author could go on to edit it, and
what reviewers read would be theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from github_api import GitHub, GitHubError
from page import marker
from workflow import Step

_LOOKS = 3


def first_line(step: Step) -> str:
    """The marker of this project's comment."""
    return marker(step.called("pull-request"))


def put_comment(step: Step, github: GitHub, pull_request: int, text: str) -> str:
    """Writes the comment, whose first line is the marker; returns its address. Raises `GitHubError`."""
    for look in range(_LOOKS):
        existing = _find(step, github, pull_request)
        try:
            if existing is not None:
                written = github.send(
                    "PATCH", f"/issues/comments/{int(existing['id'])}", {"body": text}
                )
            else:
                written = github.send("POST", f"/issues/{pull_request}/comments", {"body": text})
            return str(written.get("html_url", ""))
        except GitHubError as error:
            # It may have been written: only a look at the list tells. Or the old one was deleted in between.
            if look == _LOOKS - 1 or not (error.is_lost or (existing and error.status == 404)):
                raise
    raise AssertionError("the loop returns or raises")


def _find(step: Step, github: GitHub, pull_request: int) -> Mapping[str, Any] | None:
    for comment in github.pages(f"/issues/{pull_request}/comments"):
        if is_own(step, comment, first_line(step)):
            found: Mapping[str, Any] = comment
            return found
    return None


def is_own(step: Step, written: Mapping[str, Any], first: str) -> bool:
    """Whether a comment or an issue is by the author that this token writes as, and starts with the marker."""
    author = (written.get("user") or {}).get("login")
    lines = str(written.get("body") or "").splitlines()
    return author == step.input("author") and bool(lines) and lines[0].strip() == first
