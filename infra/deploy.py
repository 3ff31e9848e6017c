"""Deploys a stage by CloudFormation: to AWS or to LocalStack, which differ in the session and the parameters only.

    python -m infra.deploy dev DatabaseUrl=postgresql://…

packages, uploads, makes a change set, executes it, waits, and runs the bootstrap function, which migrates.
"""

import argparse
import copy
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.cloudformation import Stack, StackError
from infra.packaging import Package, PackagingError, package, source_digest

# boto3's Session or that of localstack_client, which share nothing but their methods.
Session = Any
Parameters = Mapping[str, str]
Say = Callable[[str], None]

DIGEST_TAG = "loans:digest"


class DeployError(Exception):
    """A step of the deployment failed; the sentence says which and why."""


@dataclass(frozen=True)
class Deployment:
    """What stands now: the stack's outputs, what the bootstrap answered, whether anything was changed."""

    outputs: dict[str, str]
    bootstrap: dict[str, Any]
    changed: bool


def deploy(stage: str, session: Session, parameters: Parameters, say: Say = print) -> Deployment:
    """Brings the stage's stack to the state of the source. Raises DeployError with one sentence."""
    try:
        stack = Stack(f"loans-{stage}", session.client("cloudformation"))
        parameters = {"Stage": stage, **parameters}
        changed = _bring_up_to_date(stage, stack, session, parameters, say)
        outputs = stack.outputs()
        say("Running the bootstrap: migrations, and the seed of an empty database.")
        return Deployment(outputs, run_bootstrap(session, outputs), changed)
    except (PackagingError, StackError) as error:
        raise DeployError(str(error)) from error
    except (BotoCoreError, ClientError) as error:
        raise DeployError(f"AWS refused: {error}") from error


def run_bootstrap(session: Session, outputs: Mapping[str, str]) -> dict[str, Any]:
    """Invokes the bootstrap function of a stack and returns its answer. Raises DeployError where it fails."""
    name = outputs["BootstrapFunctionName"]
    answer = session.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    payload: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise DeployError(f"The function {name} failed: {payload.get('errorMessage', payload)}")
    return payload


def _bring_up_to_date(stage: str, stack: Stack, session: Session, parameters: Parameters, say: Say) -> bool:
    tags = {DIGEST_TAG: source_digest(stage, parameters)}
    if stack.is_deployed_with(tags):
        say("Nothing to deploy: the stack is that of this source.")
        return False
    say("Packaging the functions.")
    with tempfile.TemporaryDirectory() as folder:
        built = package(stage, Path(folder) / "package")
        template_url = _upload(_deployment_bucket(stage, session), built, session)
    say(f"Deploying the stack {stack.name}.")
    return stack.change(template_url, parameters, tags)


def _deployment_bucket(stage: str, session: Session) -> str:
    account = session.client("sts").get_caller_identity()["Account"]
    bucket = f"loans-{stage}-deployments-{account}"
    s3 = session.client("s3")
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise
        region = s3.meta.region_name
        # S3 takes every region as a location but its first.
        location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **location)
    return bucket


def _upload(bucket: str, built: Package, session: Session) -> str:
    """Uploads the zip and the template under what they contain, so an old version stays for a roll-back."""
    s3 = session.client("s3")
    code_key = f"code/{built.code_digest}.zip"
    if not _exists(s3, bucket, code_key):
        with built.zip_file.open("rb") as body:
            s3.put_object(Bucket=bucket, Key=code_key, Body=body)
    template = json.dumps(with_code(built.template, f"s3://{bucket}/{code_key}")).encode()
    template_key = f"templates/{hashlib.sha256(template).hexdigest()}.json"
    s3.put_object(Bucket=bucket, Key=template_key, Body=template)
    return f"{s3.meta.endpoint_url}/{bucket}/{template_key}"


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


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description="Deploys a stage to AWS.")
    parser.add_argument("stage", help="a stage of .chalice/config.json")
    parser.add_argument("parameters", nargs="*", metavar="Name=value", help="parameters of infra/template.yaml")
    chosen = parser.parse_args(arguments)
    import boto3

    try:
        parameters = dict(pair.split("=", 1) for pair in chosen.parameters)
        outputs = deploy(chosen.stage, boto3.session.Session(), parameters).outputs
    except ValueError:
        print("A parameter must have the form Name=value.", file=sys.stderr)
        return 2
    except DeployError as error:
        print(error, file=sys.stderr)
        return 1
    for name, value in sorted(outputs.items()):
        print(f"{name}: {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
