"""Puts the template workbook where it can be downloaded from."""

import io
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import Unavailable
from chalicelib.services.import_jobs import XLSX

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TEMPLATES_PREFIX = "templates/"
# Who may not list the bucket is told 403 instead of 404 about an object that is not there.
NOT_THERE = {"404", "403", "NoSuchKey", "NotFound"}


def publish_template(s3: "S3Client", bucket: str) -> str:
    """Uploads the template unless this edition of it is there, and returns its key. Raises Unavailable."""
    from chalicelib.ingest.template import edition

    key = f"{TEMPLATES_PREFIX}{edition()}/loans-import-template.xlsx"
    try:
        if not _is_there(s3, bucket, key):
            s3.put_object(Bucket=bucket, Key=key, Body=_template(), ContentType=XLSX)
    except (BotoCoreError, ClientError) as error:
        raise Unavailable("The store of files cannot be reached at the moment; please try again.") from error
    return key


def _is_there(s3: "S3Client", bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in NOT_THERE:
            return False
        raise
    return True


def _template() -> bytes:
    from chalicelib.ingest.template import write_template

    file = io.BytesIO()
    write_template(file)
    return file.getvalue()
