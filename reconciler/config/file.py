"""Reads one file: its sections `version`, `project`, `sip`, `agents`, `tests` and `lint`, in any order."""

from __future__ import annotations

from reconciler.config.agents import AgentsReader
from reconciler.config.expectations import TestsReader
from reconciler.config.ignore import LintReader
from reconciler.config.nodes import Mapping, Node, Scalar, Tree
from reconciler.config.objects import ObjectReader, a
from reconciler.config.project import ProjectReader
from reconciler.config.section import SectionReader
from reconciler.config.sections import Sections
from reconciler.core.schema import Kind
from reconciler.sip.spec import KIND_BY_SECTION

SECTIONS = ("version", "project", "sip", "agents", "tests", "lint")
# Keys at the top that start so mean nothing: a place for anchors.
IGNORED = "x-"


class FileReader(SectionReader):
    """Reads the sections of one file into those of all files."""

    def __init__(self, tree: Tree, sections: Sections) -> None:
        super().__init__(sections)
        self._root = tree.root
        self._objects = ObjectReader(sections.problems, sections.secrets)

    def read(self) -> None:
        """Reads every section but the conventions, which wait until all files are read."""
        for key, node in self._root:
            match key:
                case "version":
                    self._version(node)
                case "project":
                    ProjectReader(self.sections).project(node)
                case "sip":
                    self._sip(node)
                case "agents":
                    AgentsReader(self.sections).agents(node)
                case "tests":
                    TestsReader(self.sections).tests(node)
                case "lint":
                    LintReader(self.sections).lint(node)
                case _ if not key.startswith(IGNORED):
                    message = f'there is no section "{key}"'
                    self.unknown_key(self._root, key, key, message, SECTIONS)

    def _version(self, node: Node) -> None:
        self.sections.has_version = True
        if type(node) is not Scalar or not node.plain or node.text != "1":
            expected = "1, the version of this language"
            self.wrong_type(node, "version", expected, "write version: 1")

    def _sip(self, node: Node) -> None:
        known = tuple(KIND_BY_SECTION)
        mapping = self.mapping(node, "sip", f"a mapping of {', '.join(known)}")
        if mapping is None:
            return
        for section, value in self.known(mapping, known, "sip", "the sip section"):
            kind = KIND_BY_SECTION[section]
            self.sections.sip.setdefault(kind.name, {})
            members = self.mapping(value, f"sip.{section}", f"a mapping of {kind.title}s by name")
            if members is not None:
                self._kind(kind, members)

    def _kind(self, kind: Kind, members: Mapping) -> None:
        objects = self.sections.sip[kind.name]
        for name, (line, column, body, plain, file) in members.entries.items():
            key = Scalar(name, plain, line, column, file)
            path = f"sip.{kind.section}.{name}"
            if file in self.sections.overlays:
                self.sections.unread.add((kind.name, name))
                continue
            read = self._objects.object(kind, name, key, body)
            if not name:
                fix = "write one; id pins an object whose live name is empty"
                self.error("no-value", key, path, f"{a(kind)} needs a name", fix)
            elif read is None:
                self.sections.unread.add((kind.name, name))
            elif (first := objects.get(name)) is not None:
                self.twice(key, path, f'"{name}"', first.origin.mark())
            else:
                objects[name], label = read
                if label is not None:
                    self.sections.lines[name] = label
