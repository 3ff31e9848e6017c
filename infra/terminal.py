"""What the commands for a stage share: where they go, asking before they change anything, and how they end."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from infra.cloudformation import StackError
from infra.packaging import ROOT
from infra.uploading import Session


class Refused(Exception):
    """The command does not go on; the sentence says what it would take."""


def session_of(endpoint: str | None, to_deploy: str | None = None) -> Session:
    """A session for AWS, as its own configuration says, or for the LocalStack at `endpoint`.

    Raises Refused for an endpoint that is none, and where `to_deploy` is a stage that AWS must not have.
    """
    if not endpoint:
        if to_deploy is not None and lets_everybody_in(to_deploy):
            raise Refused(
                f"The stage {to_deploy} lets everybody in (API_AUTH=open) and is not deployed to AWS. Deploy it to "
                "LocalStack with ENDPOINT=http://localhost:4566, or another stage."
            )
        import boto3

        return boto3.session.Session()
    address = urlsplit(endpoint)
    if address.scheme != "http" or not address.netloc:
        raise Refused(f"The endpoint must have the form http://localhost:4566. Invalid value: {endpoint!r}.")
    from localstack_client.session import Session as LocalSession

    return LocalSession(region_name="us-east-1", localstack_host=address.netloc)


def lets_everybody_in(stage: str) -> bool:
    """Whether the API of the stage answers without credentials, as Chalice's configuration has it."""
    known = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]
    return bool(known.get(stage, {}).get("environment_variables", {}).get("API_AUTH") == "open")


def local_parameters(stage: str, endpoint: str | None) -> dict[str, str]:
    """What a stage on LocalStack needs beside its own parameters: an API with an address that is known beforehand."""
    if not endpoint:
        return {}
    api = f"loans-{stage}"
    origin = endpoint.rstrip("/")
    return {"ApiId": api, "PublicUrl": f"{origin}/_aws/execute-api/{api}/{stage}", "PublicS3Url": origin}


def pairs(arguments: Sequence[str]) -> dict[str, str]:
    """Parameters from words of the form Name=value. Raises Refused where one has another form."""
    wrong = [pair for pair in arguments if "=" not in pair]
    if wrong:
        raise Refused(f"A parameter must have the form Name=value. Invalid value: {wrong[0]!r}.")
    return dict(pair.split("=", 1) for pair in arguments)


def confirmed(question: str, answer: str, environ: Mapping[str, str]) -> bool:
    """Whether CONFIRM, or else the person at the terminal, gives the answer. Raises Refused where there is neither."""
    if "CONFIRM" in environ:
        return environ["CONFIRM"] == answer
    if not sys.stdin.isatty():
        raise Refused(f"Nobody can be asked here; say CONFIRM={answer} to go on.")
    return input(question).strip() == answer


def run(command: Callable[[], Iterable[str]]) -> int:
    """Prints the lines that a command answers with, or why it went no further. Returns the exit code."""
    try:
        for line in command():
            print(line)
    except (Refused, StackError) as error:
        print(error, file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"AWS refused: {error}", file=sys.stderr)
        return 1
    return 0
