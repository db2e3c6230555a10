"""The deployed stack in operation: with a customer's key, its alarms ringing, its runs failing."""

import json

import pytest

from local.embedded import ACCOUNT, MAIL, PHONE, REGION, STACK, embedded
from local.sandbox import serving
from tests import stack
from tests.world import DEEPSEEK_KEY

RETRIES_SECONDS = 20  # a long poll; the emulator waits a second or two between tries


@pytest.fixture(scope="module")
def aws(build):
    with embedded() as running:
        key = running.client("kms").create_key()["KeyMetadata"]["Arn"]
        running.deploy({"KmsKeyArn": key}, built=build)
        running.open_letter_box()
        yield running


@pytest.fixture
def key(aws):
    [only] = aws.client("kms").list_keys()["Keys"]
    return only["KeyArn"]


@pytest.fixture
def low_balance(aws):
    with serving() as sandbox:
        sandbox.fund(DEEPSEEK_KEY, USD="4.20")
        aws.keys({"deepseek": DEEPSEEK_KEY})
        aws.point_to({"DEEPSEEK_URL": sandbox.url, "NOVITA_URL": sandbox.url})
        yield


def test_with_a_customer_s_key_everything_that_holds_something_is_encrypted_with_it(aws, key):
    secret = aws.client("secretsmanager").describe_secret(SecretId=aws.outputs["ApiKeys"])
    assert secret["KmsKeyId"] == key
    found = aws.queues.get_queue_attributes(QueueUrl=failures(aws), AttributeNames=["All"])
    assert found["Attributes"]["KmsMasterKeyId"] == key
    roles = [r["RoleName"] for r in aws.client("iam").list_roles()["Roles"]]
    assert len([name for name in roles if name.startswith(f"{STACK}-")]) == 3
    for name in roles:
        if name.startswith(f"{STACK}-"):
            assert allowed(aws, name)["kms:Decrypt"] == allowed(aws, name)["kms:GenerateDataKey"] == key


def allowed(aws, role):
    """Each action that the deployed role may do, with its resource."""
    iam = aws.client("iam")
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]]
    for one in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = one["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        held = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
        documents.append(held["Document"])
    found = {}
    for statement in (statement for document in documents for statement in document["Statement"]):
        actions = statement["Action"]
        for action in actions if isinstance(actions, list) else [actions]:
            found[action] = statement["Resource"]
    return found


def test_with_a_customer_s_key_an_alert_goes_out_and_so_does_the_digest(aws, low_balance):
    list(aws.letters())
    assert [alert["severity"] for alert in aws.invoke({})["alerts"]] == ["critical"]
    assert {letter.protocol for letter in aws.letters(5)} == {"email", "sms", "sqs"}
    answer = aws.functions.invoke(FunctionName=aws.outputs["SendDigest"], Payload=b"{}")
    assert "FunctionError" not in answer
    assert [a["kind"] for a in json.loads(answer["Payload"].read())["alerts"]] == ["digest"]
    assert {letter.protocol for letter in aws.letters(5)} == {"email", "sqs"}


@pytest.mark.parametrize("name", stack.resources("AWS::CloudWatch::Alarm"))
def test_an_alarm_reaches_the_mail_and_the_phone_only_if_it_is_critical(aws, name):
    [found] = aws.formation.describe_stack_resources(StackName=STACK, LogicalResourceId=name)[
        "StackResources"
    ]
    alarm = found["PhysicalResourceId"]
    for state in ("OK", "ALARM"):
        list(aws.letters())
        aws.cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="a test")
    letters = {letter.protocol: letter for letter in aws.letters(5)}
    description = json.loads(letters["email"].text)["AlarmDescription"]
    assert description == stack.resources("AWS::CloudWatch::Alarm")[name]["AlarmDescription"]
    assert letters.keys() == {"email", *(["sms"] if description.startswith("CRITICAL") else [])}


@pytest.mark.parametrize("topic", ["AlertsTopic", "OpsTopic", "UrgentOpsTopic"])
def test_the_policy_of_a_topic_is_attached_as_it_is_written(aws, topic):
    arn = aws.outputs[topic]
    attached = json.loads(aws.topics.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
    [written] = [
        policy["PolicyDocument"]
        for policy in stack.resources("AWS::SNS::TopicPolicy").values()
        if policy["Topics"] == [{"Ref": topic}]
    ]
    text = json.dumps(written)
    for reference, value in (
        ({"Ref": topic}, arn),
        ({"Ref": "AWS::AccountId"}, ACCOUNT),
        (
            {"Fn::Sub": "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"},
            f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*",
        ),
    ):
        text = text.replace(json.dumps(reference), json.dumps(value))
    assert attached == json.loads(text)


def test_an_event_whose_run_fails_three_times_lands_in_the_queue_of_failures(aws):
    aws.keys({})
    event = {"id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa"}
    aws.functions.invoke(
        FunctionName=aws.outputs["CheckBalances"],
        InvocationType="Event",
        Payload=json.dumps(event).encode(),
    )
    messages = []
    for _ in range(3):
        messages += aws.queues.receive_message(
            QueueUrl=failures(aws), WaitTimeSeconds=RETRIES_SECONDS
        ).get("Messages", [])
        if messages:
            break
    [message] = messages
    failure = json.loads(message["Body"])
    assert failure["requestPayload"] == event
    assert failure["requestContext"]["condition"] == "RetriesExhausted"
    assert failure["requestContext"]["approximateInvokeCount"] == 3
    assert "The secret names no account." in failure["responsePayload"]["errorMessage"]


def failures(aws):
    return aws.queues.get_queue_url(QueueName=aws.outputs["Failures"])["QueueUrl"]


@pytest.mark.parametrize(("mail", "phone"), [("", ""), (MAIL, ""), ("", PHONE), (MAIL, PHONE)])
def test_the_stack_takes_a_mail_address_a_phone_number_both_or_neither(aws, mail, phone):
    given = {"AlertEmail": mail, "AlertPhone": phone}
    [found] = aws.formation.describe_stacks(StackName=STACK)["Stacks"]
    before = {p["ParameterKey"]: p["ParameterValue"] for p in found["Parameters"]}
    if {name: before[name] for name in given} != given:
        aws.formation.update_stack(
            StackName=STACK,
            UsePreviousTemplate=True,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in (before | given).items()
            ],
        )
        aws.formation.get_waiter("stack_update_complete").wait(
            StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
    heard = {"AlertsTopic": ("email", "sms"), "OpsTopic": ("email",), "UrgentOpsTopic": ("sms",)}
    for topic, protocols in heard.items():
        subscriptions = aws.topics.list_subscriptions_by_topic(TopicArn=aws.outputs[topic])
        told = {
            one["Protocol"]: one["Endpoint"]
            for one in subscriptions["Subscriptions"]
            if one["Protocol"] != "sqs"  # the letter box
        }
        given = {"email": mail, "sms": phone}
        assert told == {protocol: given[protocol] for protocol in protocols if given[protocol]}


# The last one: it takes the stack away.
def test_the_table_and_the_secret_outlive_the_stack(aws):
    aws.formation.delete_stack(StackName=STACK)
    aws.formation.get_waiter("stack_delete_complete").wait(
        StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    assert aws.topics.list_topics()["Topics"] == []
    assert aws.functions.list_functions()["Functions"] == []
    assert aws.client("dynamodb").list_tables()["TableNames"] == [aws.outputs["State"]]
    [secret] = aws.client("secretsmanager").list_secrets()["SecretList"]
    assert secret["ARN"] == aws.outputs["ApiKeys"]
