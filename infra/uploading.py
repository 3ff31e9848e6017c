"""Where the revisions of a stage lie: a bucket with every zip and template, each under a digest of what it contains."""

import copy
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.packaging import Package

# boto3's Session or that of localstack_client, which share nothing but their methods.
Session = Any


def deployment_bucket(stage: str, session: Session) -> str:
    """The bucket of the stage's revisions, which is made where it is not there."""
    account = session.client("sts").get_caller_identity()["Account"]
    bucket = f"loans-{stage}-deployments-{account}"
    if not bucket_exists(bucket, session):
        s3 = session.client("s3")
        region = s3.meta.region_name
        # S3 takes every region as a location but its first.
        location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **location)
    return bucket


def bucket_exists(bucket: str, session: Session) -> bool:
    """Whether there is a bucket of the name. Raises ClientError where it is somebody else's."""
    try:
        session.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise
        return False
    return True


def upload(bucket: str, built: Package, session: Session) -> str:
    """Uploads the zip and the template and returns the template's key. What was there before stays, for a roll-back."""
    s3 = session.client("s3")
    code_key = f"code/{built.code_digest}.zip"
    if not _exists(s3, bucket, code_key):
        with built.zip_file.open("rb") as body:
            s3.put_object(Bucket=bucket, Key=code_key, Body=body)
    return upload_template(bucket, with_code(built.template, f"s3://{bucket}/{code_key}"), session)


def upload_template(bucket: str, template: Mapping[str, Any], session: Session) -> str:
    """Uploads a template and returns its key, which is made of its digest."""
    body = json.dumps(template).encode()
    key = f"templates/{hashlib.sha256(body).hexdigest()}.json"
    session.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    return key


def url_of(bucket: str, key: str, session: Session) -> str:
    """The address under which CloudFormation reads an object."""
    return f"{session.client('s3').meta.endpoint_url}/{bucket}/{key}"


def read_template(bucket: str, template_key: str, session: Session) -> dict[str, Any]:
    """An uploaded template."""
    body = session.client("s3").get_object(Bucket=bucket, Key=template_key)["Body"].read()
    template: dict[str, Any] = json.loads(body)
    return template


def with_code(template: dict[str, Any], uri: str) -> dict[str, Any]:
    """The template with every function's code at `uri`."""
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        if resource.get("Type") == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = uri
    return template


def _exists(s3: Any, bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError:
        return False
    return True
