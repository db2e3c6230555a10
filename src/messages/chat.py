"""The custom notification that AWS's chat applications show in Slack and Teams.

https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
"""

import json
from collections.abc import Mapping

from guard.alert import Alert


def notification(
    alert: Alert, payload: Mapping[str, object], title: str, description: str, *steps: str
) -> str:
    """The notification as JSON; `payload` is the alert for programs."""
    context = {name: value for name, value in payload.items() if isinstance(value, str)}
    return json.dumps(
        {
            "version": "1.0",
            "source": "custom",
            "id": alert.id,
            "content": {
                "textType": "client-markdown",
                "title": title,
                "description": description,
                "nextSteps": list(steps),
                "keywords": [alert.severity.word, alert.kind, str(alert.account)],
            },
            "metadata": {
                "threadId": alert.episode,
                "summary": title,
                "eventType": alert.condition or alert.kind,
                "relatedResources": [str(alert.account)],
                "additionalContext": context,
            },
        }
    )
