"""AWS in this process, by moto, and what an importing test does with its S3 and SQS."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from chalicelib.config import Settings
from chalicelib.imports.s3_events import ObjectReference
from tests.support.settings import settings_for

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


_SESSION = boto3.Session()


@contextmanager
def aws_by_moto(monkeypatch: pytest.MonkeyPatch, region: str = "us-east-1") -> Iterator[None]:
    """An AWS with nothing in it, and credentials that nobody else takes."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    with mock_aws():
        # moto gives each its own, and each reads anew what there is to know of S3: ten times as long as all the rest.
        boto3.DEFAULT_SESSION = _SESSION
        yield


@dataclass(frozen=True)
class Aws:
    """The clients, and the settings that name the bucket and the queue."""

    s3: "S3Client"
    sqs: "SQSClient"
    settings: Settings

    def upload(self, key: str, content: bytes) -> ObjectReference:
        """Puts a new version of an object, and returns what S3's notification would name."""
        bucket = self.settings.import_bucket
        answer = self.s3.put_object(Bucket=bucket, Key=key, Body=content)
        return ObjectReference(bucket, key, answer["VersionId"], answer["ETag"].strip('"'), len(content))

    def messages(self) -> list[str]:
        """The bodies of what lies in the queue; they are taken out."""
        bodies = []
        while found := self.sqs.receive_message(QueueUrl=self.settings.import_queue_url).get("Messages"):
            for message in found:
                bodies.append(message["Body"])
                self.sqs.delete_message(QueueUrl=self.settings.import_queue_url, ReceiptHandle=message["ReceiptHandle"])
        return bodies


@contextmanager
def aws_for_imports(monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Aws]:
    """The bucket and the queue of imports, with nothing in them."""
    with aws_by_moto(monkeypatch):
        s3, sqs = boto3.client("s3"), boto3.client("sqs")
        queue_url = sqs.create_queue(QueueName="loans-test-imports")["QueueUrl"]
        settings = settings_for(database_url, IMPORT_QUEUE_URL=queue_url)
        s3.create_bucket(Bucket=settings.import_bucket)
        s3.put_bucket_versioning(Bucket=settings.import_bucket, VersioningConfiguration={"Status": "Enabled"})
        yield Aws(s3, sqs, settings)
