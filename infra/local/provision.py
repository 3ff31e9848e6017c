"""From two running servers to a system with data: deploy, seed, and write down where everything is."""

import json
from pathlib import Path
from typing import Any

import click

from chalicelib.imports.jobs import ImportJob, is_populated
from infra.deploy import deploy
from infra.functions import run_bootstrap
from infra.local.launcher import Endpoints
from infra.local.portfolio import reading
from infra.local.seeding import INCOMING, WHERE_LOGS_ARE, follow, replace_seeds, upload, workbooks_in
from infra.local.settings import API_ID, IMPORT_PARAMETERS, LENDER, STAGE, Home, StackFile
from infra.local.steps import Steps
from infra.revisions import Stage
from infra.session import LOCAL_REGION, Session, aws_refusals, local_parameters, session_of
from infra.terminal import CommandError


def provision(home: Home, endpoints: Endpoints, data: Path | None, steps: Steps) -> StackFile:
    """Deploys what changed, and seeds an empty database from `data` (None: from nothing). Raises CommandError."""
    files = workbooks_in(data) if data else []
    # LocalStack loads each of its services when it is first asked for.
    steps("Looking at what is deployed")
    aws = session_of(endpoints.aws_endpoint_url)
    outputs = _deploy(aws, endpoints, steps)
    stack = StackFile(
        api_url=f"{outputs['BaseUrl']}/api",
        console_url=f"{outputs['BaseUrl']}/console/",
        aws_endpoint_url=endpoints.aws_endpoint_url,
        region=LOCAL_REGION,
        database_url=endpoints.database_url,
        bucket=outputs["BucketName"],
        import_queue_url=outputs["ImportQueueUrl"],
        dead_letter_queue_url=outputs["DeadLetterQueueUrl"],
    )
    steps.done()
    if data:
        steps(f"Seeding from {data}, if the database is empty")
        _seed(home, stack, aws, files, steps)
        steps.done()
    # Last, because a program may wait for this file.
    home.write_stack(stack)
    return stack


def import_files(stack: StackFile, files: list[Path], steps: Steps) -> list[ImportJob]:
    """Drops the files into `incoming/` and follows their imports. Raises CommandError."""
    s3 = session_of(stack.aws_endpoint_url).client("s3")
    return follow(stack.database_url, upload(s3, stack.bucket, INCOMING, files), steps)


def remove_stillborn(stage: Stage) -> bool:
    """Removes a stack whose creation failed, and its bucket, into which nobody could ever put anything.

    False if there is no such stack. AWS's CloudFormation removes the bucket itself; LocalStack may leave it, and the
    next creation would fail because of it.
    """
    if not stage.stack.exists() or stage.stack.stands():
        return False
    stage.stack.delete()
    bucket = stage.bucket_of("workbooks")
    if bucket.creation_date:
        bucket.object_versions.delete()
        bucket.delete()
    return True


def queue_depths(sqs: Any, stack: StackFile) -> dict[str, int]:
    """Messages in the queue (waiting, being worked on) and in the dead-letter queue."""
    queue, dead = (
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        for url in (stack.import_queue_url, stack.dead_letter_queue_url)
    )
    name = "ApproximateNumberOfMessages"
    return {"waiting": int(queue[name]), "working": int(queue[f"{name}NotVisible"]), "dead": int(dead[name])}


def _deploy(aws: Session, endpoints: Endpoints, steps: Steps) -> dict[str, str]:
    parameters = {
        "DatabaseUrl": endpoints.functions_database_url,
        "DatabaseAuth": "password",
        **local_parameters(STAGE, endpoints.public_endpoint, API_ID),
        "Lender": json.dumps(LENDER),
        **IMPORT_PARAMETERS,
    }
    try:
        with aws_refusals():
            if remove_stillborn(Stage(STAGE, aws)):
                click.echo("Removed a stack whose creation had failed; it is made anew.")
        return deploy(STAGE, aws, parameters, steps)
    except CommandError as error:
        raise CommandError(f"{error} {WHERE_LOGS_ARE}") from error


def _seed(home: Home, stack: StackFile, aws: Session, files: list[Path], steps: Steps) -> None:
    with reading(stack.database_url) as connection:
        populated = is_populated(connection)
    seeds = replace_seeds(aws.client("s3"), stack.bucket, files)
    if populated and not home.unfinished_seed.exists():
        click.echo("The database holds data already and is left alone; `make reset` would empty it.")
        return
    home.unfinished_seed.touch()
    if populated:
        # The bootstrap leaves a database with anything in it alone, so the rest goes the way of every upload.
        import_files(stack, files, steps)
    else:
        run_bootstrap(aws, STAGE)
        follow(stack.database_url, seeds, steps)
    home.unfinished_seed.unlink()
