"""The custom notification that AWS's chat applications show in Slack and Teams.

https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
"""

import json
from collections.abc import Mapping

SHOWN = 10  # accounts in a list: what a phone shows of a channel without scrolling


def notification(
    payload: Mapping[str, object], about: str, title: str, description: str, *steps: str
) -> str:
    """The notification as JSON; `payload` is the alert for programs, `about` whom it is about."""
    context = {name: value for name, value in payload.items() if isinstance(value, str)}
    return json.dumps(
        {
            "version": "1.0",
            "source": "custom",
            "id": payload["id"],
            "content": {
                "textType": "client-markdown",
                "title": title,
                "description": description,
                "nextSteps": list(steps),
                "keywords": [payload["severity"], payload["kind"], about],
            },
            "metadata": {
                "threadId": payload["episode"],
                "summary": title,
                "eventType": payload["condition"] or payload["kind"],
                "relatedResources": [about],
                "additionalContext": context,
            },
        }
    )
