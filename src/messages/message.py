"""A notification as it is stored and published: plain texts, each once."""

from collections.abc import Mapping
from dataclasses import dataclass

type About = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Message:
    """One notification in the words of every channel.

    `observed_at` and `since` are RFC 3339; `line` says it in one line and `cause` without its figures,
    for a list of several; `before` is how its episode stood before, as text (empty for what is about
    the guard); `chat` is the custom notification of AWS's chat applications, and `payload`
    the alert for programs, both as JSON.
    """

    id: str
    episode: str
    kind: str
    condition: str | None
    severity: str
    peak: str
    provider: str
    account: str
    currency: str | None
    observed_at: str
    since: str
    line: str
    cause: str
    subject: str
    mail: str
    sms: str
    chat: str
    payload: str
    before: str = ""

    @property
    def about(self) -> About:
        """Its condition and currency: messages about the same go out in their order."""
        return self.condition, self.currency

    @property
    def texts(self) -> Mapping[str, str]:
        """The text for each protocol of SNS.

        https://docs.aws.amazon.com/sns/latest/dg/sns-send-custom-platform-specific-payloads-mobile-devices.html
        """
        return {
            "default": self.mail,
            "email": self.mail,
            "sms": self.sms,
            "lambda": self.payload,
            "sqs": self.payload,
            "http": self.chat,
            "https": self.chat,
        }

    @property
    def attributes(self) -> Mapping[str, str]:
        """The attributes for filter policies."""
        return {
            # Promotional, the default, may be late or left out:
            # https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
            "AWS.SNS.SMS.SMSType": "Transactional",
            "severity": self.severity,
            "peak": self.peak,
            "kind": self.kind,
            "condition": self.condition or "none",
            "provider": self.provider,
            "account": self.account,
            "id": self.id,
        }
