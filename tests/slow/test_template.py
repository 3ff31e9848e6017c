"""What is deployed: the template that Chalice generates, merged with infra/template.yaml, and the zip."""

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import available_timezones

import pytest
import yaml

from chalicelib import errors, metrics
from chalicelib.config import CEILING, CURRENCY_CODE, LOCALE, Settings, read_settings
from chalicelib.errors import ConfigurationError
from chalicelib.postgres.database import CONNECT_TIMEOUT_SECONDS
from chalicelib.rules.policy import POLICIES
from infra import packaging
from infra.local.settings import IMPORT_PARAMETERS
from infra.packaging import ROOT, Package, package, source_digest
from infra.revisions import with_code

FUNCTIONS = {
    "APIHandler": "api",
    "ImportWorkbooks": "import",
    "Bootstrap": "bootstrap",
    "Administer": "administer",
}
# Variables that not every function gets from the template, and why.
FROM_ELSEWHERE = {
    "STAGE": ".chalice/config.json has it, because packaging needs it",
    "API_AUTH": "only the stage local sets it, in .chalice/config.json",
    "OPEN_HOSTS": "only the stage local looks at it, and its default names this machine",
    "STATEMENT_TIMEOUT_MS": "the import and the bootstrap have one each; the others have the default",
    "AWS_REGION": "Lambda sets it",
    "AWS_ACCESS_KEY_ID": "Lambda sets it",
    "AWS_SECRET_ACCESS_KEY": "Lambda sets it",
    "AWS_SESSION_TOKEN": "Lambda sets it",
}
CHOSEN = (
    "DECISION_POLICY",
    "BUSINESS_TIMEZONE",
    "CONSOLE_LOCALE",
    "CURRENCY",
    "CORS_ORIGINS",
    "DATABASE_PROXY",
    "OFFICER_CEILING",
    "ADMIN_CEILING",
    "SECOND_FACTOR_ROLES",
    "LENDER",
)
# Between the end of an import's statement and that of its function.
SECONDS_TO_SAY_WHY = 10
ENVELOPE = {"error", "code", "request_id"}

Template = dict[str, Any]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return package("local", tmp_path_factory.mktemp("local") / "package")


@pytest.fixture(scope="module")
def template(built: Package) -> Template:
    return built.template


@pytest.fixture(scope="module")
def resources(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"]
    return found


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: item["Properties"] for name, item in resources.items() if item.get("Type") == kind}


def test_a_function_compiles_nothing_when_it_starts(built: Package, tmp_path: Path) -> None:
    with zipfile.ZipFile(built.zip_file) as archive:
        archive.extractall(tmp_path)
    # Without the packages of this environment: what is in the zip, and not the AWS client, which Lambda brings.
    started = subprocess.run(
        [sys.executable, "-S", "-B", "-v", "-c", "import app, chalicelib.console.home.views, openpyxl"],
        cwd=tmp_path,
        env={"STAGE": "local"},
        capture_output=True,
        text=True,
        check=True,
    )
    read = re.findall(rf"^# code object from '{tmp_path}/(.+)'$", started.stderr, re.MULTILINE)
    assert len(read) > 300
    assert [path for path in read if not path.endswith(".pyc")] == []


def test_no_resource_is_the_stub_of_a_misspelt_name(resources: dict[str, Any]) -> None:
    assert [name for name, resource in resources.items() if "Type" not in resource] == []
    for function in of_type(resources, "AWS::Serverless::Function").values():
        assert [name for name, event in function.get("Events", {}).items() if "Type" not in event] == []


def test_there_are_the_functions_under_names_of_their_own(resources: dict[str, Any]) -> None:
    functions = of_type(resources, "AWS::Serverless::Function")
    names = {name: function["FunctionName"] for name, function in functions.items()}
    assert names == {name: {"Fn::Sub": f"loans-${{Stage}}-{short}"} for name, short in FUNCTIONS.items()}


