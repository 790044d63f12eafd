"""What template.yaml makes of a function, and of the stores: connections, permissions, versions, secrets, alarms."""

from __future__ import annotations

import json
import math
import re
import secrets
import string
import tomllib
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clicks import backlog
from ginnel import ingestion, jwks, postgres, redis
from local import deploy
from webhooks import courier

from . import template
from .template import RESOURCES, SIZES, Stack

CONNECTIONS = {"redirect": 1, "auth": 1, "links": 1, "clicks": 3, "webhooks": 1, "migrate": 1}
"""What an environment may hold to PostgreSQL at the same time; test_handlers.py counts them."""
HEADROOM = 10
"""Five are PostgreSQL's and RDS's own, the others for people."""
# Who verifies access tokens asks for the keys that came after its deployment.
_KEYS = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": {"Ref": "Keys"}}
_ASKS = {"If": ["AsksForKeys", _KEYS, {"Ref": "AWS::NoValue"}]}
MAY: dict[str, list[dict[str, Any]]] = {
    **{name: [_ASKS] for name in ("auth", "links", "clicks")},
    "webhooks": [
        # Its schedule puts deliveries into its queue, and Lambda takes them out on its behalf.
        {
            "Effect": "Allow",
            "Action": ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            "Resource": {"GetAtt": "WebhookQueue.Arn"},
        },
        # It sends mail, for the one domain that is named.
        {
            "If": [
                "HasMailIdentity",
                {
                    "Effect": "Allow",
                    "Action": ["ses:SendEmail", "ses:SendRawEmail"],
                    "Resource": {
                        "Sub": "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/${MailIdentity}"
                    },
                },
                {"Ref": "AWS::NoValue"},
            ]
        },
    ],
}
"""What a function may do besides writing to its log: a statement each. The reason belongs beside it."""
TRAFFIC = [name for name in template.FUNCTIONS if name != "migrate"]
GIVEN = {"DatabaseUrl": "postgresql://a@db/g", "RedisUrl": "rediss://a", "JwtKeys": "{…}", "BaseUrl": "https://go.test"}


def named(function: str, part: str) -> str:
    return f"{function.capitalize()}{part}"


# Connections


@pytest.mark.parametrize("size", SIZES)
def test_two_versions_of_all_functions_together_leave_connections_to_others(size: str) -> None:
    row = SIZES[size]
    held = sum(row[function.capitalize()] * connections for function, connections in CONNECTIONS.items())
    print(f"{size}: {held} connections a version, twice {2 * held} of {row['MaxConnections']}")
    assert 2 * held + HEADROOM <= row["MaxConnections"]
    assert 2 * held <= row["ManyConnections"] < row["MaxConnections"]


@pytest.mark.parametrize("size", SIZES)
def test_the_table_is_what_bounds_functions_and_database(size: str) -> None:
    assert CONNECTIONS.keys() == template.FUNCTIONS.keys()
    stack = Stack({"Size": size})
    for function, properties in template.FUNCTIONS.items():
        assert stack.value(properties["ReservedConcurrentExecutions"]) == SIZES[size][function.capitalize()]
    settings = stack.value(RESOURCES["DatabaseSettings"]["Properties"]["Parameters"])
    assert settings["max_connections"] == SIZES[size]["MaxConnections"]
    assert set(template.PARAMETERS["Size"]["AllowedValues"]) == SIZES.keys()


@pytest.mark.parametrize("size", SIZES)
def test_a_run_that_takes_its_longest_leaves_room_for_the_next_and_for_requests(size: str) -> None:
    side_by_side = math.ceil(template.FUNCTIONS["clicks"]["Timeout"] / 60)
    assert SIZES[size]["Clicks"] >= side_by_side + 2


def test_nothing_is_reserved_where_the_account_has_too_little() -> None:
    stack = Stack({"ReserveConcurrency": "false"})
    for properties in template.FUNCTIONS.values():
        assert stack.value(properties["ReservedConcurrentExecutions"]) is None


