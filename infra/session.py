"""Where a command goes: to AWS, as AWS's own configuration says, or to a LocalStack."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from infra.packaging import ROOT
from infra.terminal import CommandError

# boto3's Session or that of localstack_client, which share nothing but their methods.
Session = Any

LOCAL_REGION = "us-east-1"


def session_of(endpoint: str | None) -> Session:
    """A session for AWS, or for the LocalStack at `endpoint`. Raises CommandError for an endpoint that is none."""
    if not endpoint:
        import boto3

        return boto3.session.Session()
    address = urlsplit(endpoint)
    if address.scheme != "http" or not address.netloc:
        raise CommandError(f"The endpoint must have the form http://localhost:4566. Invalid value: {endpoint!r}.")
    from localstack_client.session import Session as LocalSession

    return LocalSession(region_name=LOCAL_REGION, localstack_host=address.netloc)


def check_closed(stage: str, endpoint: str | None) -> None:
    """Raises CommandError for a stage that AWS must not have, because its API answers without credentials."""
    known = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]
    lets_everybody_in = known.get(stage, {}).get("environment_variables", {}).get("API_AUTH") == "open"
    if lets_everybody_in and not endpoint:
        raise CommandError(
            f"The stage {stage} lets everybody in (API_AUTH=open) and is not deployed to AWS. Deploy it to "
            "LocalStack with ENDPOINT=http://localhost:4566, or another stage."
        )


def local_parameters(stage: str, endpoint: str | None, api: str = "") -> dict[str, str]:
    """What a stage on LocalStack needs beside its own parameters: an API with an address that is known beforehand.

    The address is for people, who may reach LocalStack at another endpoint than its functions do.
    """
    if not endpoint:
        return {}
    api = api or f"loans-{stage}"
    origin = endpoint.rstrip("/")
    return {"ApiId": api, "PublicUrl": f"{origin}/_aws/execute-api/{api}/{stage}", "PublicS3Url": origin}


@contextmanager
def aws_refusals() -> Iterator[None]:
    """What AWS refuses, as a CommandError."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"AWS refused: {error}") from error
