"""The commands for a stage ask before they change anything, and guard what cannot be brought back."""

import io
import json

import boto3
import pytest
from moto import mock_aws

from infra import deploy, destroy
from infra.cloudformation import Change, Plan, changed_settings
from infra.terminal import Refused, confirmed, lets_everybody_in, local_parameters, session_of


def test_a_plan_tells_what_is_added_changed_removed_and_replaced() -> None:
    plan = Plan(
        "deploy-1",
        (
            Change("Add", "Alarm", "AWS::CloudWatch::Alarm"),
            Change("Modify", "APIHandler", "AWS::Lambda::Function"),
            Change("Modify", "WorkbooksBucket", "AWS::S3::Bucket", is_replaced=True),
            Change("Remove", "OldQueue", "AWS::SQS::Queue"),
            Change("Modify", "ImportQueue", "AWS::SQS::Queue", is_tagged_only=True),
        ),
        is_first=False,
    )
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
    assert changed_settings(standing, given, declared) == (
        "DatabaseUrl: old -> new",
        "RequestsASecond: 200 -> 100",
        "AlarmMail: nothing -> asha@example.com",
    )


def test_the_bucket_of_an_earlier_stack_is_taken_over_before_the_first_deployment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        session = boto3.session.Session(region_name="us-east-1")
        session.client("s3").create_bucket(Bucket="loans-dev-workbooks-123456789012")
        with pytest.raises(deploy.DeployError, match=r"loans-dev-workbooks-123456789012 .*docs/operations\.md"):
            deploy.deploy("dev", session, {"DatabaseUrl": "postgresql://x"})


def test_confirm_answers_the_question_and_only_with_the_right_word() -> None:
    assert confirmed("", "yes", {"CONFIRM": "yes"})
    assert not confirmed("", "dev", {"CONFIRM": "yes"})


def test_where_nobody_can_be_asked_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(Refused, match="CONFIRM=yes"):
        confirmed("", "yes", {})


def test_a_stage_is_destroyed_only_by_its_name() -> None:
    destroy.check_guard("dev", {"CONFIRM": "dev"})
    with pytest.raises(Refused, match="nothing was destroyed"):
        destroy.check_guard("dev", {"CONFIRM": "yes"})


def test_prod_is_destroyed_by_force_only() -> None:
    with pytest.raises(Refused, match="FORCE=yes"):
        destroy.check_guard("prod", {"CONFIRM": "prod"})
    destroy.check_guard("prod", {"CONFIRM": "prod", "FORCE": "yes"})


def test_a_stage_on_localstack_has_an_address_of_its_own() -> None:
    assert local_parameters("dev", None) == {}
    assert local_parameters("dev", "http://localhost:4566/") == {
        "ApiId": "loans-dev",
        "PublicUrl": "http://localhost:4566/_aws/execute-api/loans-dev/dev",
        "PublicS3Url": "http://localhost:4566",
    }


@pytest.mark.parametrize("endpoint", ["localhost:4566", "https://localhost:4566", "http://"])
def test_an_endpoint_that_is_no_address_is_refused(endpoint: str) -> None:
    with pytest.raises(Refused, match="http://localhost:4566"):
        session_of(endpoint)


@pytest.mark.parametrize("more", [[], ["--roll-back"], ["DatabaseUrl=x"]])
def test_the_stage_that_lets_everybody_in_is_not_deployed_to_aws(
    capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    assert deploy.main(["local", *more], {"CONFIRM": "yes"}) == 1
    said = capsys.readouterr().err
    assert "The stage local lets everybody in" in said
    assert "ENDPOINT=http://localhost:4566" in said


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_no_other_stage_lets_everybody_in(stage: str) -> None:
    assert lets_everybody_in("local")
    assert not lets_everybody_in(stage)


def test_a_parameter_without_a_value_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy.main(["dev", "--endpoint", "http://localhost:1", "DatabaseUrl"], {}) == 1
    assert "'DatabaseUrl'" in capsys.readouterr().err


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
        assert deploy.foundation_parameters("dev", session) == {}
        stacks = session.client("cloudformation")
        stacks.create_stack(StackName="loans-dev-foundation", TemplateBody=json.dumps(template))
        assert deploy.foundation_parameters("dev", session) == {"DatabaseUrl": url}
