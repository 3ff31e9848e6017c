"""Files that a client fetches from S3 by a signed link: the gateway would garble them (docs/decisions/api.md)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from chalicelib.errors import LoanError, Unavailable
from chalicelib.imports.files import CONTENT_TYPES

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client

LINK_SECONDS = 900
XLSX = CONTENT_TYPES[".xlsx"]
PDF = "application/pdf"

# Who may not list the bucket is told 403 instead of 404 about an object that is not there.
NOT_THERE = {"404", "403", "NoSuchKey", "NotFound", "NoSuchVersion"}


def published(
    s3: "S3Client",
    signer: "S3Client",
    *,
    bucket: str,
    key: str,
    make: Callable[[], bytes],
    content_type: str = XLSX,
) -> str:
    """A link to the file under `key`, which `make` makes unless it is there: a key names what is in the file.
    `content_type` is that of the file.

    `s3` is asked; `signer` signs the link, for the address at which the reader reaches S3.

    Raises Unavailable where S3 cannot be reached.
    """
    with reached():
        if not _is_there(s3, bucket, key):
            s3.put_object(Bucket=bucket, Key=key, Body=make(), ContentType=content_type)
    return download_link(signer, bucket, key)


def download_link(signer: "S3Client", bucket: str, key: str) -> str:
    """A link that lets whoever has it download the object, under its own name, for LINK_SECONDS."""
    # The name may be in any script, which the header allows in this form only (RFC 6266).
    disposition = f"attachment; filename*=UTF-8''{quote(key.rpartition('/')[2], safe='')}"
    parameters = {"Bucket": bucket, "Key": key, "ResponseContentDisposition": disposition}
    return signer.generate_presigned_url("get_object", Params=parameters, ExpiresIn=LINK_SECONDS)


@contextmanager
def reached(not_there: LoanError | None = None) -> Iterator[None]:
    """Raises Unavailable where S3 cannot be reached inside; `not_there`, if given, where the object is not there."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        if not_there and isinstance(error, ClientError) and _code(error) in NOT_THERE:
            raise not_there from error
        raise Unavailable("The store of files cannot be reached at the moment; please try again.") from error


def _is_there(s3: "S3Client", bucket: str, key: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if _code(error) in NOT_THERE:
            return False
        raise
    return True


def _code(error: "ClientError") -> str | None:
    return error.response.get("Error", {}).get("Code")
