"""Papers as PDFs in S3: the gateway would garble them (docs/decisions/api.md)."""

import hashlib
from typing import TYPE_CHECKING

from chalicelib.paper.parts import Paper
from chalicelib.paper.pictures import do_without_pictures
from chalicelib.services.files import PDF, published

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Part of the key of a file: a paper whose looks have changed since is written anew.
LOOKS = 1


def pdf_link(s3: "S3Client", signer: "S3Client", *, bucket: str, paper: Paper) -> str:
    """A link to the PDF of a paper. The same paper is written once.

    Raises PdfCannotWrite if a letter of it is in no font of ours, and Unavailable without S3.
    """
    # What is in the file is part of its key, so a link never leads to another paper.
    digest = hashlib.sha256(repr((LOOKS, paper)).encode()).hexdigest()
    key = f"papers/{digest}/{paper.file_name}.pdf"
    return published(s3, signer, bucket=bucket, key=key, make=lambda: _bytes(paper), content_type=PDF)


def _bytes(paper: Paper) -> bytes:
    # A quarter of a second that only those pay who ask for a PDF.
    do_without_pictures()
    from chalicelib.paper.pdf import pdf_of

    return pdf_of(paper)
