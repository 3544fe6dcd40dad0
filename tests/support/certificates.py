"""Certificates made by openssl in a moment: an authority of the tests' own, and what it signs, good or not.

`Authority(folder)` makes it; `issue(name, …)` gives the server's side of TLS with a certificate. `file` is the
authority's own certificate, which a client trusts by the variable SSL_CERT_FILE.
"""

from __future__ import annotations

import shutil
import ssl
import subprocess
from typing import TYPE_CHECKING

from tests.support.missing import missing

if TYPE_CHECKING:
    from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Authority:
    """A certificate authority in a folder. A test that needs it is skipped where there is no openssl."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.file = folder / "authority.pem"
        self._openssl(
            ("req", "-x509", *_KEY, "-days", "2", "-subj", "/CN=tests", "-out", str(self.file)),
            ("-keyout", str(folder / "authority.key")),
        )

    def issue(
        self, address: str = "IP:127.0.0.1", *, days: int = 1, signed: bool = True
    ) -> ssl.SSLContext:
        """The server's side with a certificate for an address; with fewer than no `days` it is over already."""
        stem = self._folder / f"{len(list(self._folder.iterdir()))}"
        key, request, made = f"{stem}.key", f"{stem}.csr", f"{stem}.pem"
        extension = self._folder / f"{stem.name}.ext"
        extension.write_text(f"subjectAltName={address}\n")
        self._openssl(("req", "-new", *_KEY, "-subj", "/CN=x", "-keyout", key, "-out", request))
        by = (
            (
                "-CA",
                str(self.file),
                "-CAkey",
                str(self._folder / "authority.key"),
                "-CAcreateserial",
            )
            if signed
            else ("-signkey", key)
        )
        self._openssl(
            ("x509", "-req", "-in", request, *by, "-days", str(days), "-out", made),
            ("-extfile", str(extension)),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made, key)
        return context

    def _openssl(self, *parts: tuple[str, ...]) -> None:
        program = shutil.which("openssl")
        if program is None:
            missing("no openssl on this machine to make a certificate")
        line = [program, *(word for part in parts for word in part)]
        subprocess.run(line, check=True, capture_output=True)
