"""One notification to every subscriber, to see that mail and SMS arrive."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

import summary
from aws import clients
from aws.notifications import Topic
from check import GuardError
from guard.figures import timestamp
from guard.model import Account, Alert, Kind, Severity
from settings import Settings


def test_alert(settings: Settings, clock: Callable[[], datetime]) -> dict[str, Any]:
    """Publish one `test` notification, and return a summary without accounts.

    It is sent as critical, since the phone is subscribed to nothing less. Raises `GuardError`.
    """
    now = clock().replace(microsecond=0)
    alert = Alert(
        id=hashlib.sha256(f"test {now.isoformat()}".encode()).hexdigest()[:32],
        episode="test",
        kind=Kind.TEST,
        condition=None,
        severity=Severity.CRITICAL,
        account=Account("budget-guard", "test"),
        observed_at=now,
    )
    try:
        Topic(settings.topic).publish(alert)
    except (ClientError, BotoCoreError) as error:
        raise GuardError(
            f"The test notification was not published ({clients.error_code(error)}): "
            "check the alerts topic and the function's permissions for it."
        ) from None
    return {"observed_at": timestamp(now), "accounts": [], "alerts": [summary.of_alert(alert)]}
