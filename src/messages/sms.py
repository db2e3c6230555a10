"""The SMS: one part of GSM-7, with what SNS puts in front of it.

https://docs.aws.amazon.com/sns/latest/dg/sms_sending-overview.html
"""

import re

from guard.alert import Alert, Condition, Kind
from guard.model import Contact
from messages.line import labelled, summed_up, tag

PREFIX = "BUDGET-GUARD> "  # the topic's display name, in capitals as SNS writes it
SMS_LENGTH = 160 - len(PREFIX)

# ASCII without the characters that GSM-7 lacks or counts double.
_NOT_GSM7 = re.compile(r"[^A-Za-z0-9 @$_!\"#%&'()*+,\-./:;<=>?]")


def sms(alert: Alert, contact: Contact) -> str:
    """One part, with the figures whole: the label gives way first, the link next."""
    text = f"{tag(alert.severity.word).upper()}: {contact.title} {{}}: {summed_up(alert, contact)}."
    whole = labelled(text + _link(alert, contact), alert.account.label, SMS_LENGTH)
    if len(whole) > SMS_LENGTH:  # the mail has the link as well
        whole = labelled(text, alert.account.label, SMS_LENGTH)
    return one_part(whole)


def one_part(text: str) -> str:
    """A text as an SMS of one part can show it."""
    return _NOT_GSM7.sub("?", text[:SMS_LENGTH])


def _link(alert: Alert, contact: Contact) -> str:
    if alert.kind is Kind.RECOVERY:
        return ""
    if alert.condition is Condition.CHECK_FAILING:
        return " Your mail says what to do."
    return f" {contact.top_up.removeprefix('https://')}" if contact.top_up else ""
