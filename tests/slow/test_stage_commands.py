"""The commands for a stage ask before they change anything, and guard what cannot be brought back."""

import io
import json
import os
from pathlib import Path
from urllib.request import proxy_bypass

import boto3
import pytest
from click.testing import CliRunner
from moto import mock_aws

from infra.__main__ import main
from infra.cloudformation import Plan, changed_settings
from infra.deploy import check_guard, deploy, with_foundation
from infra.packaging import package
from infra.session import check_stage, local_parameters, session_of
from infra.terminal import CommandError, confirmed


def told(action: str, resource: str, kind: str, **more: object) -> dict[str, object]:
    """A change as CloudFormation describes it."""
    return {"Action": action, "LogicalResourceId": resource, "ResourceType": kind, **more}


def test_a_plan_tells_what_is_added_changed_removed_and_replaced() -> None:
    changes = [
        told("Add", "Alarm", "AWS::CloudWatch::Alarm"),
        told("Modify", "APIHandler", "AWS::Lambda::Function", Scope=["Properties"]),
        told("Modify", "WorkbooksBucket", "AWS::S3::Bucket", Replacement="True"),
        told("Remove", "OldQueue", "AWS::SQS::Queue"),
        told("Modify", "ImportQueue", "AWS::SQS::Queue", Scope=["Tags"]),
    ]
    plan = Plan("deploy-1", changes, is_first=False)
    assert plan.sentences() == [
        "+ Alarm (AWS::CloudWatch::Alarm)",
        "~ APIHandler (AWS::Lambda::Function)",
        "~ WorkbooksBucket (AWS::S3::Bucket), replaced by a new one",
        "- OldQueue (AWS::SQS::Queue)",
        "and 1 that only get the tags of this deployment",
    ]


def test_a_plan_tells_which_parameters_get_another_value_also_those_that_nobody_gives() -> None:
    standing = {"DatabaseUrl": "old", "RequestsASecond": "200", "AlarmMail": "", "LogDays": "90", "Kept": "1"}
    declared: dict[str, dict[str, object]] = {
        "RequestsASecond": {"Default": 100},
        "LogDays": {"Default": 90},
        "AlarmMail": {"Default": ""},
    }
    given = {"DatabaseUrl": "new", "AlarmMail": "asha@example.com", "Kept": None}
    assert changed_settings(standing, given, declared) == [
        "DatabaseUrl: old -> new",
        "RequestsASecond: 200 -> 100",
        "AlarmMail: nothing -> asha@example.com",
    ]


def test_the_bucket_of_an_earlier_stack_is_taken_over_before_the_first_deployment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        session = boto3.session.Session(region_name="us-east-1")
        session.client("s3").create_bucket(Bucket="loans-dev-workbooks-123456789012")
        with pytest.raises(CommandError, match=r"loans-dev-workbooks-123456789012 .*docs/operations\.md"):
            deploy("dev", session, {"DatabaseUrl": "postgresql://x"})


def test_confirm_answers_the_question_and_only_with_the_right_word() -> None:
    assert confirmed("", "yes", "yes")
    assert not confirmed("", "dev", "yes")


def test_where_nobody_can_be_asked_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(CommandError, match="CONFIRM=yes"):
        confirmed("", "yes", None)


def test_a_stage_is_destroyed_only_by_its_name() -> None:
    check_guard("dev", confirm="dev", force=None)
    with pytest.raises(CommandError, match="nothing was destroyed"):
        check_guard("dev", confirm="yes", force=None)


def test_prod_is_destroyed_by_force_only() -> None:
    with pytest.raises(CommandError, match="FORCE=yes"):
        check_guard("prod", confirm="prod", force=None)
    check_guard("prod", confirm="prod", force="yes")


def test_a_stage_on_localstack_has_an_address_of_its_own() -> None:
    assert local_parameters("dev", None) == {}
    assert local_parameters("dev", "http://localhost:4566/") == {
        "ApiId": "loans-dev",
        "PublicUrl": "http://localhost:4566/_aws/execute-api/loans-dev/dev",
        "PublicS3Url": "http://localhost:4566",
    }


@pytest.mark.parametrize("endpoint", ["localhost:4566", "https://localhost:4566", "http://"])
def test_an_endpoint_that_is_no_address_is_refused(endpoint: str) -> None:
    with pytest.raises(CommandError, match="http://localhost:4566"):
        session_of(endpoint)


