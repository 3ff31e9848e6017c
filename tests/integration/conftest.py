"""S3 and SQS in this process, by moto, for the tests that import."""

from collections.abc import Iterator

import boto3
import pytest

from tests.support.aws import Aws, aws_by_moto
from tests.support.settings import settings_for


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Aws]:
    with aws_by_moto(monkeypatch):
        s3, sqs = boto3.client("s3"), boto3.client("sqs")
        queue_url = sqs.create_queue(QueueName="loans-test-imports")["QueueUrl"]
        settings = settings_for(database_url, IMPORT_QUEUE_URL=queue_url)
        s3.create_bucket(Bucket=settings.import_bucket)
        s3.put_bucket_versioning(Bucket=settings.import_bucket, VersioningConfiguration={"Status": "Enabled"})
        yield Aws(s3, sqs, settings)
