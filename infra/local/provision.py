"""From two running servers to a system with data: deploy, seed, and write down where everything is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from localstack_client.session import Session
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from infra.cloudformation import Stack, StackError
from infra.deploy import DeployError, Deployment, deploy, run_bootstrap
from infra.local.launcher import Endpoints
from infra.local.portfolio import Import, count, reading
from infra.local.seeding import INCOMING, Progress, Uploaded, follow, replace_seeds, upload, workbooks_in
from infra.local.settings import API_ID, IMPORT_PARAMETERS, REGION, STAGE, Home, LocalError, StackFile
from infra.revisions import Stage
from infra.uploading import bucket_exists


def session(aws_endpoint_url: str) -> Session:
    """A session whose clients talk to this LocalStack."""
    return Session(region_name=REGION, localstack_host=urlsplit(aws_endpoint_url).netloc)


def steps(console: Console) -> Callable[[str], None]:
    """Shows each step as it begins, with the seconds since the first."""
    began = time.monotonic()

    def say(step: str) -> None:
        console.print(f"{time.monotonic() - began:5.1f} s  {step.removesuffix('.')}", markup=False, soft_wrap=True)

    return say


def provision(
    home: Home, endpoints: Endpoints, data: Path | None, console: Console, say: Callable[[str], None]
) -> StackFile:
    """Deploys what changed, and seeds an empty database from `data` (None: from nothing). Raises LocalError."""
    files = workbooks_in(data) if data else []
    aws = session(endpoints.aws_endpoint_url)
    deployment = _deploy(aws, endpoints, home, say)
    console.print("Deployed." if deployment.changed else "Nothing had changed since the last deployment.")
    stack = _describe(endpoints, deployment.outputs)
    if data:
        say(f"Seeding from {data}, if the database is empty")
        _seed(home, stack, aws, data, files, deployment.outputs, console)
    # Last, because a program may wait for this file.
    home.write_stack(stack)
    return stack


def import_files(home: Home, stack: StackFile, files: list[Path], console: Console) -> list[Import]:
    """Drops the files into `incoming/` and follows their imports. Raises LocalError."""
    s3 = session(stack.aws_endpoint_url).client("s3")
    return _follow(home, stack, upload(s3, stack.bucket, INCOMING, files), console)


def remove_stillborn(stack: Stack, bucket: str, aws: Session) -> bool:
    """Removes a stack whose creation failed, and its bucket, into which nobody could ever put anything.

    False where there is no such stack. AWS's CloudFormation removes the bucket itself; LocalStack may leave it, and the
    next creation would fail because of it.
    """
    if not stack.exists() or stack.stands():
        return False
    stack.delete()
    if bucket_exists(bucket, aws):
        left = aws.resource("s3").Bucket(bucket)
        left.object_versions.delete()
        left.delete()
    return True


def _deploy(aws: Session, endpoints: Endpoints, home: Home, say: Callable[[str], None]) -> Deployment:
    parameters = {
        "DatabaseUrl": endpoints.functions_database_url,
        "DatabaseAuth": "password",
        "ApiId": API_ID,
        "PublicUrl": endpoints.public_url,
        "PublicS3Url": endpoints.public_s3_url,
        **IMPORT_PARAMETERS,
    }
    account = aws.client("sts").get_caller_identity()["Account"]
    try:
        if remove_stillborn(Stage(STAGE, aws).stack, f"loans-{STAGE}-workbooks-{account}", aws):
            say("Removed a stack whose creation had failed; it is made anew")
        return deploy(STAGE, aws, parameters, say)
    except (DeployError, StackError) as error:
        raise LocalError(f"{error} {_where_logs_are(home)}") from error


def _where_logs_are(home: Home) -> str:
    """Where functions tell what went wrong: in files without Docker, in LocalStack's own log with it."""
    if home.logs.is_dir():
        return f"The logs are in {home.logs}; `make logs` shows them."
    return "`make logs`, or `docker compose logs localstack`, shows what the functions said."


def _describe(endpoints: Endpoints, outputs: dict[str, str]) -> StackFile:
    base = outputs["BaseUrl"]
    return StackFile(
        api_url=f"{base}/api",
        console_url=f"{base}/console/",
        aws_endpoint_url=endpoints.aws_endpoint_url,
        region=REGION,
        database_url=endpoints.database_url,
        bucket=outputs["BucketName"],
        import_queue_url=outputs["ImportQueueUrl"],
        dead_letter_queue_url=outputs["DeadLetterQueueUrl"],
    )


def _seed(
    home: Home,
    stack: StackFile,
    aws: Session,
    data: Path,
    files: list[Path],
    outputs: dict[str, str],
    console: Console,
) -> None:
    with reading(stack.database_url) as connection:
        is_empty = count(connection).is_empty
    seeds = replace_seeds(aws.client("s3"), stack.bucket, files)
    if not is_empty and not home.unfinished_seed.exists():
        console.print("The database holds data already and is left alone; `make reset` would empty it.")
        return
    resumed = not is_empty
    home.unfinished_seed.write_text(str(data))
    if resumed:
        # The bootstrap leaves a database with anything in it alone, so the rest goes the way of every upload.
        import_files(home, stack, files, console)
    else:
        run_bootstrap(aws, outputs)
        _follow(home, stack, seeds, console)
    home.unfinished_seed.unlink()


def _follow(home: Home, stack: StackFile, uploaded: list[Uploaded], console: Console) -> list[Import]:
    with _bar(console) as show:
        ended = follow(stack.database_url, uploaded, _where_logs_are(home), show)
    for item in ended:
        if item.state == "failed":
            console.print(f"{item.object_key} was not imported: {item.message}", style="bold")
    return ended


@contextmanager
def _bar(console: Console) -> Iterator[Callable[[Progress], None]]:
    columns = (
        TextColumn("Importing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("workbooks, {task.fields[customers]} customers, {task.fields[loans]} loans"),
    )
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("imports", total=None, customers=0, loans=0)

        def show(progress: Progress) -> None:
            counts = progress.counts
            bar.update(
                task,
                total=progress.total,
                completed=progress.done,
                customers=counts.customers,
                loans=counts.loans + counts.waiting,
            )

        yield show


def queue_depths(stack: StackFile) -> dict[str, Any]:
    """Messages in the queue (waiting, being worked on) and in the dead-letter queue."""
    sqs = session(stack.aws_endpoint_url).client("sqs")

    def attributes(url: str) -> dict[str, str]:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return found

    queue, dead = attributes(stack.import_queue_url), attributes(stack.dead_letter_queue_url)
    return {
        "waiting": int(queue["ApproximateNumberOfMessages"]),
        "working": int(queue["ApproximateNumberOfMessagesNotVisible"]),
        "dead": int(dead["ApproximateNumberOfMessages"]),
    }
