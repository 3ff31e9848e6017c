"""Where the revisions of a stage lie: a bucket with every zip and template, each under a digest of what it contains."""

import copy
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from infra.packaging import Package
from infra.session import Session


def bucket_of(stage: str, contents: str, session: Session) -> str:
    """The name of the stage's bucket for these contents: workbooks or deployments."""
    return f"loans-{stage}-{contents}-{session.client('sts').get_caller_identity()['Account']}"


def deployment_bucket(stage: str, session: Session) -> str:
    """The bucket of the stage's revisions, which is made if it is not there."""
    bucket = bucket_of(stage, "deployments", session)
    if not bucket_exists(bucket, session):
        s3 = session.client("s3")
        region = s3.meta.region_name
        # S3 takes every region as a location but its first.
        location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **location)
    return bucket


def bucket_exists(bucket: str, session: Session) -> bool:
    """Whether the account has a bucket of the name."""
    return session.resource("s3").Bucket(bucket).creation_date is not None


def upload(bucket: str, built: Package, session: Session) -> str:
    """Uploads the zip and the template and returns the template's key. What was there before stays, for a roll-back."""
    code_key = f"code/{built.code_digest}.zip"
    with built.zip_file.open("rb") as body:
        session.client("s3").put_object(Bucket=bucket, Key=code_key, Body=body)
    return upload_template(bucket, with_code(built.template, f"s3://{bucket}/{code_key}"), session)


def upload_template(bucket: str, template: Mapping[str, Any], session: Session) -> str:
    """Uploads a template and returns its key, which is made of its digest."""
    return upload_text(bucket, "templates/{}.json", json.dumps(template), session)


def upload_text(bucket: str, key: str, text: str, session: Session) -> str:
    """Uploads a text under a key that has its digest in place of {}, and returns the key."""
    key = key.format(hashlib.sha256(text.encode()).hexdigest())
    session.client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode())
    return key


def url_of(bucket: str, key: str, session: Session) -> str:
    """The address under which CloudFormation reads an object."""
    return f"{session.client('s3').meta.endpoint_url}/{bucket}/{key}"


def with_code(template: dict[str, Any], uri: str) -> dict[str, Any]:
    """The template with every function's code at `uri`."""
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        if resource.get("Type") == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = uri
    return template
