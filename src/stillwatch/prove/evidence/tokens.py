"""A key inside a token (HSM, smart card) that signs bundles, through PKCS#11."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from stillwatch.errors import ConfigurationError, MissingExtraError
from stillwatch.prove.evidence.keys import PublicKey

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["TokenSigner"]


class TokenSigner:
    """An ECDSA P-256 key that never leaves its token.

    Args:
        library: the token's PKCS#11 library.
        token: label of the token.
        label: label of the key pair.
        pin: of the user.

    Raises:
        MissingExtraError: python-pkcs11 is not installed.
        ConfigurationError: the token, the PIN or the key is not there.
    """

    def __init__(self, library: Path, token: str, label: str, pin: str) -> None:
        try:
            import pkcs11  # noqa: PLC0415 - optional
            from pkcs11.util.ec import encode_ec_public_key  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                "tokens need python-pkcs11", todo="pip install 'stillwatch[prove-hsm]'"
            ) from error
        self._pkcs11 = pkcs11
        try:
            held = pkcs11.lib(str(library)).get_token(token_label=token)
            self._session = held.open(user_pin=pin)
            self._private: Any = self._session.get_key(
                pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.KeyType.EC, label
            )
            public: Any = self._session.get_key(
                pkcs11.ObjectClass.PUBLIC_KEY, pkcs11.KeyType.EC, label
            )
            self.public = PublicKey(encode_ec_public_key(public))
        except (pkcs11.PKCS11Error, RuntimeError) as error:
            raise ConfigurationError(
                f"the token gives no key: {type(error).__name__} {error}".strip(),
                where=f"{token}, {label}",
                todo="check the library, the labels and the PIN",
            ) from error

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message, DER."""
        from pkcs11.util.ec import encode_ecdsa_signature  # noqa: PLC0415 - optional

        digest = hashlib.sha256(message).digest()  # tokens that hash by themselves are rare
        raw = self._private.sign(digest, mechanism=self._pkcs11.Mechanism.ECDSA)
        return bytes(encode_ecdsa_signature(raw))
