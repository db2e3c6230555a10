"""The dashboard of the deployed stack, as a page in a browser."""

from contextlib import closing
from datetime import UTC, datetime
from itertools import islice

import pytest

from local import browser, dashboard, story, widgets
from local.embedded import embedded
from local.play import play, scheduled
from local.sandbox import serving
from local.tools import LocalError
from local.widgets import Chart
from providers import PROVIDERS

HOURS = 30  # enough for a runway, which takes a day of history
SOON = {"NovitaBudget": "53/5 USD"}  # so that the first alert comes within these hours
TOTALS = 3  # charts that stay empty up to PerAccountMetrics accounts
# A line of its own or, for a single point, a dot.
DRAWN = ".scatterlayer .js-line[d*='L'], .scatterlayer .points path"
MAY_BE_SILENT = {"failed"}


@pytest.fixture(scope="module")
def aws(build):
    with embedded() as running:
        running.deploy(SOON, built=build)
        running.open_letter_box()
        yield running


@pytest.fixture(scope="module")
def steps(aws):
    with closing(play(aws, story.on_a_monday(datetime.now(UTC)))) as played:
        return list(islice(played, HOURS))


@pytest.fixture(scope="module")
def last(aws, steps):
    return dashboard.collect(aws, steps)


@pytest.fixture(scope="module")
def body(aws):
    return dashboard.body(aws)


