"""A GitHub API on loopback that behaves: one repository with its pull requests, issues, runs and artefacts.

It pages its lists, refuses what a token may not do, refuses texts that are too long, redirects downloads to another
address, and can be made to fail. Tests look at its state, and at every request that it got.
"""

from __future__ import annotations

import io
import itertools
import json
import re
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

REPOSITORY = "acme/voice"
REPOSITORY_ID = 1001
FORK_ID = 2002
BOT = "github-actions[bot]"
BODY_LIMIT = 65_536


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in."""

    method: str
    path: str
    query: Mapping[str, str]
    authorization: str | None
    body: Any


@dataclass(slots=True)
class Fault:
    """How the next matching requests fail. `done`: it is carried out, and only the answer is lost."""

    method: str
    path: re.Pattern[str]
    status: int
    times: int
    headers: Mapping[str, str]
    message: str
    done: bool


class _Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class FakeGitHub:
    """The repository `acme/voice` with the default branch `main`. Used as a context manager it listens."""

    default_branch: str = "main"
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    issues: list[dict[str, Any]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    artefacts: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    page_size: int = 100
    _tokens: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    _files: dict[int, bytes] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(5000))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: ThreadingHTTPServer | None = None
    _thread: threading.Thread | None = None

    # --- what a test arranges

    def token(self, permissions: Mapping[str, str], login: str = BOT) -> str:
        """A token that may do so much, such as `{"issues": "write"}`, and writes in that name."""
        token = f"ghs_token{next(self._ids)}of{login.partition('[')[0]}"
        self._tokens[token] = (login, dict(permissions))
        return token

    def comment(self, number: int, body: str, login: str = BOT) -> dict[str, Any]:
        """A comment that is there already."""
        comment = {"id": next(self._ids), "user": {"login": login}, "body": body}
        self.comments.setdefault(number, []).append(comment)
        return comment

    def issue(self, title: str, body: str, login: str = BOT, *labels: str) -> dict[str, Any]:
        """An open issue that is there already."""
        issue = {
            "number": next(self._ids),
            "user": {"login": login},
            "title": title,
            "body": body,
            "state": "open",
            "labels": [{"name": label} for label in labels],
        }
        self.issues.append(issue)
        return issue

    def pull(
        self, number: int, head_sha: str, repository_id: int = REPOSITORY_ID
    ) -> dict[str, Any]:
        """An open pull request; with another repository's id it comes from a fork."""
        pull = {
            "number": number,
            "head": {"sha": head_sha, "ref": f"branch-{number}", "repo": {"id": repository_id}},
            "base": {"ref": self.default_branch},
            "merged_at": None,
            "merge_commit_sha": None,
        }
        self.pulls[number] = pull
        return pull

    def merge(self, number: int, sha: str) -> None:
        """Merges a pull request as that commit."""
        self.pulls[number] |= {"merged_at": "2026-01-01T00:00:00Z", "merge_commit_sha": sha}

    def run(self, workflow: str, event: str, **fields: Any) -> dict[str, Any]:
        """A run of a workflow file, which is at work until its `conclusion` is set."""
        number = next(self._ids)
        run = {
            "id": number,
            "path": f".github/workflows/{workflow}",
            "event": event,
            "status": "in_progress",
            "conclusion": None,
            "head_branch": self.default_branch,
            "head_sha": "",
            "repository": {"id": REPOSITORY_ID},
            "head_repository": {"id": REPOSITORY_ID},
            "run_started_at": f"2026-01-01T00:00:{len(self.runs):05}Z",
            "html_url": f"https://github.example/{REPOSITORY}/actions/runs/{number}",
            **fields,
        }
        self.runs.insert(0, run)
        return run

    def upload(self, run: Mapping[str, Any], name: str, files: Mapping[str, bytes]) -> None:
        """An artefact of a run; one of the same name in the same run is replaced."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in files.items():
                archive.writestr(path, content)
        self.artefacts = [
            one
            for one in self.artefacts
            if (one["name"], one["workflow_run"]["id"]) != (name, run["id"])
        ]
        number = next(self._ids)
        self._files[number] = packed.getvalue()
        self.artefacts.insert(
            0,
            {
                "id": number,
                "name": name,
                "expired": False,
                "workflow_run": {
                    "id": run["id"],
                    "repository_id": run["repository"]["id"],
                    "head_repository_id": run["head_repository"]["id"],
                    "head_branch": run["head_branch"],
                    "head_sha": run["head_sha"],
                },
            },
        )

    def files_of(self, run_id: int, name: str) -> dict[str, bytes] | None:
        """What an artefact of a run holds."""
        for artefact in self.artefacts:
            if artefact["name"] == name and artefact["workflow_run"]["id"] == run_id:
                with zipfile.ZipFile(io.BytesIO(self._files[artefact["id"]])) as archive:
                    return {path: archive.read(path) for path in archive.namelist()}
        return None

    def damage(self, name: str) -> None:
        """Makes the newest artefact of that name something that is no archive."""
        artefact = next(one for one in self.artefacts if one["name"] == name)
        self._files[artefact["id"]] = b"not an archive"

    def fail(
        self,
        method: str,
        path: str,
        status: int,
        *,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
        message: str = "made to fail",
        done: bool = False,
    ) -> None:
        """Lets the next matching requests fail."""
        pattern = re.compile(path)
        self.faults.append(Fault(method, pattern, status, times, headers or {}, message, done))

    # --- the server

    @property
    def url(self) -> str:
        """Where the API is."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        assert self._thread is not None
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a request."""
        with self._lock:
            self.requests.append(request)
            if request.path.startswith("/_blob/"):
                return 200, {}, self._files[int(request.path.rpartition("/")[2])]
            fault = self._fault(request)
            if fault is not None and not fault.done:
                return fault.status, dict(fault.headers), _message(fault.message)
            try:
                status, headers, content = self._route(request)
            except _Refused as refused:
                return refused.status, {}, _message(str(refused))
            if fault is not None:
                return fault.status, dict(fault.headers), _message(fault.message)
            return status, headers, b"" if content is None else json.dumps(content).encode()

    def _fault(self, request: Request) -> Fault | None:
        for fault in self.faults:
            if fault.times and fault.method == request.method and fault.path.search(request.path):
                fault.times -= 1
                return fault
        return None

    def _route(self, request: Request) -> tuple[int, dict[str, str], Any]:
        token = (request.authorization or "").removeprefix("Bearer ")
        if token not in self._tokens:
            raise _Refused(401, "Bad credentials")
        login, permissions = self._tokens[token]
        for method, pattern, needs, handle in _ROUTES:
            match = re.fullmatch(f"/repos/{REPOSITORY}{pattern}", request.path)
            if match is None or method != request.method:
                continue
            level = "read" if method == "GET" else "write"
            if not any(_allows(permissions.get(need), level) for need in needs):
                raise _Refused(403, "Resource not accessible by integration")
            content = handle(self, login, request, *match.groups())
            if isinstance(content, _Page):
                return 200, *self._paged(request, content)
            if isinstance(content, _Redirect):
                return 302, {"Location": f"{self.url}{content.path}"}, None
            return (201 if method == "POST" else 200), {}, content
        raise _Refused(404, "Not Found")

    def _paged(self, request: Request, page: _Page) -> tuple[dict[str, str], Any]:
        size = min(int(request.query.get("per_page", 30)), self.page_size)
        number = int(request.query.get("page", 1))
        shown = page.entries[(number - 1) * size : number * size]
        headers = {}
        if len(page.entries) > number * size:
            query = urlencode({**request.query, "page": number + 1})
            headers["Link"] = f'<{self.url}{request.path}?{query}>; rel="next"'
        if page.key is None:
            return headers, shown
        return headers, {"total_count": len(page.entries), page.key: shown}

    # --- what the routes do

    def _list_comments(self, login: str, request: Request, number: str) -> Any:
        return _Page(self.comments.get(int(number), []))

    def _create_comment(self, login: str, request: Request, number: str) -> Any:
        comment = self.comment(int(number), _body(request), login)
        return comment | {"html_url": f"https://github.example/{REPOSITORY}/pull/{number}"}

    def _edit_comment(self, login: str, request: Request, number: str) -> Any:
        for comment in itertools.chain.from_iterable(self.comments.values()):
            if comment["id"] == int(number):
                comment["body"] = _body(request)
                return comment
        raise _Refused(404, "Not Found")

    def _list_issues(self, login: str, request: Request) -> Any:
        label = request.query.get("labels")
        return _Page(
            [
                issue
                for issue in reversed(self.issues)
                if issue["state"] == request.query.get("state", "open")
                and (label is None or label in [one["name"] for one in issue["labels"]])
            ]
        )

    def _create_issue(self, login: str, request: Request) -> Any:
        labels = request.body.get("labels", [])
        issue = self.issue(request.body["title"], _body(request), login, *labels)
        return issue | {"html_url": f"https://github.example/{REPOSITORY}/issues/{issue['number']}"}

    def _edit_issue(self, login: str, request: Request, number: str) -> Any:
        for issue in self.issues:
            if issue["number"] == int(number):
                if "body" in request.body:
                    _body(request)
                issue |= request.body
                return issue
        raise _Refused(404, "Not Found")

    def _create_label(self, login: str, request: Request) -> Any:
        if request.body["name"] in self.labels:
            raise _Refused(422, "Validation Failed")
        self.labels.append(request.body["name"])
        return {"name": request.body["name"]}

    def _list_pulls(self, login: str, request: Request, sha: str) -> Any:
        return _Page([one for one in self.pulls.values() if one["merge_commit_sha"] == sha])

    def _list_runs(self, login: str, request: Request, workflow: str) -> Any:
        wanted = dict(request.query)
        status = wanted.get("status")
        return _Page(
            [
                run
                for run in self.runs
                if run["path"] == f".github/workflows/{workflow}"
                and wanted.get("event") in (None, run["event"])
                and wanted.get("head_sha") in (None, run["head_sha"])
                and status in (None, run["status"], run["conclusion"])
            ],
            "workflow_runs",
        )

    def _get_run(self, login: str, request: Request, number: str) -> Any:
        for run in self.runs:
            if run["id"] == int(number):
                return run
        raise _Refused(404, "Not Found")

    def _list_artefacts(self, login: str, request: Request, run: str | None = None) -> Any:
        name = request.query.get("name")
        return _Page(
            [
                one
                for one in self.artefacts
                if name in (None, one["name"]) and run in (None, str(one["workflow_run"]["id"]))
            ],
            "artifacts",
        )

    def _download(self, login: str, request: Request, number: str) -> Any:
        for artefact in self.artefacts:
            if artefact["id"] == int(number):
                if artefact["expired"]:
                    raise _Refused(410, "Artifact has expired")
                return _Redirect(f"/_blob/{number}?signature=abc")
        raise _Refused(404, "Not Found")


@dataclass(frozen=True, slots=True)
class _Page:
    entries: list[Any]
    key: str | None = None


@dataclass(frozen=True, slots=True)
class _Redirect:
    path: str


_Handle = Callable[..., Any]
_ISSUES = ("issues",)
_EITHER = ("issues", "pull-requests")
_ACTIONS = ("actions",)
_ROUTES: tuple[tuple[str, str, tuple[str, ...], _Handle], ...] = (
    ("GET", r"/issues/(\d+)/comments", _EITHER, FakeGitHub._list_comments),
    ("POST", r"/issues/(\d+)/comments", _EITHER, FakeGitHub._create_comment),
    ("PATCH", r"/issues/comments/(\d+)", _EITHER, FakeGitHub._edit_comment),
    ("GET", r"/issues", _ISSUES, FakeGitHub._list_issues),
    ("POST", r"/issues", _ISSUES, FakeGitHub._create_issue),
    ("PATCH", r"/issues/(\d+)", _ISSUES, FakeGitHub._edit_issue),
    ("POST", r"/labels", _ISSUES, FakeGitHub._create_label),
    ("GET", r"/commits/(\w+)/pulls", ("pull-requests",), FakeGitHub._list_pulls),
    ("GET", r"/actions/workflows/([\w.-]+)/runs", _ACTIONS, FakeGitHub._list_runs),
    ("GET", r"/actions/runs/(\d+)", _ACTIONS, FakeGitHub._get_run),
    ("GET", r"/actions/runs/(\d+)/artifacts", _ACTIONS, FakeGitHub._list_artefacts),
    ("GET", r"/actions/artifacts", _ACTIONS, FakeGitHub._list_artefacts),
    ("GET", r"/actions/artifacts/(\d+)/zip", _ACTIONS, FakeGitHub._download),
)


def _allows(granted: str | None, level: str) -> bool:
    return granted == "write" or granted == level


def _body(request: Request) -> str:
    body = request.body["body"]
    assert isinstance(body, str)
    if len(body) > BODY_LIMIT:
        raise _Refused(422, "Validation Failed: body is too long (maximum is 65536 characters)")
    return body


def _message(text: str) -> bytes:
    return json.dumps({"message": text}).encode()


def _handler(github: FakeGitHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Passes requests on."""

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            authorization = self.headers.get("Authorization")
            status, headers, content = github.answer(
                Request(self.command, parts.path, query, authorization, body)
            )
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815  # the names that http.server looks for

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            """The requests are kept, not printed."""

    return Handler
