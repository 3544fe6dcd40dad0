"""Signs a token, and tells whether one was signed with a secret.

The JWT library is imported when the first token is made: it takes as long as all the rest of this package.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from reconciler.core.values import Secret
from reconciler.errors import EndpointError

if TYPE_CHECKING:
    from jwt import PyJWS

ALGORITHM = "HS256"
# LiveKit takes these as well (measured on 1.8.4 and 1.9.12).
ALGORITHMS = (ALGORITHM, "HS384", "HS512")


def sign(claims: Mapping[str, object], secret: Secret) -> str:
    """A JWT with these claims. Raises `EndpointError` for a secret that cannot sign."""
    from jwt.exceptions import PyJWTError

    payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode()
    try:
        return _signer().encode(payload, secret.reveal() or "", algorithm=ALGORITHM)
    except (PyJWTError, UnicodeError) as error:
        raise EndpointError(
            "the API secret cannot sign a token: it is a key of another kind; use the secret that LiveKit shows "
            "beside the API key"
        ) from error


def is_signed_with(token: str, secret: Secret) -> bool:
    """Whether the signature of a well-formed token is that of this secret."""
    from jwt.exceptions import PyJWTError

    try:
        _signer().decode(token, secret.reveal() or "", algorithms=list(ALGORITHMS))
    except (PyJWTError, UnicodeError):
        return False
    return True


@cache
def _signer() -> PyJWS:
    """HMAC with keys of any length, without a warning.

    How long the key is was decided when the project was made; `livekit-server --dev` has six characters. Silencing
    the library's warning would change a setting of the whole process, which other threads could notice.
    """
    from jwt import PyJWS
    from jwt.algorithms import HMACAlgorithm

    class AnyLength(HMACAlgorithm):
        def check_key_length(self, key: bytes) -> str | None:
            return None

    signer = PyJWS(algorithms=list(ALGORITHMS))
    for name in ALGORITHMS:
        signer.unregister_algorithm(name)
        signer.register_algorithm(
            name, AnyLength(getattr(HMACAlgorithm, name.replace("HS", "SHA")))
        )
    return signer
