"""The stage dev, deployed beside the stage local as against AWS."""

import json
import os
import subprocess
import sys
from typing import Any

from infra.revisions import DIGEST_TAG, PREVIOUS_TAG, TEMPLATE_KEY, TEMPLATE_TAG, Stage
from infra.session import local_parameters
from infra.smoke import smoke_test
from tests.support.settings import PROJECT
from tests.support.stack import Stack

STAGE = "dev"


class Dev:
    """The stage dev on the LocalStack of the run."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.endpoint = stack.file.aws_endpoint_url
        self.database_url = stack.native.postgres.add_open_database("loans_dev")

    def parameters(self, **others: str) -> dict[str, str]:
        return {
            **local_parameters(STAGE, self.endpoint),
            "DatabaseUrl": self.database_url,
            "DatabaseAuth": "password",
            **others,
        }

    def command(self, name: str, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Runs a program as `make` does."""
        command = [sys.executable, "-m", "infra", name, STAGE, "--endpoint", self.endpoint, *arguments]
        environment = {name: value for name, value in os.environ.items() if name != "CONFIRM"} | environ
        return subprocess.run(
            command, cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    def deploy(self, **environ: str) -> "subprocess.CompletedProcess[str]":
        pairs = [f"DatabaseUrl={self.database_url}", "DatabaseAuth=password"]
        return self.command("deploy", *pairs, **environ)

    def function(self, name: str) -> dict[str, Any]:
        """The configuration of a function, as Lambda has it."""
        client = self.stack.client("lambda")
        found: dict[str, Any] = client.get_function_configuration(FunctionName=f"loans-dev-{name}")
        return found

    def import_seconds(self) -> int:
        """The time-out of the import function, which stands for the revision."""
        return int(self.function("import")["Timeout"])

    def import_memory(self) -> int:
        """The memory of the import function, which no parameter changes."""
        return int(self.function("import")["MemorySize"])

    def answers(self) -> None:
        smoke_test(self.stack.session, {"BaseUrl": self.url, "AdministerFunctionName": "loans-dev-administer"})

    def release_with_import_memory(self, megabytes: int) -> None:
        """Deploys another template, as a release after this one would."""
        stage = Stage(STAGE, self.stack.session)
        stack, tags = stage.stack, stage.stack.tags()
        template = stage.template(tags[TEMPLATE_TAG])
        template["Resources"]["ImportWorkbooks"]["Properties"]["MemorySize"] = megabytes
        key = stage.upload_text(TEMPLATE_KEY, json.dumps(template))
        plan = stack.plan(
            stage.url_of(key),
            dict.fromkeys(stack.parameters()),
            {TEMPLATE_TAG: key, PREVIOUS_TAG: tags[TEMPLATE_TAG], DIGEST_TAG: "next"},
            template["Parameters"],
        )
        assert plan
        stack.execute(plan)

    @property
    def url(self) -> str:
        return local_parameters(STAGE, self.endpoint)["PublicUrl"]