def deployed(value: Any, template: Template, given: dict[str, Any]) -> Any:
    """What CloudFormation makes of a value with these parameters; the name of a resource is "a name"."""
    match value:
        case {"Fn::If": [condition, then, otherwise]}:
            one, other = template["Conditions"][condition]["Fn::Equals"]
            return deployed(then if deployed(one, template, given) == other else otherwise, template, given)
        case {"Ref": name}:
            return given.get(name, "a name")
        case {}:
            return "a name"
    return value


def test_every_function_has_the_environment_that_the_settings_need(template: Template) -> None:
    shared = template["Globals"]["Function"]["Environment"]["Variables"]
    given = {name: parameter.get("Default") for name, parameter in template["Parameters"].items()}
    given |= {"DatabaseUrl": "postgresql://x", "DatabaseAuth": "password"}
    for function in of_type(template["Resources"], "AWS::Serverless::Function").values():
        variables = shared | function["Environment"]["Variables"]
        values = {name: deployed(value, template, given) for name, value in variables.items()}
        assert isinstance(read_settings(values), Settings)


def test_every_variable_that_the_settings_read_is_given_to_every_function_or_comes_from_elsewhere(
    template: Template,
) -> None:
    read = set(re.findall(r'environ(?:\.get\(|, )"([A-Z0-9_]+)"', (ROOT / "chalicelib" / "config.py").read_text()))
    shared = set(template["Globals"]["Function"]["Environment"]["Variables"])
    assert not shared & set(FROM_ELSEWHERE)
    assert shared | set(FROM_ELSEWHERE) == read


def test_what_the_settings_choose_is_a_parameter_with_the_same_default(template: Template) -> None:
    shared = template["Globals"]["Function"]["Environment"]["Variables"]
    parameters = {name: template["Parameters"][shared[name]["Ref"]] for name in CHOSEN}
    needed = {"STAGE": "local", "DATABASE_URL": "postgresql://x", "IMPORT_BUCKET": "b", "IMPORT_QUEUE_URL": "q"}
    given = {name: parameter["Default"] for name, parameter in parameters.items()}
    assert read_settings(needed | given) == read_settings(needed)
    assert parameters["DECISION_POLICY"]["AllowedValues"] == list(POLICIES)
    assert parameters["CONSOLE_LOCALE"]["AllowedPattern"] == LOCALE.pattern
    assert parameters["CURRENCY"]["AllowedPattern"] == CURRENCY_CODE.pattern
    for name in ("OFFICER_CEILING", "ADMIN_CEILING"):
        assert parameters[name]["AllowedPattern"] == CEILING.pattern


def test_every_time_zone_may_be_chosen(template: Template) -> None:
    pattern = re.compile(template["Parameters"]["BusinessTimezone"]["AllowedPattern"])
    assert [name for name in available_timezones() if not pattern.fullmatch(name)] == []


def test_no_secret_is_in_an_environment_unless_somebody_puts_it_there(template: Template) -> None:
    shared = template["Globals"]["Function"]["Environment"]["Variables"]
    assert template["Parameters"]["DatabaseAuth"]["Default"] == "iam"
    assert shared["DATABASE_AUTH"] == {"Ref": "DatabaseAuth"}
    with pytest.raises(ConfigurationError, match="no password"):
        read_settings({"STAGE": "prod", "DATABASE_URL": "postgresql://loans:secret@db/loans"})


def test_every_function_has_a_policy_of_its_own_that_allows_nothing_on_everything(
    resources: dict[str, Any],
) -> None:
    functions = of_type(resources, "AWS::Serverless::Function")
    roles = {name: function["Role"]["Fn::GetAtt"][0] for name, function in functions.items()}
    assert len(set(roles.values())) == len(functions)
    for name, role in roles.items():
        (policy,) = resources[role]["Properties"]["Policies"]
        statements = policy["PolicyDocument"]["Statement"]
        for statement in statements:
            assert "*" not in json.dumps(statement["Action"])
            assert '"*"' not in json.dumps(statement["Resource"])
        assert f"/aws/lambda/loans-${{Stage}}-{FUNCTIONS[name]}:*" in json.dumps(statements)