# Permissions


@pytest.mark.parametrize("function", template.FUNCTIONS)
def test_a_function_may_write_to_its_own_log_and_do_what_is_listed_here(function: str) -> None:
    properties = template.FUNCTIONS[function]
    role, log = named(function, "Role"), named(function, "Log")
    assert properties["Role"] == {"GetAtt": f"{role}.Arn"}
    assert properties["LoggingConfig"] == {"LogGroup": {"Ref": log}}
    assert "Policies" not in properties  # SAM would add its own to a role of its own
    wanted = RESOURCES[role]["Properties"]
    assert wanted["ManagedPolicyArns"] == [{"If": ["InNetwork", {"Ref": "NetworkPolicy"}, {"Ref": "AWS::NoValue"}]}]
    statements = [it for policy in wanted["Policies"] for it in policy["PolicyDocument"]["Statement"]]
    own = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": {"GetAtt": f"{log}.Arn"},
    }
    assert statements == [own, *MAY.get(function, [])]


def test_only_lambda_itself_uses_what_connects_functions_to_a_network() -> None:
    allowed, denied = RESOURCES["NetworkPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert all(action.startswith("ec2:") for action in allowed["Action"])
    assert (denied["Effect"], denied["Action"]) == ("Deny", "ec2:*")
    assert list(denied["Condition"]["ArnLike"]) == ["lambda:SourceFunctionArn"]


def test_logs_do_not_last_for_ever() -> None:
    logs = template.of_type("AWS::Logs::LogGroup")
    assert logs.keys() == {named(function, "Log") for function in template.FUNCTIONS} | {"ApiLog"}
    assert all(log["RetentionInDays"] == {"Ref": "LogDays"} for log in logs.values())


# Versions


@pytest.mark.parametrize("function", TRAFFIC)
def test_a_new_version_takes_over_when_the_schema_is_ready_and_while_alarms_are_watched(function: str) -> None:
    properties = template.FUNCTIONS[function]
    assert RESOURCES[named(function, "Function")]["DependsOn"] == "Schema"
    assert properties["AutoPublishAlias"] == "live"
    preference = properties["DeploymentPreference"]
    assert preference["Type"] == {"Ref": "Traffic"}
    alarms = [f"${{{named(function, 'Errors')}}}", "${ServerErrors}"]
    assert Stack({"Traffic": "Canary10Percent5Minutes"}).value(preference["Alarms"]) == alarms
    assert Stack({"Traffic": "AllAtOnce"}).value(preference["Alarms"]) == []


@pytest.mark.parametrize("function", TRAFFIC)
def test_whatever_changes_makes_a_new_version(function: str) -> None:
    properties = template.FUNCTIONS[function]
    assert properties["AutoPublishAliasAllProperties"] is True
    assert properties["VersionDescription"] == {"Ref": "Release"}
    # Lambda publishes nothing where only a version's description is another one.
    assert "(${Release})" in properties["Description"]["Sub"]
    used = {layer["Ref"] for layer in (*template.GLOBALS["Layers"], *properties.get("Layers", []))}
    assert all(RESOURCES[layer]["Properties"]["PublishLambdaVersion"] is True for layer in used)


def test_the_schema_is_brought_up_to_date_by_each_release_and_by_each_change_of_the_migrations() -> None:
    schema = RESOURCES["Schema"]["Properties"]
    assert schema["ServiceToken"] == {"GetAtt": "MigrateFunction.Arn"}
    assert (schema["Release"], schema["Migrations"]) == ({"Ref": "Release"}, {"Ref": "CommonLayer"})
    migrate = template.FUNCTIONS["migrate"]
    assert "AutoPublishAlias" not in migrate  # CloudFormation is to ask the newest code
    assert migrate["EventInvokeConfig"]["MaximumRetryAttempts"] == 0
    assert migrate["Timeout"] < int(schema["ServiceTimeout"])
    # The answer goes to S3, from a network with no other way out.
    assert {"Ref": "S3Endpoint"} in schema["Network"]["If"][1]


@pytest.mark.parametrize(("wanted", "applied"), [("true", "PublishedVersions"), ("false", "None")])
def test_what_imports_much_can_start_from_a_snapshot(wanted: str, applied: str) -> None:
    stack = Stack({"SnapStart": wanted})
    found = {name: stack.value(it["SnapStart"]) for name, it in template.FUNCTIONS.items() if "SnapStart" in it}
    assert found == {name: {"ApplyOn": applied} for name in ("auth", "links")}


# Secrets


class Drawn:
    """What Secrets Manager draws for the template's secrets."""

    def __init__(self) -> None:
        self._drawn: dict[str, dict[str, str]] = {}

    def into(self, text: str) -> str:
        """Resolve a text's references, as CloudFormation does."""
        return re.sub(r"\{\{resolve:secretsmanager:\$\{(\w+)\}:SecretString(?::(\w+))?\}\}", self._value, text)

    def _value(self, found: re.Match[str]) -> str:
        wanted = RESOURCES[found[1]]["Properties"]["GenerateSecretString"]
        assert wanted["ExcludePunctuation"] is True
        characters = string.ascii_letters + string.digits
        drawn = "".join(secrets.choice(characters) for _ in range(wanted["PasswordLength"]))
        whole = {**json.loads(wanted["SecretStringTemplate"]), wanted["GenerateStringKey"]: drawn}
        kept = self._drawn.setdefault(found[1], whole)
        return kept[found[2]] if found[2] else json.dumps(kept)


def test_generated_secrets_make_settings_that_are_read() -> None:
    drawn = Drawn()
    for function in template.FUNCTIONS:
        given = {name: drawn.into(value) for name, value in template.environment(function, {}).items()}
        assert "resolve:" not in str(given)
        postgres.Settings(given["DATABASE_URL"])
        assert "?sslmode=require" in given["DATABASE_URL"]
        if "REDIS_URL" in given:
            assert redis.Settings(given["REDIS_URL"]).redis_url.startswith("rediss://:")


def test_each_function_has_the_same_keys() -> None:
    sets = [template.environment(name, {}).get("JWT_KEYS") for name in template.FUNCTIONS]
    assert Counter(sets)[template.environment("auth", {})["JWT_KEYS"]] == 3


def test_the_secret_that_is_made_holds_a_key_that_signs_and_can_be_followed_by_others() -> None:
    text = Drawn().into(template.environment("auth", {})["JWT_KEYS"])
    now = datetime(2026, 5, 1, tzinfo=UTC)
    assert jwks.parse(text).signer(now).kid == "first"
    later = jwks.parse(jwks.rotated(text, now=now, after=timedelta(hours=1)))
    assert later.signer(now).kid == "first"
    assert later.signer(now + timedelta(hours=1)).kid != "first"


@pytest.mark.parametrize(
    ("given", "asks", "endpoint"),
    [({}, False, False), ({"LiveKeys": "true"}, True, True), ({"LiveKeys": "true", "WayOut": "true"}, True, False),
     ({"LiveKeys": "true", "SubnetIds": "subnet-1,subnet-2"}, True, False), (GIVEN | {"LiveKeys": "true"}, False, False)],
)  # fmt: skip
def test_functions_ask_for_changed_keys_where_they_are_to_and_have_a_way_there(
    given: dict[str, str], *, asks: bool, endpoint: bool
) -> None:
    for name in ("auth", "links", "clicks"):
        assert template.environment(name, given)["JWT_KEYS_SECRET"] == ("${Keys}" if asks else "")
    assert Stack(given).has("SecretsEndpoint") is endpoint
    assert Stack(given).has("SecretsGroup") is endpoint
    (allowed,) = RESOURCES["SecretsEndpoint"]["Properties"]["PolicyDocument"]["Statement"]
    assert (allowed["Action"], allowed["Resource"]) == ("secretsmanager:GetSecretValue", {"Ref": "Keys"})


def test_what_is_given_is_used_and_nothing_is_made_in_its_place() -> None:
    stack = Stack(GIVEN)
    made = {*template.of_type("AWS::SecretsManager::Secret"), "Database", "Redis", "Vpc", "SubnetA", "NetworkPolicy"}
    assert not [name for name in made if stack.has(name)]
    assert stack.value(template.GLOBALS["VpcConfig"]) is None
    found = template.environment("clicks", GIVEN)
    assert found["DATABASE_URL"] == GIVEN["DatabaseUrl"]
    assert (found["REDIS_URL"], found["JWT_KEYS"], found["BASE_URL"]) == tuple(GIVEN.values())[1:]


def test_a_given_network_is_used() -> None:
    stack = Stack({"SubnetIds": "subnet-1,subnet-2", "SecurityGroupIds": "sg-1"})
    assert stack.has("Database")
    assert not [name for name in ("Vpc", "SubnetA", "S3Endpoint", "StoreGroup") if stack.has(name)]
    assert stack.value(template.GLOBALS["VpcConfig"]) == {
        "SubnetIds": "subnet-1,subnet-2",
        "SecurityGroupIds": "sg-1",
    }


def test_a_store_that_is_made_comes_with_a_network_and_lets_in_the_functions_only() -> None:
    for given in ("DatabaseUrl", "RedisUrl"):
        assert Stack({given: GIVEN[given]}).has("Vpc")
    ways_in = RESOURCES["StoreGroup"]["Properties"]["SecurityGroupIngress"]
    assert [(way["FromPort"], way["ToPort"]) for way in ways_in] == [(5432, 5432), (6379, 6379)]
    assert all(way["SourceSecurityGroupId"] == {"Ref": "FunctionGroup"} for way in ways_in)


# The queue


def test_of_a_batch_only_what_failed_comes_again_and_then_is_a_dead_letter() -> None:
    (event,) = (it["Properties"] for it in template.FUNCTIONS["webhooks"]["Events"].values() if it["Type"] == "SQS")
    assert event["Queue"] == {"GetAtt": "WebhookQueue.Arn"}
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    queue = RESOURCES["WebhookQueue"]["Properties"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"GetAtt": "WebhookDeadLetters.Arn"}
    # A batch that is at work is not given to another, and is over before its deliveries are due again.
    assert 6 * template.FUNCTIONS["webhooks"]["Timeout"] <= queue["VisibilityTimeout"] < courier.QUEUED.total_seconds()
    letters = RESOURCES["WebhookLetters"]["Properties"]["Dimensions"]
    assert letters == [{"Name": "QueueName", "Value": {"GetAtt": "WebhookDeadLetters.QueueName"}}]
    # A schedule's run and the queue's, side by side.
    assert all(size["Webhooks"] > event["ScalingConfig"]["MaximumConcurrency"] for size in SIZES.values())


@pytest.mark.parametrize(
    ("given", "queue", "nat"),
    [({}, "", False), ({"WayOut": "true"}, "${WebhookQueue}", True), (GIVEN, "${WebhookQueue}", False),
     ({"SubnetIds": "subnet-1,subnet-2", "WayOut": "true"}, "${WebhookQueue}", False)],
)  # fmt: skip
def test_deliveries_go_through_the_queue_where_there_is_a_way_to_it(
    given: dict[str, str], queue: str, *, nat: bool
) -> None:
    assert template.environment("webhooks", given)["QUEUE_URL"] == queue
    assert Stack(given).has("Nat") is nat


# Stores


def test_no_deployment_loses_what_the_database_keeps() -> None:
    database = RESOURCES["Database"]
    assert {database["DeletionPolicy"], database["UpdateReplacePolicy"]} == {"Snapshot"}
    assert (database["Properties"]["StorageEncrypted"], database["Properties"]["PubliclyAccessible"]) == (True, False)


def test_redis_spares_the_clicks_that_wait() -> None:
    policy = RESOURCES["RedisSettings"]["Properties"]["Properties"]["maxmemory-policy"]
    assert policy in {"volatile-ttl", "noeviction"}
    assert RESOURCES["Redis"]["Properties"]["CacheParameterGroupName"] == {"Ref": "RedisSettings"}


# Alarms


def test_every_alarm_tells_somebody() -> None:
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    assert all(alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}] for alarm in alarms.values())
    assert all(alarm["AlarmDescription"] and alarm["TreatMissingData"] for alarm in alarms.values())