@pytest.mark.parametrize("words", [["deploy", "local"], ["roll-back", "local"], ["deploy", "local", "DatabaseUrl=x"]])
def test_the_stage_that_lets_everybody_in_is_not_deployed_to_aws(words: list[str]) -> None:
    done = CliRunner(env={"CONFIRM": "yes"}).invoke(main, words)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: The stage local lets everybody in")
    assert "ENDPOINT=http://localhost:4566" in done.stderr


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_no_other_stage_lets_everybody_in(stage: str) -> None:
    check_stage(stage, endpoint=None)
    check_stage("local", endpoint="http://localhost:4566")


def test_a_parameter_without_a_value_is_refused() -> None:
    done = CliRunner().invoke(main, ["deploy", "dev", "--endpoint", "http://localhost:1", "DatabaseUrl"])
    assert done.exit_code == 1
    assert "'DatabaseUrl'" in done.stderr


@pytest.mark.parametrize("command", ["deploy", "roll-back", "foundation"])
def test_a_stage_that_is_not_described_is_refused_with_those_that_are(command: str) -> None:
    done = CliRunner(env={"CONFIRM": "yes"}).invoke(main, [command, "Dev"])
    assert done.exit_code == 1
    assert "STAGE must be one of .chalice/config.json: local, dev, staging, prod. Invalid value: 'Dev'." in done.stderr


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({}, "DatabaseUrl is missing"),
        ({"DatabaseUrl": ""}, "DatabaseUrl is missing"),
        ({"RequestASecond": "9"}, "There is no parameter RequestASecond"),
        ({"DatabaseUrl": "mysql://x@h/d"}, "DATABASE_URL must have the form"),
        ({"DatabaseUrl": "postgresql://x:hunter2@h/d"}, "DATABASE_URL must hold no password"),
        ({"BusinessTimezone": "Asia/Calcuta"}, "BUSINESS_TIMEZONE .*'Asia/Calcuta'"),
        ({"Lender": "{"}, "LENDER must be a JSON object"),
        ({"LogDays": "2"}, "LogDays must be one of 1, 3, 5.*'2'"),
        ({"RequestsASecond": "many"}, "RequestsASecond must be a whole number. .*'many'"),
    ],
)
def test_what_a_stage_could_not_work_with_is_refused_before_anything_is_packaged(
    parameters: dict[str, str], sentence: str
) -> None:
    url = {} if sentence == "DatabaseUrl is missing" else {"DatabaseUrl": "postgresql://loans_dev@h:5432/d"}
    with pytest.raises(CommandError, match=sentence) as refused:
        # Nobody is asked: a session of nothing could not even say whether there is a stack.
        deploy("dev", None, url | parameters)
    assert "hunter2" not in refused.value.message


def test_an_endpoint_is_reached_whatever_account_or_proxy_the_environment_is_set_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "USE_SSL"):
        monkeypatch.setenv(name, "http://elsewhere:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    with pytest.raises(CommandError, match="Could not connect"):
        main(["roll-back", "dev", "--endpoint", "http://127.0.0.2:1"], standalone_mode=False)
    assert "http://elsewhere:1" not in os.environ.values()
    assert proxy_bypass("127.0.0.2")


def test_the_functions_are_packaged_without_a_look_for_an_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, str] = {}

    def run(*_arguments: object, env: dict[str, str], **_more: object) -> None:
        given.update(env)
        raise KeyboardInterrupt

    monkeypatch.setenv("AWS_PROFILE", "expired")
    monkeypatch.setenv("STAGE", "prod")
    monkeypatch.setattr("subprocess.run", run)
    with pytest.raises(KeyboardInterrupt):
        package("local", tmp_path)
    assert given["AWS_SECRET_ACCESS_KEY"] == "none"
    assert not {"AWS_PROFILE", "STAGE"} & given.keys()


def test_a_stage_takes_from_its_foundation_what_its_template_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    url = "postgresql://loans_app@database:5432/loans"
    template = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {"DatabaseUrl": {"Value": url}, "MasterSecretArn": {"Value": "arn"}},
    }
    with mock_aws():
        session = boto3.session.Session(region_name="us-east-1")
        assert with_foundation("dev", session, {}) == {}
        stacks = session.client("cloudformation")
        stacks.create_stack(StackName="loans-dev-foundation", TemplateBody=json.dumps(template))
        assert with_foundation("dev", session, {"ApiId": "a"}) == {"DatabaseUrl": url, "ApiId": "a"}
