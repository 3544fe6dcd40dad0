"""The scripts' way to GitHub: patience within bounds, and a token that goes nowhere else."""

from __future__ import annotations

import pytest

from github_api import TRIES, GitHub, GitHubError
from tests.support.github import REPOSITORY, FakeGitHub


def client(github: FakeGitHub, **permissions: str) -> GitHub:
    """A client with a token that may do this."""
    token = github.token({name.replace("_", "-"): level for name, level in permissions.items()})
    return GitHub(github.url, token, REPOSITORY, wait=0.001)


def test_a_read_is_tried_again(github: FakeGitHub) -> None:
    """Server errors pass."""
    github.fail("GET", "/issues$", 502, times=TRIES - 1)
    assert list(client(github, issues="read").pages("/issues")) == []


def test_trying_ends(github: FakeGitHub) -> None:
    """After five tries it is an error that says what and why."""
    github.fail("GET", "/issues$", 502, times=99)
    with pytest.raises(GitHubError, match="GET /repos/acme/voice/issues: 502 made to fail"):
        list(client(github, issues="read").pages("/issues"))
    assert len(github.requests) == TRIES


def test_nobody_waits_for_an_hour(github: FakeGitHub) -> None:
    """A limit that lasts longer than a minute is an error at once."""
    github.fail("GET", "/issues$", 429, headers={"Retry-After": "3600"})
    with pytest.raises(GitHubError, match="429"):
        list(client(github, issues="read").pages("/issues"))
    assert len(github.requests) == 1


def test_the_primary_limit_is_known_by_its_headers(github: FakeGitHub) -> None:
    """A 403 with no request left is a limit, and waits until it is lifted."""
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}
    github.fail("GET", "/issues$", 403, headers=headers)
    assert list(client(github, issues="read").pages("/issues")) == []


def test_a_right_that_is_missing_is_no_limit(github: FakeGitHub) -> None:
    """A plain 403 is not tried again."""
    with pytest.raises(GitHubError) as caught:
        client(github, issues="read").send("POST", "/issues", {"title": "a", "body": "b"})
    assert caught.value.is_forbidden
    assert len(github.requests) == 1


def test_a_post_is_not_repeated_blindly(github: FakeGitHub) -> None:
    """Its answer may be what got lost."""
    github.fail("POST", "/issues$", 502, done=True)
    with pytest.raises(GitHubError) as caught:
        client(github, issues="write").send("POST", "/issues", {"title": "a", "body": "b"})
    assert caught.value.is_lost
    assert len(github.issues) == 1


def test_all_pages_are_read(github: FakeGitHub) -> None:
    """By following the links."""
    github.page_size = 7
    for number in range(30):
        github.comment(1, str(number))
    found = client(github, issues="read").pages("/issues/1/comments")
    assert [comment["body"] for comment in found] == [str(number) for number in range(30)]


def test_a_list_that_goes_on_elsewhere_is_not_followed(github: FakeGitHub) -> None:
    """The token is GitHub's."""
    link = '<http://127.0.0.2:9/repos>; rel="next"'
    github.comment(1, "only one")
    github.fail("GET", "/issues/1/comments$", 200, headers={"Link": link}, message="")
    found = client(github, issues="read").pages("/issues/1/comments")
    with pytest.raises(GitHubError, match="another host"):
        list(found)


def test_nobody_at_home(github: FakeGitHub) -> None:
    """A connection that fails is an error without a status, and without the token."""
    token = github.token({})
    with pytest.raises(GitHubError) as caught:
        GitHub("http://127.0.0.1:9", token, REPOSITORY, wait=0.001).get("/issues")
    assert caught.value.status == 0
    assert token not in str(caught.value)