def test_whoever_gives_an_import_more_time_gives_its_statements_and_its_message_more_time(template: Template) -> None:
    function = template["Resources"]["ImportWorkbooks"]["Properties"]
    assert function["Timeout"] == {"Ref": "ImportTimeoutSeconds"}
    statement = function["Environment"]["Variables"]["STATEMENT_TIMEOUT_MS"]
    visibility = template["Resources"]["ImportQueue"]["Properties"]["VisibilityTimeout"]["Fn::If"][2]
    for seconds in template["Parameters"]["ImportTimeoutSeconds"]["AllowedValues"]:
        given = {"ImportTimeoutSeconds": seconds}
        assert int(deployed(statement, template, given)) == 1000 * (int(seconds) - SECONDS_TO_SAY_WHY)
        assert int(deployed(visibility, template, given)) == 6 * int(seconds)


def test_localstack_can_change_the_stack_which_it_cannot_where_a_mapping_is_asked_by_a_parameter(
    template: Template,
) -> None:
    assert "Fn::FindInMap" not in json.dumps(template)


def test_the_driver_gives_up_on_a_vanished_server_before_the_import_is_ended() -> None:
    assert CONNECT_TIMEOUT_SECONDS < SECONDS_TO_SAY_WHY


def test_a_message_stays_hidden_for_as_long_as_somebody_chooses_which_locally_is_no_less_than_an_import(
    template: Template,
) -> None:
    visibility = template["Resources"]["ImportQueue"]["Properties"]["VisibilityTimeout"]["Fn::If"]
    assert visibility[:2] == ["HasImportVisibility", {"Ref": "ImportVisibilitySeconds"}]
    assert template["Parameters"]["ImportVisibilitySeconds"]["Default"] == ""
    local = {name: int(value) for name, value in IMPORT_PARAMETERS.items()}
    assert local["ImportVisibilitySeconds"] >= local["ImportTimeoutSeconds"]
    assert IMPORT_PARAMETERS["ImportTimeoutSeconds"] in template["Parameters"]["ImportTimeoutSeconds"]["AllowedValues"]


def test_a_message_that_fails_five_times_ends_in_the_dead_letter_queue(resources: dict[str, Any]) -> None:
    assert resources["ImportQueue"]["Properties"]["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]},
        "maxReceiveCount": 5,
    }


def test_the_import_takes_messages_one_by_one_and_reports_which_failed(resources: dict[str, Any]) -> None:
    (event,) = resources["ImportWorkbooks"]["Properties"]["Events"].values()
    assert event["Type"] == "SQS"
    assert event["Properties"]["BatchSize"] == 1
    assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_import_listens_to_the_queue_that_the_bucket_notifies(resources: dict[str, Any]) -> None:
    (event,) = resources["ImportWorkbooks"]["Properties"]["Events"].values()
    assert event["Properties"]["Queue"]["Fn::Sub"].endswith(":loans-local-imports")
    assert resources["ImportQueue"]["Properties"]["QueueName"] == {"Fn::Sub": "loans-${Stage}-imports"}


def test_only_uploads_under_incoming_are_announced(resources: dict[str, Any]) -> None:
    bucket = resources["WorkbooksBucket"]
    (notification,) = bucket["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    assert notification["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "incoming/"}]
    assert notification["Queue"] == {"Fn::GetAtt": ["ImportQueue", "Arn"]}
    assert bucket["DependsOn"] == "ImportQueuePolicy"


def test_the_bucket_is_versioned_encrypted_and_closed_to_the_public(resources: dict[str, Any]) -> None:
    bucket = resources["WorkbooksBucket"]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["BucketEncryption"]
    assert all(bucket["PublicAccessBlockConfiguration"].values())


