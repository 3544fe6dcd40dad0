"""Reads the `project` section: which project this is, and what belongs to it."""

from __future__ import annotations

import re

from reconciler.config.free import ENV_NAME
from reconciler.config.nodes import Node, Sequence
from reconciler.config.paths import read_paths
from reconciler.config.section import SectionReader
from reconciler.core.ownership import UnlistedPolicy
from reconciler.sip.spec import KINDS

PROJECT_KEYS = ("name", "host", "env_prefix", "unlisted", "owns", "server", "unmanaged")
SERVER = r"(?:0|[1-9][0-9]{0,8})\.(?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8}))?|newest"
HOST = r"[^\s/@?#]+"
_SERVER = re.compile(SERVER)
_HOST = re.compile(HOST)


class ProjectReader(SectionReader):
    """Reads the project section of one file; each of its keys may stand in one file only."""

    def project(self, node: Node) -> None:
        """Reads the section into the draft."""
        mapping = self.mapping(node, "project", "a mapping")
        if mapping is None:
            return
        draft = self.sections.project
        for key, value in self.known(mapping, PROJECT_KEYS, "project", "a project"):
            path = f"project.{key}"
            place = mapping.key(key)
            if (first := draft.places.get(key)) is not None:
                self.twice(place, path, f'"{key}"', first)
            else:
                draft.places[key] = self.mark(place)
            self._key(key, value, path)

    def _key(self, key: str, node: Node, path: str) -> None:
        draft = self.sections.project
        match key:
            case "name":
                draft.name = self.text(node, path)
            case "host":
                draft.host = self._host(node, path)
            case "env_prefix":
                draft.env_prefix = self._env_prefix(node, path)
            case "unlisted":
                word = self.choice(node, path, tuple(UnlistedPolicy))
                draft.unlisted = None if word is None else UnlistedPolicy(word)
            case "owns":
                draft.owns = self._owns(node, path)
            case "server":
                draft.server = self._server(node, path)
            case _:
                draft.unmanaged = read_paths(
                    self, node, path, KINDS, "no kind of object has a field"
                )

    def _host(self, node: Node, path: str) -> str | None:
        text = self.full_text(node, path, "a host")
        if text is None or _HOST.fullmatch(text):
            return None if text is None else text.lower()
        message = "this is not a host alone"
        fix = "write acme.livekit.example, without a scheme or a path"
        self.error("bad-host", node, path, message, fix)
        return None

    def _env_prefix(self, node: Node, path: str) -> str | None:
        text = self.text(node, path)
        if not text or ENV_NAME.fullmatch(text):
            return text
        message = "no variable can start with this"
        fix = "write letters, digits and underscores, such as STAGING_"
        self.error("env-prefix", node, path, message, fix)
        return None

    def _owns(self, node: Node, path: str) -> tuple[str, ...] | None:
        texts = self.texts(node, path, "name globs")
        if type(node) is Sequence and not node.items:
            message = "an empty list would mean that every object is this project's"
            self.error("empty-list", node, path, message, "remove owns if that is meant")
        return tuple(texts) if texts else None

    def _server(self, node: Node, path: str) -> str | None:
        text = self.full_text(node, path, "a version")
        if text is None or _SERVER.fullmatch(text):
            return text
        message = "this is not a version of livekit-server"
        self.error("server-version", node, path, message, 'write "1.9", "1.9.12" or newest')
        return None
