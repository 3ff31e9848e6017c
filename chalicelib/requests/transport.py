"""That browsers use TLS from now on: said everywhere but on a laptop, which has none (RFC 6797, 7.2)."""

from chalicelib.config import LOCAL, stage_name


def strict_transport() -> dict[str, str]:
    """The header for an answer of this stage. Reads nothing that could be missing, so an error page may say it too."""
    return {} if stage_name() == LOCAL else {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