@pytest.mark.parametrize("function", template.FUNCTIONS)
def test_a_functions_errors_and_throttles_raise_alarms(function: str) -> None:
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    itself = [{"Name": "FunctionName", "Value": {"Ref": named(function, "Function")}}]
    errors = alarms[named(function, "Errors")]
    assert (errors["Namespace"], errors["MetricName"], errors["Dimensions"]) == ("AWS/Lambda", "Errors", itself)
    watched = [it["MetricStat"]["Metric"] for it in alarms["Throttles"]["Metrics"] if "MetricStat" in it]
    assert itself in [it["Dimensions"] for it in watched if it["MetricName"] == "Throttles"]


def test_alarms_on_waiting_clicks_ask_for_what_the_function_tells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "stack-ClicksFunction-1")
    backlog._measure(ingestion.Waiting(entries=1, oldest_seconds=2.0, spilled=3, dead_letters=4))
    told = json.loads(capsys.readouterr().out)
    (directive,) = told["_aws"]["CloudWatchMetrics"]
    asked = [it for it in template.of_type("AWS::CloudWatch::Alarm").values() if it.get("Namespace") == "Ginnel"]
    assert {alarm["MetricName"] for alarm in asked} == {"OldestClick", "DeadLetters"}
    assert {metric["Name"] for metric in directive["Metrics"]} >= {alarm["MetricName"] for alarm in asked}
    for alarm in asked:
        dimensions = {it["Name"]: it["Value"] for it in alarm["Dimensions"]}
        assert [sorted(dimensions)] == [sorted(names) for names in directive["Dimensions"]]
        assert dimensions == {"service": told["service"], "function": {"Ref": "ClicksFunction"}}


