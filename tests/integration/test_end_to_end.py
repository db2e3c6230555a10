"""The template, deployed as it is into an embedded AWS with IAM enforced."""

import json
import subprocess

import pytest

from local.embedded import embedded
from local.sandbox import serving
from local.tools import ROOT, tool
from tests.world import DEEPSEEK_KEY, NOVITA_KEY

SCHEDULE_SECONDS = 20  # a long poll; the schedule fires within a minute


@pytest.fixture(scope="module")
def aws(build):
    with embedded() as running:
        running.deploy({"Schedule": "rate(1 minute)"}, built=build)
        running.open_letter_box()
        yield running


def test_the_schedule_itself_fires_and_the_notification_arrives_in_the_queue(aws):
    with serving() as sandbox:
        sandbox.fund(DEEPSEEK_KEY, USD="4.20")
        sandbox.lend(NOVITA_KEY, "100")
        aws.keys({"deepseek": DEEPSEEK_KEY, "novita": NOVITA_KEY})
        aws.point_to({"DEEPSEEK_URL": sandbox.url, "NOVITA_URL": sandbox.url})
        arrived = []
        for _ in range(6):
            arrived += aws.letters(SCHEDULE_SECONDS)
            if arrived:
                break
    letters = {letter.protocol: letter for letter in arrived}
    alert = json.loads(letters["sqs"].text)
    assert (alert["kind"], alert["condition"], alert["severity"], alert["balance"]) == (
        "alert",
        "low_balance",
        "critical",
        "4.20",
    )
    assert letters["email"].text.startswith('DeepSeek account "default" is critically low: 4.20 USD')
    assert letters["sms"].text.startswith("CRITICAL: DeepSeek default: 4.20 USD left")


def test_the_phone_is_spared_what_is_not_critical(aws):
    with serving() as sandbox:
        sandbox.fund("sk-other-0123456789", USD="15")
        aws.keys({"deepseek/other": "sk-other-0123456789"})
        aws.point_to({"DEEPSEEK_URL": sandbox.url, "NOVITA_URL": sandbox.url})
        summary = aws.invoke({})
        assert [alert["severity"] for alert in summary["alerts"]] == ["warning"]
        assert {letter.protocol for letter in aws.letters(5)} == {"email", "sqs"}


def test_a_test_alert_reaches_every_subscriber(aws):
    """As `make test-alert` sends it, with its page."""
    done = subprocess.run(
        [tool("dev", "python"), "-m", "local.test_alert"],
        cwd=ROOT,
        env=aws.environment | {"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=True,
    )
    page = " ".join(done.stdout.split())
    assert page.startswith("One test is on its way to the subscribers of the stack budget-guard.")
    # The emulator knows nothing of SMS, and the page says so.
    assert "In the way 1. Whether AWS keeps SMS back could not be seen (" in page
    assert "2." not in page
    assert {letter.protocol for letter in aws.letters(5)} == {"email", "sms", "sqs"}
