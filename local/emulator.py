"""ministack with a letter box, run by ministack's own interpreter.

ministack delivers to queues and functions, but drops what a topic hands to mail and SMS. Here it
lands in the queue named by LETTER_BOX instead, after the subscription's filter, so that a person
can read what would have arrived.
"""

import json
import os
from collections.abc import Callable
from typing import Any

from ministack.app import main  # type: ignore[import-not-found]
from ministack.services import sns  # type: ignore[import-not-found]

LETTERS = ("email", "sms")


def with_letter_box(fanout: Callable[..., None], queue: str) -> Callable[..., None]:
    """Wrap the fan-out of a publish: the subscriptions to mail and SMS write to the queue as well."""

    def fan_out(topic: str, id: str, message: str, subject: str, *args: Any, **more: Any) -> None:
        fanout(topic, id, message, subject, *args, **more)
        structure = more.get("message_structure", args[0] if args else "")
        attributes = more.get("message_attributes", args[1] if len(args) > 1 else None) or {}
        for subscription in sns._topic_by_arn_any_scope(topic)["subscriptions"]:  # noqa: SLF001
            protocol = subscription["protocol"]
            text = sns._resolve_message_for_protocol(message, structure, protocol)  # noqa: SLF001
            if protocol in LETTERS and sns._matches_filter_policy(subscription, attributes, text):  # noqa: SLF001
                letter = json.dumps({"protocol": protocol, "subject": subject, "text": text})
                sns._deliver_to_sqs(queue, letter, True, letter, topic_arn=topic)  # noqa: FBT003, SLF001

    return fan_out


if __name__ == "__main__":
    sns._fanout = with_letter_box(sns._fanout, os.environ["LETTER_BOX"])  # noqa: SLF001
    main()
