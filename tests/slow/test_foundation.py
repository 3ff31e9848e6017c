"""What stands before the application: infra/foundation.yaml, and its fit with infra/template.yaml."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.stub import Stubber

from chalicelib.config import STATEMENT_TIMEOUT_MS, read_settings
from infra.cloudformation import Plan, Stack
from infra.foundation import found
from infra.packaging import ROOT, TEMPLATE
from infra.terminal import CommandError
from tests.support.aws import aws_by_moto

FOUNDATION = ROOT / "infra" / "foundation.yaml"
REGION = "ap-south-1"

# What moto's CloudFormation does not know. The cluster among them is made by a call of RDS; of the rest the properties
# are checked here, and by cfn-lint.
UNKNOWN_TO_MOTO = {
    "AWS::ApiGateway::Account",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBClusterParameterGroup",
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBProxy",
    "AWS::RDS::DBProxyTargetGroup",
}
# What only people need: the application takes everything else.
FOR_PEOPLE = {"DatabaseArn", "MasterSecretArn"}

Template = dict[str, Any]


@pytest.fixture(scope="module")
def foundation() -> Template:
    found: Template = yaml.safe_load(FOUNDATION.read_text())
    return found


@pytest.fixture(scope="module")
def created(foundation: Template) -> Iterator[dict[str, str]]:
    """The physical ids of what moto made of the template, by their names in it."""
    with pytest.MonkeyPatch.context() as monkeypatch, aws_by_moto(monkeypatch, REGION):
        client = boto3.client("cloudformation")
        client.create_stack(
            StackName="loans-dev-foundation",
            TemplateBody=json.dumps(known_to_moto(foundation)),
            Parameters=[{"ParameterKey": "Stage", "ParameterValue": "dev"}],
            Capabilities=["CAPABILITY_IAM"],
        )
        found = client.list_stack_resources(StackName="loans-dev-foundation")["StackResourceSummaries"]
        yield {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}


def known_to_moto(template: Template) -> Template:
    """The template without what moto does not know, and without the outputs that tell of that."""
    left_out = {name for name, item in template["Resources"].items() if item["Type"] in UNKNOWN_TO_MOTO}
    resources = {name: item for name, item in template["Resources"].items() if name not in left_out}
    outputs = {name: item for name, item in template["Outputs"].items() if not mentioned(item, left_out)}
    # The proxy's role is made on a condition that is off, but moto looks into it.
    resources = {name: item for name, item in resources.items() if not mentioned(item, left_out)}
    # AWS makes a policy for a key that has none: whom IAM of the account lets.
    key = resources["Key"] | {"Properties": resources["Key"]["Properties"] | {"KeyPolicy": {}}}
    return template | {"Resources": resources | {"Key": key}, "Outputs": outputs}


def mentioned(item: object, names: set[str]) -> bool:
    return bool(names & set(re.findall(r"\w+", json.dumps(item))))


def properties(template: Template, name: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][name]["Properties"]
    return found


def test_cfn_lint_finds_nothing() -> None:
    linter = str(Path(sys.executable).with_name("cfn-lint"))
    done = subprocess.run([linter, str(FOUNDATION)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_application_takes_every_output_under_the_same_name(foundation: Template) -> None:
    application = yaml.safe_load(TEMPLATE.read_text())
    outputs = set(foundation["Outputs"])
    assert outputs - FOR_PEOPLE <= set(application["Parameters"])
    assert {"SubnetIds", "SecurityGroupIds", "DatabaseUrl", "DatabaseResourceId", "DataKeyId"} <= outputs
    exported = {name: item["Export"]["Name"] for name, item in foundation["Outputs"].items() if "Export" in item}
    assert exported == {name: {"Fn::Sub": f"loans-${{Stage}}-{name}"} for name in outputs - FOR_PEOPLE}


def test_the_application_knows_every_number_of_connections_a_database_may_have(foundation: Template) -> None:
    application = yaml.safe_load(TEMPLATE.read_text())
    capacities = foundation["Mappings"]["Capacity"]
    assert list(capacities) == foundation["Parameters"]["MaxCapacity"]["AllowedValues"]
    possible = {each["Connections"] for each in capacities.values()}
    assert possible == set(application["Parameters"]["MaxConnections"]["AllowedValues"])
    default = capacities[foundation["Parameters"]["MaxCapacity"]["Default"]]["Connections"]
    assert application["Parameters"]["MaxConnections"]["Default"] == default


def test_the_url_of_the_database_is_one_the_functions_take_in_any_stage(foundation: Template) -> None:
    for either in foundation["Outputs"]["DatabaseUrl"]["Value"]["Fn::If"][1:]:
        url = re.sub(r"\$\{[^}]+\}", "db.example", either["Fn::Sub"])
        settings = {"STAGE": "prod", "DATABASE_URL": url, "IMPORT_BUCKET": "x", "IMPORT_QUEUE_URL": "x"}
        assert read_settings(settings).database_url == "postgresql+pg8000://loans_app@db.example:5432/loans"


def test_the_database_is_encrypted_backed_up_guarded_and_asks_for_tls_and_roles(foundation: Template) -> None:
    database = properties(foundation, "Database")
    assert database["StorageEncrypted"] is True
    assert database["KmsKeyId"] == database["MasterUserSecret"]["KmsKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}
    assert database["EnableIAMDatabaseAuthentication"] is True
    assert database["BackupRetentionPeriod"] == {"Ref": "BackupDays"}
    assert database["DeletionProtection"] == {"Ref": "DeletionProtection"}
    assert foundation["Parameters"]["DeletionProtection"]["Default"] == "true"
    assert properties(foundation, "DatabaseSettings")["Parameters"]["rds.force_ssl"] == "1"


def test_no_password_is_in_the_template_because_rds_makes_and_rotates_it(foundation: Template) -> None:
    database = properties(foundation, "Database")
    assert database["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in database
    assert not [name for name in foundation["Parameters"] if "password" in name.lower()]


def test_what_holds_data_outlives_its_stack(foundation: Template) -> None:
    kept = {"Database": "Snapshot", "Key": "Retain"}
    for name, policy in kept.items():
        resource = foundation["Resources"][name]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == (policy, policy)
    assert properties(foundation, "Key")["EnableKeyRotation"] is True


def test_the_functions_user_is_the_one_their_policies_allow_to_connect(foundation: Template) -> None:
    user = re.compile(r"dbuser:[^/]+/(\w+)")
    allowed = {user.findall(file.read_text())[0] for file in (ROOT / ".chalice").glob("policy-*.json")}
    allowed |= set(user.findall(json.dumps(properties(foundation, "ProxyRole"))))
    assert allowed == {"loans_app"}


def test_the_proxy_takes_roles_over_tls_only(foundation: Template) -> None:
    proxy = properties(foundation, "Proxy")
    assert (proxy["RequireTLS"], proxy["DefaultAuthScheme"]) == (True, "IAM_AUTH")
    conditional = {name for name, item in foundation["Resources"].items() if item.get("Condition") == "HasProxy"}
    assert conditional == {"Proxy", "ProxyTarget", "ProxyRole", "ProxyToDatabase", "ProxyIntoDatabase"}


def test_a_statement_through_the_proxy_is_ended_as_soon_as_one_that_asks_for_it(foundation: Template) -> None:
    settings = properties(foundation, "DatabaseSettings")["Parameters"]
    assert settings["statement_timeout"] == str(STATEMENT_TIMEOUT_MS)
    assert foundation["Outputs"]["DatabaseProxy"]["Value"] == {"Ref": "DatabaseProxy"}


def test_the_database_never_stops_because_it_would_wake_more_slowly_than_a_function_waits(foundation: Template) -> None:
    assert foundation["Parameters"]["MinCapacity"]["MinValue"] == 0.5


def test_no_policy_allows_anything_on_everything(foundation: Template) -> None:
    assert '"Resource": "*"' not in json.dumps(foundation)
    assert '"Action": "*"' not in json.dumps(foundation)


def test_nothing_of_the_network_leads_to_the_internet(foundation: Template) -> None:
    kinds = {item["Type"] for item in foundation["Resources"].values()}
    assert not kinds & {"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::Route"}
    assert [properties(foundation, f"Subnet{name}")["MapPublicIpOnLaunch"] for name in ("One", "Two")] == [False] * 2
    instances = [item["Properties"] for item in foundation["Resources"].values() if "DBInstance" in item["Type"]]
    assert [each["PubliclyAccessible"] for each in instances] == [False, False]


def test_the_functions_reach_the_database_and_the_endpoints_and_nobody_reaches_them(foundation: Template) -> None:
    ways = {
        (item["Properties"]["GroupId"]["Fn::GetAtt"][0], kind.rpartition("Group")[2], item["Properties"]["FromPort"])
        for item in foundation["Resources"].values()
        if "Condition" not in item and (kind := item["Type"]).startswith("AWS::EC2::SecurityGroup")
        if kind != "AWS::EC2::SecurityGroup"
    }
    assert ways == {
        ("FunctionsGroup", "Egress", 5432),
        ("DatabaseGroup", "Ingress", 5432),
        ("EndpointsGroup", "Ingress", 443),
    }
    assert [rule["FromPort"] for rule in properties(foundation, "FunctionsGroup")["SecurityGroupEgress"]] == [443]
    assert "SecurityGroupIngress" not in properties(foundation, "FunctionsGroup")


def test_the_network_is_made_with_two_private_subnets_in_two_zones(created: dict[str, str]) -> None:
    ids = [created["SubnetOne"], created["SubnetTwo"]]
    subnets = boto3.client("ec2").describe_subnets(SubnetIds=ids)["Subnets"]
    assert len({subnet["AvailabilityZone"] for subnet in subnets}) == 2
    assert {subnet["CidrBlock"] for subnet in subnets} == {"10.42.0.0/22", "10.42.4.0/22"}


def test_the_services_that_functions_call_have_endpoints_in_the_network(created: dict[str, str]) -> None:
    ours = [{"Name": "vpc-id", "Values": [created["Network"]]}]
    found = boto3.client("ec2").describe_vpc_endpoints(Filters=ours)["VpcEndpoints"]
    kinds = {each["ServiceName"].rpartition(".")[2]: each["VpcEndpointType"] for each in found}
    interfaces = dict.fromkeys(("sqs", "secretsmanager", "logs", "monitoring"), "Interface")
    assert kinds == interfaces | {"s3": "Gateway"}


def test_the_database_lets_in_the_functions_only(created: dict[str, str]) -> None:
    (group,) = boto3.client("ec2").describe_security_groups(GroupIds=[created["DatabaseGroup"]])["SecurityGroups"]
    (rule,) = group["IpPermissions"]
    assert (rule["FromPort"], rule["ToPort"], rule["IpRanges"]) == (5432, 5432, [])
    assert [pair["GroupId"] for pair in rule["UserIdGroupPairs"]] == [created["FunctionsGroup"]]


def test_the_key_is_made_and_rotates(created: dict[str, str]) -> None:
    assert boto3.client("kms").get_key_rotation_status(KeyId=created["Key"])["KeyRotationEnabled"]


def test_rds_takes_the_database_as_the_template_describes_it(foundation: Template, created: dict[str, str]) -> None:
    rds = boto3.client("rds")
    wanted = dict(properties(foundation, "Database"))
    values = {name: item.get("Default") for name, item in foundation["Parameters"].items()} | created
    values |= {"DatabaseSettings": "loans-dev", "Stage": "dev"}
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="loans-dev", DBParameterGroupFamily="aurora-postgresql17", Description="dev"
    )
    secret = wanted.pop("MasterUserSecret")
    made = rds.create_db_cluster(
        **{name: resolved(value, values) for name, value in wanted.items()} | {"DeletionProtection": True},
        MasterUserSecretKmsKeyId=resolved(secret["KmsKeyId"], values),
    )["DBCluster"]
    assert made["DBClusterIdentifier"] == "loans-dev"
    assert made["IAMDatabaseAuthenticationEnabled"]
    assert made["StorageEncrypted"]
    assert made["BackupRetentionPeriod"] == 14
    assert made["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 0.5, "MaxCapacity": 4.0}
    assert made["MasterUserSecret"]["SecretArn"].startswith("arn:aws:secretsmanager:")


# What the Data API needs, which moto does not make.
STANDING = {"Stage": "prod", "BackupDays": "35"}
MADE_BY_RDS = {
    "DatabaseArn": {"Value": "arn:aws:rds:1:cluster:loans"},
    "MasterSecretArn": {"Value": "arn:aws:secretsmanager:1:secret"},
}


class Session:
    """A session of boto3 whose Data API finds the user of the database there, asked with four questions."""

    def __init__(self) -> None:
        self._data_api = boto3.client("rds-data")
        stubber = Stubber(self._data_api)
        for _ in range(4):
            stubber.add_response("execute_statement", {"records": [[{"booleanValue": True}]]})
        stubber.activate()

    def client(self, name: str) -> Any:
        return self._data_api if name == "rds-data" else boto3.client(name)  # type: ignore[call-overload]

    def resource(self, name: str) -> Any:
        return boto3.resource(name)  # type: ignore[call-overload]


def stack_of(stage: str) -> Stack:
    return Stack(f"loans-{stage}-foundation", boto3.client("cloudformation"))


@pytest.mark.usefixtures("created")
def test_a_foundation_is_not_made_where_its_plan_is_not_approved_of(foundation: Template) -> None:
    asked: list[Plan] = []
    template = json.dumps(known_to_moto(foundation))

    def refuse(plan: Plan) -> bool:
        asked.append(plan)
        return False

    with pytest.raises(CommandError, match="left as it is"):
        found("staging", Session(), {}, refuse, template=template)
    assert "+ Network (AWS::EC2::VPC)" in asked[0].sentences()
    assert not stack_of("staging").exists()


@pytest.mark.usefixtures("created")
def test_a_parameter_of_the_foundation_that_is_not_named_keeps_its_value(foundation: Template) -> None:
    template = known_to_moto(foundation)
    template["Outputs"] |= MADE_BY_RDS
    told: list[str] = []
    # moto knows no outputs of a stack that a change set made.
    boto3.client("cloudformation").create_stack(
        StackName="loans-prod-foundation",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in STANDING.items()],
    )
    asked: list[Plan] = []

    def agree(plan: Plan) -> bool:
        asked.append(plan)
        return True

    found("prod", Session(), {"MaxCapacity": "8"}, agree, told.append, json.dumps(template))
    assert asked[0].settings == ["MaxCapacity: 4 -> 8"]
    assert told[0].startswith("Changing the stack loans-prod-foundation.")
    assert told[1] == "The database's user has all it needs; nothing had to change."
    standing = stack_of("prod").parameters()
    assert (standing["BackupDays"], standing["MaxCapacity"]) == ("35", "8")


def resolved(value: Any, values: dict[str, Any]) -> Any:
    """What CloudFormation would make of a property; the attributes of a resource are taken for its id."""
    if isinstance(value, list):
        return [resolved(each, values) for each in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Ref": name}:
            return float(values[name]) if name == "MaxCapacity" else values[name]
        case {"Fn::GetAtt": [name, _]}:
            return values[name]
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], text)
    return {name: resolved(each, values) for name, each in value.items()}
