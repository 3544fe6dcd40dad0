"""What the documentation site needs beyond its Markdown, as a hook of mkdocs: the same files read well on GitHub.

Folders of the navigation become their pages. Documents at the root of the repository (the changelog, say) become pages,
too. Links that lead out of `docs/` lead to such a page, or where there is none, are the text alone. Headings get the
anchors that GitHub gives them.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from reconciler.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
# Documents that stand where GitHub looks for them, and their names on the site.
ROOT_PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
}

_FENCED = re.compile(r"^(`{3,}).*?^\1$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[([^\]\n]*(?:\n[^\]\n]*)?)\]\(([^)\s]+)\)")
_NOT_IN_A_SLUG = re.compile(r"[^\w\- ]")


def slug(heading: str, _: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return _NOT_IN_A_SLUG.sub("", heading.strip().lower()).replace(" ", "-")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Anchors as on GitHub, and a navigation without folders."""
    config.mdx_configs["toc"]["slugify"] = slug
    config.nav = [expanded(entry) for entry in config.nav or []]
    return config


def expanded(entry: Any) -> Any:
    """An entry of the navigation with the pages of its folders."""
    if not isinstance(entry, dict):
        return entry
    ((title, value),) = entry.items()
    if isinstance(value, list):
        return {title: [expanded(one) for one in value]}
    return {title: pages_of(value) if value.endswith("/") else value}


def pages_of(folder: str) -> list[str | dict[str, str]]:
    """The pages of a folder, its own page first."""
    names = sorted(path.stem for path in (DOCS / folder).glob("*.md"))
    if folder == "commands/":
        names = [*COMMANDS]
    return [
        f"{folder}index.md",
        *({name: f"{folder}{name}.md"} for name in names if name != "index"),
    ]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that stand at the root of the repository."""
    for name, page in ROOT_PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """A page with links that hold on the site."""
    del config, files
    parts, at = [], 0
    for fence in _FENCED.finditer(markdown):
        parts += [_linked(markdown[at : fence.start()], page.file.src_uri), fence[0]]
        at = fence.end()
    return "".join([*parts, _linked(markdown[at:], page.file.src_uri)])


def _linked(text: str, page: str) -> str:
    return _LINK.sub(lambda link: _link(link[1], link[2], page), text)


def _link(text: str, target: str, page: str) -> str:
    if "://" in target or target.startswith(("#", "mailto:")):
        return f"[{text}]({target})"
    path, hash_, anchor = target.partition("#")
    place = _on_site(path, page)
    return text if place is None else f"[{text}]({place}{hash_}{anchor})"


def _on_site(path: str, page: str) -> str | None:
    """Where a link from a page leads on the site, from that page; None where it leads out of it."""
    names = {site: name for name, site in ROOT_PAGES.items()}
    source = ROOT / names[page] if page in names else DOCS / page
    target = Path(os.path.normpath(source.parent / path))
    if target.is_relative_to(DOCS):
        uri = target.relative_to(DOCS).as_posix()
    elif target.name in ROOT_PAGES and target.parent == ROOT:
        uri = ROOT_PAGES[target.name]
    else:
        return None
    return posixpath.relpath(uri, posixpath.dirname(page) or ".")