def test_the_bucket_uses_the_foundations_key_where_there_is_one(resources: dict[str, Any]) -> None:
    (rule,) = resources["WorkbooksBucket"]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    condition, with_key, without = rule["Fn::If"]
    assert (condition, with_key["BucketKeyEnabled"]) == ("HasDataKey", True)
    assert with_key["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert without["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_the_bucket_answers_nobody_without_tls(resources: dict[str, Any]) -> None:
    policy = resources["WorkbooksBucketPolicy"]["Properties"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert policy["Bucket"] == {"Ref": "WorkbooksBucket"}
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [
        {"Fn::GetAtt": ["WorkbooksBucket", "Arn"]},
        {"Fn::Sub": "${WorkbooksBucket.Arn}/*"},
    ]


def test_what_nobody_needs_any_more_leaves_the_bucket(resources: dict[str, Any]) -> None:
    found = resources["WorkbooksBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    rules = {rule["Id"]: rule for rule in found}
    assert all(rule["Status"] == "Enabled" for rule in found)
    assert (rules["reports"]["Prefix"], rules["reports"]["ExpirationInDays"]) == ("reports/", {"Ref": "ReportDays"})
    assert rules["old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": {"Ref": "OldVersionDays"}}
    assert rules["incomplete-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    # A workbook itself is the lender's book, and stays.
    assert {rule.get("Prefix") for rule in found if "ExpirationInDays" in rule} == {
        "schedules/",
        "statements/",
        "openings/",
        "lists/",
        "papers/",
        "changes/",
        "reports/",
    }


def test_functions_join_the_network_where_there_is_one(template: Template) -> None:
    condition, network, nothing = template["Globals"]["Function"]["VpcConfig"]["Fn::If"]
    assert (condition, nothing) == ("HasNetwork", {"Ref": "AWS::NoValue"})
    assert network == {"SubnetIds": {"Ref": "SubnetIds"}, "SecurityGroupIds": {"Ref": "SecurityGroupIds"}}


def test_what_lambda_does_in_a_functions_name_is_allowed_by_policies_of_aws(resources: dict[str, Any]) -> None:
    for function in of_type(resources, "AWS::Serverless::Function").values():
        traces, network = resources[function["Role"]["Fn::GetAtt"][0]]["Properties"]["ManagedPolicyArns"]
        assert traces["Fn::Sub"].endswith(":iam::aws:policy/AWSXRayDaemonWriteAccess")
        assert network["Fn::If"][0] == "HasNetwork"
        assert network["Fn::If"][1]["Fn::Sub"].endswith("/AWSLambdaVPCAccessExecutionRole")


def test_the_functions_concurrency_is_budgeted(resources: dict[str, Any]) -> None:
    functions = of_type(resources, "AWS::Serverless::Function")
    reserved = {name: function["ReservedConcurrentExecutions"] for name, function in functions.items()}
    wanted = {
        "APIHandler": {"Ref": "ApiConcurrency"},
        "ImportWorkbooks": {"Ref": "ImportConcurrency"},
        "Bootstrap": 1,
        "Administer": 1,
    }
    assert reserved == {name: {"Fn::If": ["IsOnAws", most, {"Ref": "AWS::NoValue"}]} for name, most in wanted.items()}
    (event,) = functions["ImportWorkbooks"]["Events"].values()
    assert event["Properties"]["ScalingConfig"]["Fn::If"][1] == {"MaximumConcurrency": {"Ref": "ImportConcurrency"}}


def holds(condition: Any, chosen: dict[str, str]) -> Any:
    """What CloudFormation makes of a condition of a rule, with these parameters."""
    match condition:
        case {"Ref": name}:
            return chosen[name]
        case {"Fn::And": conditions}:
            return all(holds(each, chosen) for each in conditions)
        case {"Fn::Equals": [one, other]}:
            return holds(one, chosen) == holds(other, chosen)
        case {"Fn::Contains": [values, one]}:
            return holds(one, chosen) in values
    return condition


def is_let_through(template: Template, **chosen: str) -> bool:
    ruling = [rule for rule in template["Rules"].values() if holds(rule["RuleCondition"], chosen)]
    return all(holds(each["Assert"], chosen) for rule in ruling for each in rule["Assertions"])


def every_choice(template: Template) -> Iterator[dict[str, str]]:
    """Each concurrency of the API with each database."""
    names = ("ApiConcurrency", "MaxConnections")
    for values in product(*(template["Parameters"][name]["AllowedValues"] for name in names)):
        yield dict(zip(names, values, strict=True))


def test_the_rules_let_the_api_have_no_more_connections_than_the_database_takes(template: Template) -> None:
    # The imports at most, the bootstrap, the administration.
    others = template["Parameters"]["ImportConcurrency"]["MaxValue"] + 2
    for chosen in every_choice(template):
        fits = int(chosen["ApiConcurrency"]) + others <= int(chosen["MaxConnections"])
        assert is_let_through(template, **chosen, DatabaseProxy="no") is fits, chosen


def test_with_a_proxy_the_api_may_have_more_containers_than_the_database_takes_connections(template: Template) -> None:
    assert all(is_let_through(template, **chosen, DatabaseProxy="yes") for chosen in every_choice(template))


def test_what_nobody_chooses_goes_through_the_rules(template: Template) -> None:
    defaults = {name: item["Default"] for name, item in template["Parameters"].items() if "Default" in item}
    assert defaults["DatabaseProxy"] == "no"
    assert is_let_through(template, **defaults)


def test_every_function_logs_for_a_time_and_into_a_group_that_its_policy_names(resources: dict[str, Any]) -> None:
    for name, short in FUNCTIONS.items():
        group = resources[resources[name]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]]
        assert group["Properties"]["LogGroupName"] == {"Fn::Sub": f"/aws/lambda/loans-${{Stage}}-{short}"}
    groups = of_type(resources, "AWS::Logs::LogGroup").values()
    assert [group["RetentionInDays"] for group in groups] == [{"Ref": "LogDays"}] * (len(FUNCTIONS) + 1)


def test_requests_are_traced_and_their_log_tells_of_nobody(resources: dict[str, Any]) -> None:
    assert {each["Tracing"] for each in of_type(resources, "AWS::Serverless::Function").values()} == {"Active"}
    api = resources["RestAPI"]["Properties"]
    assert api["TracingEnabled"] is True
    assert "${AccessLogs}" in api["AccessLogSetting"]["DestinationArn"]["Fn::Sub"]
    line = json.loads(api["AccessLogSetting"]["Format"])
    assert {"request_id", "method", "route", "status", "ms"} <= set(line)
    # The path has the number of a customer in it, the query what was searched for.
    assert not {"$context.path", "$context.identity.sourceIp"} & set(line.values())


def alarms_of(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return of_type(resources, "AWS::CloudWatch::Alarm")


def metrics_of(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """What an alarm looks at, be it one metric or an expression over some."""
    return [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each] or [alarm]


def watched(resources: dict[str, Any]) -> set[tuple[str, str]]:
    """Each metric that has an alarm, with the function or queue it is of."""
    return {
        (metric["MetricName"], json.dumps(metric["Dimensions"][0]["Value"]))
        for alarm in alarms_of(resources).values()
        for metric in metrics_of(alarm)
    }


def test_there_is_an_alarm_for_each_thing_that_can_go_wrong(resources: dict[str, Any]) -> None:
    functions = {
        (metric, json.dumps({"Ref": name})) for name in FUNCTIONS for metric in ("Errors", "Throttles", "Duration")
    }
    api = {(metric, '"loans"') for metric in ("Count", "5XXError", "Latency")}
    cluster = {(metric, '{"Ref": "DatabaseClusterId"}') for metric in ("ACUUtilization", "DatabaseConnections")}
    queues = {
        ("ApproximateNumberOfMessagesVisible", '{"Fn::GetAtt": ["DeadLetterQueue", "QueueName"]}'),
        ("ApproximateAgeOfOldestMessage", '{"Fn::GetAtt": ["ImportQueue", "QueueName"]}'),
    }
    assert watched(resources) == functions | api | cluster | queues
    assert resources["ApiLatencyAlarm"]["Properties"]["ExtendedStatistic"] == "p99"


def test_every_alarm_tells_the_topic_and_says_what_it_is_about(resources: dict[str, Any]) -> None:
    alarms = alarms_of(resources)
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "Alarms"}]
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["AlarmDescription"].endswith(".")
    names = {alarm["AlarmName"]["Fn::Sub"].removeprefix("loans-${Stage}-") for alarm in alarms.values()}
    assert len(names) == len(alarms)
    operations = (ROOT / "docs" / "operations.md").read_text()
    assert {name for name in names if f"`{name}`" not in operations} == set()
    assert resources["AlarmsByMail"]["Condition"] == "HasAlarmMail"


def test_the_alarm_of_a_duration_rings_before_the_time_out(resources: dict[str, Any]) -> None:
    for name in ("APIHandler", "Bootstrap", "Administer"):
        alarm = resources[f"{name}Duration"]["Properties"]
        assert alarm["Threshold"] == 800 * resources[name]["Properties"]["Timeout"]
        assert alarm["Statistic"] == "Maximum"
    share = resources["ImportWorkbooksDuration"]["Properties"]["Metrics"][1]["Expression"]["Fn::Sub"]
    assert share == "longest / (1000 * ${ImportTimeoutSeconds})"


def test_only_the_free_metrics_of_the_api_are_made_and_looked_at(resources: dict[str, Any]) -> None:
    (settings,) = resources["RestAPI"]["Properties"]["MethodSettings"]
    assert settings["MetricsEnabled"] is False
    by = [
        [dimension["Name"] for dimension in metric["Dimensions"]]
        for alarm in alarms_of(resources).values()
        for metric in metrics_of(alarm)
        if metric["Namespace"] == "AWS/ApiGateway"
    ]
    shown = {each.by for each in shown_metrics(resources) if each.namespace == "AWS/ApiGateway"}
    assert {frozenset(names) for names in by} == shown == {frozenset({"ApiName", "Stage"})}


class Shown(NamedTuple):
    """A metric of the dashboard, or those that a search finds: by which dimensions they are told apart."""

    namespace: str
    name: str
    by: frozenset[str]


SEARCH = re.compile(r"""SEARCH\('\{(\w+),([\w,]+)\} MetricName="(\w+)" stage="\$\{Stage\}"', 'Sum', 300\)""")


def shown_metrics(resources: dict[str, Any]) -> set[Shown]:
    widgets = json.loads(resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])["widgets"]
    return {shown(*metric) for widget in widgets for metric in widget["properties"]["metrics"]}


def shown(*metric: Any) -> Shown:
    """A metric as a widget has it: namespace, name, then names of dimensions with their values, and how it is drawn."""
    if len(metric) > 1:
        namespace, name, *dimensions, _drawn = metric
        return Shown(namespace, name, frozenset(dimensions[::2]))
    found = SEARCH.fullmatch(metric[0]["expression"])
    assert found, metric
    return Shown(found[1], found[3], frozenset(found[2].split(",")))


def test_the_dashboard_shows_each_of_our_own_metrics_by_dimensions_that_it_has(resources: dict[str, Any]) -> None:
    kinds = [each for each in vars(metrics).values() if isinstance(each, metrics.Counted)]
    emitted = {
        Shown(metrics.NAMESPACE, name, frozenset({"stage", *group}))
        for kind in kinds
        for name in kind.metrics
        for group in kind.by
    }
    ours = {each for each in shown_metrics(resources) if each.namespace == metrics.NAMESPACE}
    assert ours <= emitted
    assert {each.name for each in ours} == {each.name for each in emitted}


def test_the_database_is_watched_where_its_name_is_known(resources: dict[str, Any]) -> None:
    conditional = {name for name, item in resources.items() if item.get("Condition") == "HasDatabaseCluster"}
    assert conditional == {"DatabaseCapacityAlarm", "DatabaseConnectionsAlarm"}


def test_the_dashboard_shows_what_the_alarms_watch(resources: dict[str, Any]) -> None:
    text = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    assert {name for name, _ in watched(resources)} <= {each.name for each in shown_metrics(resources)}
    mentioned = set(re.findall(r"\$\{(\w+)", text)) - {"AWS", "Stage", "DatabaseClusterId"}
    assert mentioned <= set(resources)
    assert resources["Dashboard"]["Condition"] == "IsOnAws"


def test_the_bootstrap_runs_on_a_schedule(resources: dict[str, Any]) -> None:
    (event,) = resources["Bootstrap"]["Properties"]["Events"].values()
    assert event["Type"] == "Schedule"


def test_the_api_has_a_known_id_on_localstack_and_no_second_stage(resources: dict[str, Any]) -> None:
    (api,) = of_type(resources, "AWS::Serverless::Api").values()
    assert api["Tags"] == {"_custom_id_": {"Ref": "ApiId"}}
    assert api["PropagateTags"] is True
    assert api["OpenApiVersion"]


def test_what_api_gateway_answers_by_itself_has_the_envelope_of_our_errors(resources: dict[str, Any]) -> None:
    known = {kind.code: kind.status for kind in subclasses(errors.LoanError)} | {"internal_error": 500}
    responses = resources["RestAPI"]["Properties"]["GatewayResponses"]
    assert {"MISSING_AUTHENTICATION_TOKEN", "REQUEST_TOO_LARGE", "THROTTLED", "DEFAULT_4XX", "DEFAULT_5XX"} <= set(
        responses
    )
    for response in responses.values():
        body = response["ResponseTemplates"]["application/json"]
        # API Gateway puts the message in with quotes of its own.
        envelope = json.loads(body.replace("$context.error.messageString", '"words"'))
        assert set(envelope) == ENVELOPE
        assert known[envelope["code"]] == response.get("StatusCode", known[envelope["code"]])


def test_what_api_gateway_answers_by_itself_is_not_kept_and_not_guessed_about(resources: dict[str, Any]) -> None:
    for name, response in resources["RestAPI"]["Properties"]["GatewayResponses"].items():
        headers = response["ResponseParameters"]["Headers"]
        assert headers["Cache-Control"] == "'no-store'", name
        assert headers["X-Content-Type-Options"] == "'nosniff'", name


@pytest.mark.parametrize("name", ["INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"])
def test_a_function_that_does_not_answer_is_told_as_one_to_try_again(resources: dict[str, Any], name: str) -> None:
    response = resources["RestAPI"]["Properties"]["GatewayResponses"][name]
    assert response["StatusCode"] == 503
    assert response["ResponseParameters"]["Headers"]["Retry-After"] == "'5'"
    assert '"code":"service_unavailable"' in response["ResponseTemplates"]["application/json"]


def subclasses(kind: type[errors.LoanError]) -> Iterator[type[errors.LoanError]]:
    for found in kind.__subclasses__():
        yield found
        yield from subclasses(found)


def test_the_outputs_say_where_everything_is(template: Template) -> None:
    assert {
        "BaseUrl",
        "BucketName",
        "ImportQueueUrl",
        "DeadLetterQueueUrl",
        "BootstrapFunctionName",
        "AdministerFunctionName",
    } <= set(template["Outputs"])


def test_the_api_is_throttled_and_somebody_hears_of_many_requests(resources: dict[str, Any]) -> None:
    (settings,) = resources["RestAPI"]["Properties"]["MethodSettings"]
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    assert settings["ThrottlingRateLimit"] == {"Ref": "RequestsASecond"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "RequestsAtOnce"}
    alarm = resources["RequestRateAlarm"]["Properties"]
    (counted,) = [metric["MetricStat"]["Metric"] for metric in alarm["Metrics"] if "MetricStat" in metric]
    assert counted["Dimensions"][0]["Value"] == resources["RestAPI"]["Properties"]["DefinitionBody"]["info"]["title"]


def test_every_parameter_of_both_templates_is_documented(template: Template) -> None:
    documented = (ROOT / "docs" / "configuration.md").read_text()
    foundation = yaml.safe_load((ROOT / "infra" / "foundation.yaml").read_text())
    for name in {**template["Parameters"], **foundation["Parameters"]}:
        assert f"`{name}`" in documented, name


def test_every_parameter_can_be_read_back_so_that_a_roll_back_restores_it(template: Template) -> None:
    assert [name for name, parameter in template["Parameters"].items() if "NoEcho" in parameter] == []


def test_the_stages_differ_in_nothing_but_their_name_and_who_is_let_in(template: Template, tmp_path: Path) -> None:
    dev = package("dev", tmp_path / "package").template
    assert json.dumps(dev, sort_keys=True) == (
        json.dumps(template, sort_keys=True)
        .replace('"StageName": "local"', '"StageName": "dev"')
        .replace('"API_AUTH": "open", ', "")
        .replace('"STAGE": "local"', '"STAGE": "dev"')
        .replace("stage=local", "stage=dev")
        .replace(":loans-local-imports", ":loans-dev-imports")
        .replace("${AWS::URLSuffix}/local/", "${AWS::URLSuffix}/dev/")
        .replace('"arm64"', '"x86_64"')
    )


def test_the_functions_of_a_stage_run_on_graviton_if_that_is_asked_for(tmp_path: Path) -> None:
    built = package("dev", tmp_path / "package", architecture="arm64")
    functions = [
        resource["Properties"]
        for resource in built.template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    assert {tuple(function["Architectures"]) for function in functions} == {("arm64",)}
    with zipfile.ZipFile(built.zip_file) as archive:
        libraries = [archive.read(name) for name in archive.namelist() if name.endswith(".so")]
    # The machine in the header of an ELF file: 183 is AArch64.
    assert {int.from_bytes(library[18:20], "little") for library in libraries} == {183}


def test_cfn_lint_finds_nothing(template: Template, tmp_path: Path) -> None:
    file = tmp_path / "template.json"
    file.write_text(json.dumps(with_code(template, "s3://bucket/key.zip")))
    linter = str(Path(sys.executable).with_name("cfn-lint"))
    done = subprocess.run([linter, str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_zip_carries_the_service_and_its_dependencies_but_not_what_lambda_brings(built: Package) -> None:
    with zipfile.ZipFile(built.zip_file) as archive:
        names = archive.namelist()
    folders = {name.split("/")[0] for name in names}
    assert {
        "app.py", "chalicelib", "chalice", "sqlalchemy", "pg8000", "pydantic", "alembic", "openpyxl", "argon2",
        "reportlab"
    } <= folders  # fmt: skip
    assert not folders & {"boto3", "botocore", "tests", "infra", "data"}
    for compiled in ("pydantic_core/", "_argon2_cffi_bindings/", "uharfbuzz/"):
        assert any(name.startswith(compiled) and name.endswith(".so") for name in names)
    for no_module in ("storage/migrations/script.py.mako", "paper/fonts/NotoSans-Regular.ttf"):
        assert f"chalicelib/{no_module}" in names
    # AWS refuses more than 50 MB.
    assert built.zip_file.stat().st_size < 50_000_000


def test_the_digest_of_the_source_changes_with_what_is_deployed_only() -> None:
    digest = source_digest("local", {"A": "1"})
    assert digest == source_digest("local", {"A": "1"})
    assert digest != source_digest("local", {"A": "2"})
    assert digest != source_digest("dev", {"A": "1"})
    assert digest != source_digest("local", {"A": "1"}, architecture="arm64")


def test_half_a_package_of_a_run_that_was_ended_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    kept = tmp_path / "deployments"
    kept.mkdir()
    whole, half = kept / "whole.zip", kept / "half.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("app.py", "app = 1")
    half.write_bytes(whole.read_bytes()[:40])
    packaging._copy_sources(tmp_path / "project")
    assert list(kept.iterdir()) == [whole]