def test_a_server_error_is_counted_where_the_api_logs_it() -> None:
    count, alarm = RESOURCES["ServerErrorCount"]["Properties"], RESOURCES["ServerErrors"]["Properties"]
    assert count["LogGroupName"] == {"Ref": "ApiLog"}
    (metric,) = count["MetricTransformations"]
    assert (metric["MetricNamespace"], metric["MetricName"]) == (alarm["Namespace"], alarm["MetricName"])
    logged = RESOURCES["HttpApi"]["Properties"]["AccessLogSettings"]["Format"]
    (field,) = re.findall(r"\$\.(\w+) >= 500", count["FilterPattern"])
    assert f'"{field}": $context.status' in logged  # a number, not a text
    assert not re.search(r"sourceIp|\.path|identity|userAgent", logged)


# Deploying


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_an_environments_parameters_are_ones_that_the_template_takes(environment: str) -> None:
    order = deploy.command(environment, template.ROOT / "built.yaml", release="r1", further=["BaseUrl=https://go.test"])
    overrides = dict(item.split("=", 1) for item in order[order.index("--parameter-overrides") + 1 :])
    assert overrides["Release"] == "r1"
    for name, value in overrides.items():
        allowed = template.PARAMETERS[name].get("AllowedValues", [value])
        assert value in map(str, allowed), name
    tags = tomllib.loads((template.ROOT / "samconfig.toml").read_text())[environment]["deploy"]["parameters"]["tags"]
    assert f"environment={environment}" in tags


def test_the_documentation_explains_every_parameter() -> None:
    explained = set(re.findall(r"^\| `(\w+)`", (template.ROOT / "docs/aws.md").read_text(), re.MULTILINE))
    assert template.PARAMETERS.keys() - {"Runtime", "Architecture"} <= explained <= template.PARAMETERS.keys()
