"""TLS between ranks: version 1.3, both ends show the launch's certificate and accept no other.

A launch has one certificate, made for it alone. It is pinned: whoever has its private key is a rank of this
launch, whatever the names in it. Host names are not checked, since nobody knows the addresses of ranks when
the certificate is made, and no authority vouches for it. Its dates do count.
"""

from __future__ import annotations

import os
import socket
import ssl
import tempfile

from ..exit_codes import BadPlan
from ..plan import Tls


class Encryption:
    """Raises BadPlan where certificate and key are not what they should be."""

    def __init__(self, tls: Tls) -> None:
        try:
            self._certificate = ssl.PEM_cert_to_DER_cert(tls.certificate.strip())
            self._server = _context(tls, ssl.PROTOCOL_TLS_SERVER)
            self._client = _context(tls, ssl.PROTOCOL_TLS_CLIENT)
        except (ValueError, ssl.SSLError) as error:
            raise BadPlan(f"tls: not a certificate and its private key in PEM: {error}") from None
        # tickets would come unasked on connections that their sender never reads
        self._server.num_tickets = 0

    def accept(self, sock: socket.socket) -> ssl.SSLSocket:
        """Takes over a connection that was accepted. Raises OSError, and has closed it then."""
        return self._checked(self._server.wrap_socket(sock, server_side=True))

    def connect(self, sock: socket.socket) -> ssl.SSLSocket:
        """Takes over a connection that was made. Raises OSError, and has closed it then."""
        return self._checked(self._client.wrap_socket(sock))

    def _checked(self, sock: ssl.SSLSocket) -> ssl.SSLSocket:
        # the certificate is its own authority; what it has signed, if it may sign, is not the launch's
        if sock.getpeercert(binary_form=True) != self._certificate:
            sock.close()
            raise ConnectionError("the other end has another certificate than this launch")
        return sock


def _context(tls: Tls, protocol: ssl._SSLMethod) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=tls.certificate)
    _load_key(context, tls)
    return context


def _load_key(context: ssl.SSLContext, tls: Tls) -> None:
    """Python reads keys from files only: this one is ours alone (0600), and gone when it has been read."""
    descriptor, path = tempfile.mkstemp(prefix="bace-tls-")
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(f"{tls.certificate}\n{tls.private_key}\n")
        context.load_cert_chain(path)
    finally:
        os.unlink(path)
