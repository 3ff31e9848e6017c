"""Signs in to the database as the Lambda function's role, so that there is no password to keep.

A token of RDS is a signed URL without its scheme (AWS Signature Version 4, query parameters; service rds-db). The
AWS client would make the same text, at four times the import time of this service; a test holds both equal.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

from chalicelib.config import AwsCredentials

# What RDS takes at most. A token is needed while a connection is made, not after.
TOKEN_SECONDS = 900

_EMPTY_BODY = hashlib.sha256(b"").hexdigest()


class DatabaseAddress(NamedTuple):
    """Where the database is and as whom one signs in."""

    host: str
    port: int
    user: str


def authentication_token(address: DatabaseAddress, credentials: AwsCredentials, now: datetime | None = None) -> str:
    """The password of a role that may `rds-db:connect`, good for TOKEN_SECONDS."""
    moment = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{moment[:8]}/{credentials.region}/rds-db/aws4_request"
    parameters = {
        "Action": "connect",
        "DBUser": address.user,
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{credentials.access_key_id}/{scope}",
        "X-Amz-Date": moment,
        "X-Amz-Expires": str(TOKEN_SECONDS),
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.session_token:
        parameters["X-Amz-Security-Token"] = credentials.session_token
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(parameters.items()))
    host = f"{address.host}:{address.port}"
    request = "\n".join(("GET", "/", query, f"host:{host}", "", "host", _EMPTY_BODY))
    to_sign = "\n".join(("AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()))
    signature = hmac.new(_signing_key(credentials, scope), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{host}/?{query}&X-Amz-Signature={signature}"


def _signing_key(credentials: AwsCredentials, scope: str) -> bytes:
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
