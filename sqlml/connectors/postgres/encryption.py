"""What a client needs to be sure of the other end of its encrypted connection."""

import ssl
from dataclasses import dataclass
from hashlib import new
from pathlib import Path

# Algorithms of signatures whose own hash is not SHA-256, as ASN.1 has their names.
_OTHER = {
    bytes.fromhex("06092a864886f70d01010c"): "sha384",
    bytes.fromhex("06092a864886f70d01010d"): "sha512",
    bytes.fromhex("06082a8648ce3d040303"): "sha384",
    bytes.fromhex("06082a8648ce3d040304"): "sha512",
}


@dataclass(frozen=True, slots=True)
class Encryption:
    """end_point: the hash of the server's certificate, `tls-server-end-point` of RFC 5929."""

    context: ssl.SSLContext
    end_point: bytes

    @classmethod
    def read(cls, certificate: Path, key: Path | None = None) -> "Encryption":
        """Of files in PEM.

        Raises:
            OSError, ValueError: they are none.
        """
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
        _, _, rest = certificate.read_text("utf-8").partition(begin)
        der = ssl.PEM_cert_to_DER_cert(begin + rest.partition(end)[0] + end)
        # the last time that the certificate names an algorithm, it is that of its signature
        used = max(_OTHER, key=der.rfind)
        return cls(context, new(_OTHER[used] if used in der else "sha256", der).digest())
