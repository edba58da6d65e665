"""Addresses of images that lie elsewhere, as in https://host/image.zarr: which are read at all.

Nothing is fetched here, and nowhere unless the user has named an address.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from structmask_gui.core.errors import InputError

KINDS = ("https", "http", "s3", "gs", "gcs", "az", "abfs", "abfss")
"""Kinds of address that are read. The library knows others, some of which read files that say where
else to look, or run other programs."""


_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where Linux systems keep their root certificates."""


def remote_address(path: str | os.PathLike[str]) -> str | None:
    """Return the address a path stands for, as in https://host/image.zarr, or None.

    Making a path of an address takes one of its two slashes away.
    """
    text = path if isinstance(path, str) else Path(path).as_posix()
    found = re.match(r"^([A-Za-z][A-Za-z0-9+.-]+):/{1,2}(?=[^/])", text)
    return f"{found.group(1)}://{text[found.end() :]}" if found else None


def check_address(address: str) -> None:
    """Refuse an address of another kind than `KINDS`, or with a password or what may be one."""
    kind, _, rest = address.partition("://")
    if kind.lower() not in KINDS:
        raise InputError(
            f"addresses that begin with {kind[:40]}:// are not read; give one that begins"
            " with https://, s3://, gs://, az:// or abfs://."
        )
    user = rest.partition("/")[0].rpartition("@")[0]
    # For servers of web pages a name alone is a token; a query may be a signature, or a key.
    web = kind.lower() in ("http", "https")
    if ":" in user or (web and (user or "?" in rest)):
        raise InputError(
            "holds a password or a key, which would stand in every record; leave it out and put it"
            " where the library looks for it: its own configuration, or for S3 the usual"
            " environment variables."
        )


def find_certificates() -> None:
    """Let the packaged program find the certificates of the Linux system it runs on.

    Its library for secure connections looks where the system keeps them that it was built on.
    """
    if not (getattr(sys, "frozen", False) and sys.platform.startswith("linux")):
        return
    import ssl

    known = ssl.get_default_verify_paths()
    if known.cafile is None and known.capath is None:
        found = next((path for path in _CERTIFICATES if Path(path).is_file()), None)
        if found is not None:
            os.environ["SSL_CERT_FILE"] = found
