"""LocalStack's own server, bound to the addresses that GATEWAY_LISTEN names.

Its server on Twisted takes the port alone and listens on every network interface, where anybody could read the data,
and create a function, which here runs as the user who started the stack.
"""

from typing import Any

from localstack import config
from localstack.aws.serving.twisted import TLSMultiplexerFactory
from localstack.runtime.server.twisted import TwistedRuntimeServer
from rolo.serving.twisted import TwistedGateway
from twisted.internet import endpoints, reactor, ssl


class BoundServer(TwistedRuntimeServer):  # type: ignore[misc]  # LocalStack lives in a venv of its own
    """Listens where it is told to, and speaks HTTP and HTTPS there as LocalStack's own does."""

    def register(
        self, gateway: Any, listen: list[config.HostAndPort], ssl_creds: tuple[str, str] | None = None
    ) -> None:
        factory = _multiplexed(TwistedGateway(gateway), ssl_creds) if ssl_creds else TwistedGateway(gateway)
        for address in listen:
            kind = endpoints.TCP6ServerEndpoint if ":" in address.host else endpoints.TCP4ServerEndpoint
            kind(reactor, address.port, interface=address.host).listen(factory)


def _multiplexed(site: Any, ssl_creds: tuple[str, str]) -> Any:
    certificate, key = ssl_creds
    context = ssl.DefaultOpenSSLContextFactory(key, certificate)
    context.getContext().use_certificate_chain_file(certificate)
    return TLSMultiplexerFactory(context, False, site)
