"""S3 and SQS of a test, with the bucket and the queue of the imports."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.config import Settings
from chalicelib.ingest.events import ObjectReference

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


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
