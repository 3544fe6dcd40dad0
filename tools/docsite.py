"""What the documentation site needs beyond its Markdown, as a hook of mkdocs: the same files read well on GitHub.

Folders of the navigation become their pages, as the page `index.md` of each lists them. Documents at the root of the
repository (the changelog, say) become pages, too. Links that lead out of `docs/` lead to such a page, or where there is
none, are the text alone. Headings get the anchors that GitHub gives them.
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

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SCHEMAS = ROOT / "reconciler" / "schemas"
# Documents that stand where GitHub looks for them, and their names on the site.
ROOT_PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
}

_FENCED = re.compile(r"^(`{3,}).*?^\1$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[([^\]\n]*(?:\n[^\]\n]*)?)\]\(([^)\s]+)\)")
_LISTED = re.compile(r"^\| (?:[^|]*\| )?\[([^\]]+)\]\(([a-z-]+\.md)\) \|", re.MULTILINE)
_CODE_IN_ROW = re.compile(r"`[^`\n]*`")
_ROW = re.compile(r"^\|.*$", re.MULTILINE)
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
    """The pages of a folder, its own page first, the others in the order and under the names that this one lists."""
    index = (DOCS / folder / "index.md").read_text(encoding="utf-8")
    listed = {target: text for text, target in _LISTED.findall(index)}
    rest = sorted(path.name for path in (DOCS / folder).glob("*.md") if path.name not in listed)
    return [
        f"{folder}index.md",
        *({_title(text): f"{folder}{target}"} for target, text in listed.items()),
        *(f"{folder}{name}" for name in rest if name != "index.md"),
    ]


def _title(text: str) -> str:
    name = text.replace("`", "")
    return name[:1].upper() + name[1:] if " " in name else name


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that stand at the root of the repository, and the schemas under their addresses."""
    for name, page in ROOT_PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / name)))
    for schema in sorted(SCHEMAS.glob("*.schema.json")):
        files.append(File.generated(config, f"schemas/{schema.name}", abs_src_path=str(schema)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """A page with links that hold on the site."""
    del config, files
    if page.is_homepage:
        page.meta.setdefault("hide", ["navigation"])
    parts, at = [], 0
    for fence in _FENCED.finditer(markdown):
        parts += [_linked(markdown[at : fence.start()], page.file.src_uri), fence[0]]
        at = fence.end()
    return "".join([*parts, _linked(markdown[at:], page.file.src_uri)])


def _linked(text: str, page: str) -> str:
    rows = _ROW.sub(lambda row: _CODE_IN_ROW.sub(_unescaped, row[0]), text)
    return _LINK.sub(lambda link: _link(link[1], link[2], page), rows)


def _unescaped(code: re.Match[str]) -> str:
    """GitHub wants a bar in the code of a table escaped, and Python-Markdown shows the backslash."""
    return code[0].replace("\\|", "|")


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
