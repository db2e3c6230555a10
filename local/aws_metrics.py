"""What AWS itself would have measured while the story ran.

The emulator measures the function only, and by the clock on the wall instead of the story's.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from local.embedded import Embedded
from local.play import Step
from local.widgets import TOTALS, Metric

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

# Metrics that may not be there before the first failure, so that their absence is no mistake:
# https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
ONLY_ON_FAILURE = (("AWS/SNS", "NumberOfNotificationsFailed"),)


def collect(aws: Embedded, steps: Iterable[Step]) -> datetime:
    """Put what AWS would have measured, at the times of the story; returns the last of them.

    Deliveries are the mails and SMS that arrived: the letter box is no part of the stack. The depth
    of the queue is what it says now, at the end of the story.
    """
    played = list(steps)
    function = ("FunctionName", aws.outputs["CheckBalances"])
    topic = ("TopicName", aws.outputs["AlertsTopic"].rpartition(":")[2])
    queue = ("QueueName", aws.outputs["Failures"])
    last = played[-1].tick.at
    # A run that failed would have ended the story.
    runs = [(step.tick.at, 1) for step in played]
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    _put(aws, "AWS/Lambda", "Invocations", function, runs)
    _put(aws, "AWS/Lambda", "Errors", function, [(at, 0) for at, _ in runs])
    # https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
    _put(aws, "AWS/SNS", "NumberOfNotificationsDelivered", topic, _delivered(played))
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    _put(aws, "AWS/SQS", "ApproximateNumberOfMessagesVisible", queue, [(last, _depth(aws))])
    return last


def silent(metric: Metric, held: Iterable[Metric]) -> bool:
    """Whether a metric that isn't there is one that only a failure, or many accounts, bring up.

    The dimensions of a failure's must be those of another metric of the same namespace, so that it
    would come up.
    """
    if metric in TOTALS:
        return True
    return (metric.namespace, metric.name) in ONLY_ON_FAILURE and any(
        (one.namespace, one.dimensions) == (metric.namespace, metric.dimensions) for one in held
    )


def _delivered(steps: Iterable[Step]) -> list[tuple[datetime, int]]:
    counted = [(step.tick.at, sum(one.protocol != "sqs" for one in step.letters)) for step in steps]
    return [(at, count) for at, count in counted if count]


def _depth(aws: Embedded) -> int:
    url = aws.queues.get_queue_url(QueueName=aws.outputs["Failures"])["QueueUrl"]
    asked = aws.queues.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(asked["Attributes"]["ApproximateNumberOfMessages"])


def _put(
    aws: Embedded,
    namespace: str,
    name: str,
    dimension: tuple[str, str],
    points: list[tuple[datetime, int]],
) -> None:
    data: list[MetricDatumTypeDef] = [
        {
            "MetricName": name,
            "Dimensions": [{"Name": dimension[0], "Value": dimension[1]}],
            "Timestamp": at,
            "Value": value,
        }
        for at, value in points
    ]
    aws.cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
