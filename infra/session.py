"""Where a command goes: to AWS, as AWS's own configuration says, or to a LocalStack."""

import json
import os
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
# Where AWS's and PostgreSQL's programs would look for a server or an account unless told.
_ELSEWHERE = ("AWS_", "PG")


def forget_other_clouds(*addresses: str) -> None:
    """Takes accounts, regions and servers of a person's other work out of the environment, and asks no proxy for this
    machine or these addresses."""
    for name in list(os.environ):
        if name.startswith(_ELSEWHERE) or name in ("LOCALSTACK_HOST", "USE_SSL"):
            del os.environ[name]
    for name in ("NO_PROXY", "no_proxy"):
        hosts = (*os.environ.get(name, "").split(","), "localhost", "127.0.0.1", *addresses)
        os.environ[name] = ",".join(filter(None, dict.fromkeys(hosts)))


def session_of(endpoint: str | None) -> Session:
    """A session for AWS, or for the LocalStack at `endpoint`. Raises CommandError for an endpoint that is none."""
    if not endpoint:
        import boto3

        return boto3.session.Session()
    address = urlsplit(endpoint)
    if address.scheme != "http" or not address.netloc:
        raise CommandError(f"The endpoint must have the form http://localhost:4566. Invalid value: {endpoint!r}.")
    # Not to where a profile, an endpoint or a proxy of the environment leads.
    forget_other_clouds(address.hostname or "")
    from localstack_client.session import Session as LocalSession

    return LocalSession(region_name=LOCAL_REGION, localstack_host=address.netloc)


def check_stage(stage: str, endpoint: str | None) -> None:
    """Raises CommandError for a stage that is not described, of which Chalice would make one without a name, and for
    one that AWS must not have, because its API answers without credentials."""
    known = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]
    if stage not in known:
        raise CommandError(f"STAGE must be one of .chalice/config.json: {', '.join(known)}. Invalid value: {stage!r}.")
    if known[stage]["environment_variables"].get("API_AUTH") == "open" and not endpoint:
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
