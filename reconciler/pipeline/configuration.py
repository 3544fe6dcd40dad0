"""The configuration that a request names: its files with its overlays over them. The one place that reads them for a
command that needs nothing else; what is wrong with them is not judged here.
"""

from __future__ import annotations

from reconciler.config.load import load, read_files, read_overlays
from reconciler.config.model import Configuration
from reconciler.pipeline.request import Request


def configuration_of(request: Request) -> Configuration:
    """The configuration, whatever is wrong with it. Raises `FileError` where there is nothing to read."""
    overlays = read_overlays(request.overlays)
    return load(read_files(request.paths), request.environ, overlays)
