"""GitHub's API, as far as these scripts need it: paged lists, writes, downloads, and patience within bounds.

Reads are repeated after a failure, and so is everything that GitHub says it has not done (rate limits). A `POST`
whose answer is lost is not: it may have had its effect, and whoever sent it has to look first. The token is sent to
the API's own address only, never to where a download is redirected, and is in no message.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urljoin, urlsplit

from workflow import Step

TRIES = 5
LONGEST_WAIT = 60.0
"""Seconds before one more try. Who is told to wait longer gives up: a job has better uses for its time."""
TIMEOUT = 30.0
LARGEST_ANSWER = 64 * 1024 * 1024
MOST_PAGES = 100
_PER_PAGE = 100


class GitHubError(Exception):
    """GitHub could not be asked, or said no. `status` is 0 where there was no answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status

    @property
    def is_forbidden(self) -> bool:
        """Whether the token may not do this: a read-only one, as forks have."""
        return self.status in (401, 403, 404)

    @property
    def is_lost(self) -> bool:
        """Whether what was asked may have been done all the same."""
        return self.status == 0 or self.status >= 500


class _Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Redirects are followed by hand, without the token."""


_opener = urllib.request.build_opener(_NoRedirect)


class GitHub:
    """One repository. Paths that begin with `/` are below the repository's."""

    def __init__(self, api: str, token: str, repository: str, wait: float = 1.0) -> None:
        self._api = api.rstrip("/")
        self._token = token
        self._root = f"{self._api}/repos/{quote(repository)}"
        self._wait = wait

    @classmethod
    def of(cls, step: Step) -> GitHub:
        """The repository of a step. GITHUB_API_RETRY_WAIT is the first pause between two tries, in seconds."""
        return cls(
            step.environ.get("GITHUB_API_URL", "https://api.github.com"),
            step.input("token"),
            step.repository,
            float(step.environ.get("GITHUB_API_RETRY_WAIT") or 1),
        )

    def get(self, path: str, **query: str | int) -> Any:
        """One object. Raises `GitHubError`."""
        return _json(self._ask("GET", self._url(path, query)))

    def pages(self, path: str, key: str | None = None, **query: str | int) -> Iterator[Any]:
        """The entries of a list, page by page; `key` is where they stand if the answer is an object."""
        url = self._url(path, {"per_page": _PER_PAGE, **query})
        for _ in range(MOST_PAGES):
            answer = self._ask("GET", url)
            content = _json(answer)
            yield from content[key] if key is not None else content
            following = _next(answer.headers.get("link", ""), url)
            if following is None:
                return
            url = following
            if urlsplit(url)[:2] != urlsplit(self._api)[:2]:
                raise GitHubError("GitHub's list goes on at another host: not followed")

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """A write. A `POST` is tried again only where it certainly had no effect."""
        return _json(self._ask(method, self._url(path, {}), json.dumps(body).encode()))

    def download(self, path: str) -> bytes:
        """What the API redirects to, at most 64 MiB."""
        url = self._url(path, {})
        answer = self._ask("GET", url)
        if answer.status in (301, 302, 303, 307, 308):
            answer = self._ask("GET", urljoin(url, answer.headers.get("location", "")), token=False)
        return answer.body

    def _url(self, path: str, query: Mapping[str, str | int]) -> str:
        return f"{self._root}{path}{f'?{urlencode(query)}' if query else ''}"

    def _ask(
        self, method: str, url: str, body: bytes | None = None, *, token: bool = True
    ) -> _Answer:
        headers = {"User-Agent": "livekit-reconciler"}
        if token:
            headers |= {
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "Authorization": f"Bearer {self._token}",
            }
        request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310  # the runner's URL
        number = 1
        while True:
            answer = _once(request)
            if answer is not None and answer.status < 400:
                return answer
            pause = _pause(method, answer, self._wait * 2 ** (number - 1))
            if pause is None or number == TRIES:
                # A download's address is a key to it.
                place = urlsplit(url).path if token else "of an artefact"
                raise _error(f"{method} {place}", answer)
            time.sleep(pause)
            number += 1


def _pause(method: str, answer: _Answer | None, usual: float) -> float | None:
    """The seconds before one more try; None where there must be none."""
    if answer is None or answer.status >= 500:
        return None if method == "POST" else usual
    limited = _limited(answer)
    if limited is None or limited > LONGEST_WAIT:
        return None
    return limited or usual


def _error(what: str, answer: _Answer | None) -> GitHubError:
    if answer is None:
        return GitHubError(f"{what}: GitHub does not answer")
    return GitHubError(f"{what}: {answer.status} {_said(answer.body)}".rstrip(), answer.status)


def _once(request: urllib.request.Request) -> _Answer | None:
    try:
        with _opener.open(request, timeout=TIMEOUT) as response:
            return _Answer(response.status, _lower(response.headers), _read(response))
    except urllib.error.HTTPError as error:
        with error:
            return _Answer(error.code, _lower(error.headers), _read(error))
    except (OSError, http.client.HTTPException, ValueError):
        # ValueError is a URL that urllib does not take, such as an empty one.
        return None


def _read(response: Any) -> bytes:
    data: bytes = response.read(LARGEST_ANSWER + 1)
    if len(data) > LARGEST_ANSWER:
        raise GitHubError("GitHub's answer is larger than 64 MiB", 413)
    return data


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _limited(answer: _Answer) -> float | None:
    """The seconds to wait where the answer is a rate limit, also the one that comes as a 403; None where it is not."""
    if answer.status not in (403, 429):
        return None
    after = answer.headers.get("retry-after", "")
    if after.isdigit():
        return float(after)
    if answer.headers.get("x-ratelimit-remaining") == "0":
        reset = answer.headers.get("x-ratelimit-reset", "")
        return max(0.0, float(reset) - time.time()) if reset.isdigit() else 0.0
    return 0.0 if answer.status == 429 or b"secondary rate limit" in answer.body else None


def _next(link: str, current: str) -> str | None:
    """Where a list goes on, from the header `Link`."""
    for part in link.split(","):
        target, _, parameters = part.partition(";")
        if 'rel="next"' in parameters:
            return urljoin(current, target.strip().removeprefix("<").removesuffix(">"))
    return None


def _json(answer: _Answer) -> Any:
    try:
        return json.loads(answer.body) if answer.body else None
    except ValueError as error:
        raise GitHubError("GitHub's answer is not JSON", answer.status) from error


def _said(body: bytes) -> str:
    try:
        content = json.loads(body)
        message = str(content.get("message", "")) if isinstance(content, dict) else ""
    except ValueError:
        message = ""
    return " ".join(message.split())[:200]
