"""What a tick needs: the stack's resources on moto, and the providers' sandbox."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns import sns_backends

from handlers import check_balances, send_digest
from tests import stack

DEEPSEEK_KEY = "sk-deepseek-0123456789abcdef"
NOVITA_KEY = "sk_novita-0123456789abcdef"
START = datetime(2026, 6, 10, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


class World:
    """One deployed guard; `now` is the time of the next tick."""

    def __init__(self, sandbox, monkeypatch):
        self.sandbox, self.now = sandbox, START
        self._read = 0
        self._published = {}
        self.setenv = monkeypatch.setenv
        self.delenv = monkeypatch.delenv
        self.dynamodb = boto3.client("dynamodb")
        table = stack.resources("AWS::DynamoDB::Table")["State"]
        self.table = "state"
        self.dynamodb.create_table(
            TableName=self.table,
            BillingMode=table["BillingMode"],
            KeySchema=table["KeySchema"],
            AttributeDefinitions=table["AttributeDefinitions"],
        )
        self.secrets = boto3.client("secretsmanager")
        self.secret = self.secrets.create_secret(Name="api-keys")["ARN"]
        self.sns = boto3.client("sns")
        self.topic = self.sns.create_topic(Name="alerts")["TopicArn"]
        self.ops_topic = self.sns.create_topic(Name="operations")["TopicArn"]
        self.owner = self.subscribe(self.topic)
        setenv = monkeypatch.setenv
        setenv("API_KEYS_SECRET", self.secret)
        setenv("STATE_TABLE", self.table)
        setenv("ALERTS_TOPIC", self.topic)
        setenv("OPS_TOPIC", self.ops_topic)
        setenv("DEEPSEEK_URL", sandbox.url)
        setenv("NOVITA_URL", sandbox.url)
        self.keys({"deepseek": DEEPSEEK_KEY, "novita": NOVITA_KEY})
        self.deepseek("100")
        self.novita("100")

    def keys(self, entries: Any) -> None:
        """Set the secret; a string is stored as it is."""
        text = entries if isinstance(entries, str) else json.dumps(entries)
        self.secrets.put_secret_value(SecretId=self.secret, SecretString=text)

    def deepseek(self, usd: str) -> None:
        """Let DeepSeek stand at so many dollars."""
        self.sandbox.fund(DEEPSEEK_KEY, USD=usd)

    def novita(self, usd: str, credit: str = "0") -> None:
        """Let Novita AI stand at so many dollars of cash, and a credit line."""
        self.sandbox.lend(NOVITA_KEY, usd, credit)

    def tick(self, step: timedelta = QUARTER, seconds_left: float = 60) -> dict[str, Any]:
        """Run the handler at `now`, then move on by `step`."""
        event = {"time": self.now.isoformat().replace("+00:00", "Z")}
        self.now += step
        return self.run(event, seconds_left)

    def run(self, event: Any, seconds_left: float = 60) -> dict[str, Any]:
        """Run the handler once, as Lambda does: the answer must be JSON."""
        answer = json.loads(json.dumps(check_balances.lambda_handler(event, _context(seconds_left))))
        self._published |= {alert["id"]: alert for alert in answer["alerts"]}
        return answer

    def digest(self, when: datetime | None = None, seconds_left: float = 60) -> dict[str, Any]:
        """Run the digest's handler for a scheduled time, by default `now`."""
        event = {"time": (when or self.now).isoformat()}
        return json.loads(json.dumps(send_digest.lambda_handler(event, _context(seconds_left))))

    def subscribe(
        self, topic: str, protocol: str = "email", endpoint: str = "a@example.com", **attributes: str
    ) -> str:
        """Subscribe to a topic; moto takes it as confirmed."""
        answer = self.sns.subscribe(
            TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=attributes
        )
        return answer["SubscriptionArn"]

    def nobody_listens(self) -> None:
        """Take away the subscription of the alerts topic's owner."""
        self.sns.unsubscribe(SubscriptionArn=self.owner)

    def somebody_listens(self) -> None:
        """Subscribe the owner anew."""
        self.owner = self.subscribe(self.topic)

    def sent(self) -> list[Any]:
        """All notifications, as moto keeps them."""
        return sns_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].topics[self.topic].sent_notifications

    def mail(self) -> list[SimpleNamespace]:
        """The notifications since the last call, in their order."""
        sent = self.sent()[self._read :]
        self._read += len(sent)
        return [_notification(*one) for one in sent]

    def said(self) -> list[tuple[str, str, str]]:
        """What was said since the last call, one by one, as (kind, condition, severity)."""
        alerts = [alert for one in self.mail() for alert in self.members(one)]
        return [(one["kind"], one["condition"], one["severity"]) for one in alerts]

    def members(self, mail: SimpleNamespace) -> list[dict[str, Any]]:
        """The alerts of a notification: itself, or those that it stands for."""
        if "ids" not in mail.data:
            return [mail.data]
        shown = {one["id"]: one for one in mail.data["alerts"]}
        return [self._published.get(id) or shown[id] for id in mail.data["ids"]]

    def item(self, account: str = "deepseek/default") -> dict[str, Any]:
        """The account's item in the state table."""
        return self.dynamodb.get_item(TableName=self.table, Key={"account": {"S": account}})["Item"]


def _context(seconds_left: float) -> SimpleNamespace:
    return SimpleNamespace(
        get_remaining_time_in_millis=lambda: int(seconds_left * 1000),
        aws_request_id="7d3b4f52-0000-0000-0000-000000000000",
    )


def _notification(_id, message, subject, attributes, *_rest):
    texts = json.loads(message)
    return SimpleNamespace(
        subject=subject, attributes=attributes, texts=texts, data=json.loads(texts["sqs"])
    )


def measured(capture: Any) -> list[dict[str, Any]]:
    """The metrics that were printed since the last call."""
    return [json.loads(line) for line in capture.readouterr().out.splitlines() if '"_aws"' in line]


def account(summary: dict[str, Any], provider: str = "deepseek") -> dict[str, Any]:
    """The summary of a provider's default account."""
    return next(a for a in summary["accounts"] if a["provider"] == provider)