@pytest.fixture(scope="module")
def opened(aws, body, last, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "dashboard.html"
    path.write_text(dashboard.written(aws, body, last))
    with browser.opened(path) as it:
        yield it


def sections(opened, kind):
    return opened.page.locator(f"section[data-kind={kind}]").all()


def titled(opened, title):
    return opened.page.locator(f"section[data-title='{title}']")


def test_every_widget_of_the_template_is_on_the_page_and_in_its_place(opened, body):
    board = widgets.read(body)
    boxes = [one.bounding_box() for one in opened.page.locator("section").all()]
    assert len(boxes) == len(board.widgets)
    unit = boxes[0]["width"] / board.widgets[0].place.width
    for widget, box in zip(board.widgets, boxes, strict=True):
        assert box["width"] == pytest.approx(widget.place.width * unit, abs=12)  # the gap
        assert box["x"] - boxes[0]["x"] == pytest.approx(widget.place.x * unit, abs=12)


def test_every_line_of_every_chart_is_drawn(aws, opened, body):
    held = set(dashboard.held(aws))
    charts = [one for one in widgets.read(body).widgets if isinstance(one, Chart) and not one.numbers]
    assert len(charts) == len(sections(opened, "lines")) == 5 + TOTALS
    for chart in charts[:-TOTALS]:
        section = titled(opened, chart.title)
        expected = len(list(widgets.series(chart, held)))
        assert section.locator(".legendtext").count() == expected > 0, chart.title
        assert section.locator(DRAWN).count() == expected, chart.title


def test_below_the_limit_the_charts_of_totals_are_empty_and_their_titles_say_why(opened):
    for section in sections(opened, "lines")[-TOTALS:]:
        assert section.get_attribute("data-title").startswith("Past 10 accounts: ")
        assert section.locator(DRAWN).count() == 0
        texts = [*section.locator(".annotation-text, .legendtext").all_text_contents()]
        assert texts in (["No data available"], ["least runway (no data)"])


def test_past_the_limit_the_charts_of_totals_show_what_the_function_emits(
    aws, body, last, opened, tmp_path
):
    with serving() as sandbox:
        sandbox.fund(story.DEEPSEEK_KEY, USD="90")
        sandbox.lend(story.NOVITA_KEY, "40", "0")
        origins = {"DEEPSEEK_URL": sandbox.url, "NOVITA_URL": sandbox.url}
        aws.point_to({**origins, "PER_ACCOUNT_METRICS": "1"})
        aws.invoke(scheduled(last + story.QUARTER))
    aws.collect_metrics()
    path = tmp_path / "dashboard.html"
    path.write_text(dashboard.written(aws, body, last + story.QUARTER))
    with closing(opened.page.context.browser.new_page()) as page:
        page.goto(path.as_uri())
        shown = sections(browser.Opened(page), "lines")[-TOTALS:]
        names = [section.locator(".legendtext").all_text_contents() for section in shown]
        assert names == [
            ["ok", "warning", "critical", "exhausted"],
            ["least runway"],
            ["failed", "left for want of time"],
        ]
        drawn = [section.locator(DRAWN).count() for section in shown]
        assert drawn == [len(lines) for lines in names]


def test_every_number_is_one_and_its_course_is_drawn(opened):
    numbers = [
        one for section in sections(opened, "numbers") for one in section.locator(".number").all()
    ]
    shown = {one.locator("span").inner_text(): one.locator("b").inner_text() for one in numbers}
    assert {"deepseek/default", "novita/default", "delivered"} < set(shown)
    assert {name for name, value in shown.items() if value == "--"} <= MAY_BE_SILENT
    assert all(float(value) >= 0 for value in shown.values() if value != "--")
    for section in (titled(opened, "Events that were given up"), sections(opened, "numbers")[0]):
        assert section.locator(DRAWN).count() == section.locator(".number").count() > 0


def test_every_alarm_of_the_guard_is_shown_with_its_state(aws, opened):
    [alarms] = sections(opened, "alarms")
    shown = {
        tile.inner_text().split("\n")[0]: tile.inner_text().split("\n")[1]
        for tile in alarms.locator(".alarm").all()
    }
    told = {alarm["AlarmName"] for alarm in aws.cloudwatch.describe_alarms()["MetricAlarms"]}
    assert set(shown) == told
    assert shown["budget-guard: no run for 75 min"] == "OK"


def test_every_column_of_the_last_alerts_is_filled(opened, steps):
    [log] = sections(opened, "log")
    rows = [row.locator("td").all_text_contents() for row in log.locator("tbody tr").all()]
    sent = [alert for step in steps for alert in step.summary["alerts"]]
    assert len(rows) == len(sent) > 0
    assert all(all(row) for row in rows)
    [newest, *_] = rows
    assert newest[1:3] == [sent[-1]["severity"], sent[-1]["kind"]]


def test_the_text_says_the_figures_and_where_to_top_up(opened):
    [text] = sections(opened, "text")
    assert "DeepSeek 20/5 USD, 150/35 CNY" in text.inner_text()
    links = [a.get_attribute("href") for a in text.locator("a").all()]
    pages = [provider.contact.top_up for provider in PROVIDERS.values()]
    assert links == [page for page in pages if page]


def test_the_page_shows_what_the_last_run_found(opened, steps):
    balances = titled(opened, "Balance").locator(".legendtext").all_text_contents()
    severities = sections(opened, "numbers")[0].locator("b").all_inner_texts()
    words = ["ok", "warning", "critical", "exhausted"]
    accounts = sorted(steps[-1].summary["accounts"], key=lambda account: account["provider"])
    assert [words[int(one)] for one in severities] == [account["severity"] for account in accounts]
    for shown, account in zip(balances, accounts, strict=True):
        [name, amount, currency] = shown.split()
        [balance] = account["balances"]
        assert name == f"{account['provider']}/{account['account']}"
        assert float(amount) == pytest.approx(float(balance["balance"]), abs=0.005)
        assert currency == balance["currency"]


def test_the_page_has_no_errors_and_asks_for_nothing(opened):
    assert opened.errors == []
    assert opened.asked == []


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('MetricName=\\"Balance\\"', 'MetricName=\\"Ballance\\"', '"Balance" finds nothing'),
        ("{BudgetGuard,Provider,Account}", "{BudgetGuard,Account}", "finds nothing"),
        ('"CheckSucceeded"', '"ChecksSucceeded"', "nobody emits: BudgetGuard ChecksSucceeded"),
        ('".", "Errors"', '".", "Error"', "nobody emits: AWS/Lambda Error "),
        ('"FunctionName"', '"Function"', "nobody emits: AWS/Lambda Invocations "),
        ('"TopicName"', '"Topic"', "nobody emits: AWS/SNS NumberOfNotificationsDelivered "),
        ('"NumberOfNotificationsFailed"', '"NotificationsFailed"', "nobody emits: AWS/SNS "),
        (":alarm:budget-guard: no run for 75 min", ":alarm:gone", "alarms that don't exist: gone"),
    ],
)
def test_a_widget_that_names_what_nobody_emits_is_no_page(aws, body, last, right, wrong, said):
    assert right in body
    with pytest.raises(LocalError, match=said.replace("(", r"\(")):
        dashboard.written(aws, body.replace(right, wrong), last)
