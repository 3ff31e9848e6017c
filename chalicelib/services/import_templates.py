"""The template workbook, where it can be downloaded from."""

import io
from typing import TYPE_CHECKING

from chalicelib.services.files import published

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def template_link(s3: "S3Client", signer: "S3Client", bucket: str) -> str:
    """A link to the template workbook, which is made when it is first asked for. Raises Unavailable without S3."""
    from chalicelib.ingest.template import edition

    key = f"templates/{edition()}/loans-import-template.xlsx"
    return published(s3, signer, bucket=bucket, key=key, make=_template)


def _template() -> bytes:
    from chalicelib.ingest.template import write_template

    file = io.BytesIO()
    write_template(file)
    return file.getvalue()
