"""Everything that runs emit, searched for what must not be there."""

import json
import logging
import re
import sys
import traceback
from collections import defaultdict

from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns import sns_backends

from jobs import report
from tests.faults.upstream import MARKER

PART = 8  # characters of a key that give too much of it away


class Emitted(logging.Handler):
    """What was printed, logged, returned, raised, published and stored; all logging at DEBUG."""

    def __init__(self, capture, monkeypatch):
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
        self._capture, self._said = capture, defaultdict(list)
        for handler in report.logger.handlers:
            # It was given the stdout of the time of import; pytest puts in a new one for each phase.
            monkeypatch.setattr(handler, "stream", _Stdout())
        self._levels = {}

    def __enter__(self):
        """Watch a run: as it is in a new process whose owner has turned all logging up to DEBUG."""
        known = [logging.getLogger(name) for name in logging.getLogger().manager.loggerDict]
        self._levels = {logger: logger.level for logger in (logging.getLogger(), *known)}
        for logger in known:
            logger.setLevel(logging.NOTSET)
        for logger in (logging.getLogger(), report.logger):
            logger.setLevel(logging.DEBUG)
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_):
        logging.getLogger().removeHandler(self)
        for logger, level in self._levels.items():
            logger.setLevel(level)

    def emit(self, record):
        self._said["log"] += [self.format(record), json.dumps(vars(record), default=str)]

    def returned(self, summary):
        self._said["summary"].append(json.dumps(summary))

    def raised(self, error):
        """Note an exception as it would be printed, and all that hangs on it."""
        self._said["exception"] += traceback.format_exception(error)
        while error:
            self._said["exception"] += [repr(error), *map(repr, error.args), repr(vars(error))]
            error = error.__cause__ or error.__context__

    def printed(self):
        """All that stands on stdout and stderr by now."""
        out, err = self._capture.readouterr()
        self._said["stdout"].append(out)
        self._said["stderr"].append(err)
        return "".join(self._said["stdout"])

    def logged(self):
        return "\n".join(self._said["log"]) + self.printed()

    def metrics(self):
        """By account, what the last EMF blobs say: names of metrics to values."""
        found = defaultdict(dict)
        for line in self.printed().splitlines():
            if line.startswith("{") and "_aws" in (blob := json.loads(line)):
                for directive in blob["_aws"]["CloudWatchMetrics"]:
                    for metric in directive["Metrics"]:
                        name = metric["Name"]
                        found[blob["Provider"], blob["Account"]][name] = blob[name]
        return found

    def forget_printed(self):
        """Look at the metrics of what comes next alone; what was printed is searched all the same."""
        self.printed()
        self._said["earlier"] += self._said.pop("stdout")

    def assert_clean(self, world, *keys):
        """No key, no part of a key, and nothing that an upstream said, anywhere."""
        self.printed()
        self._said["state"].append(repr(world.dynamodb.scan(TableName=world.table)["Items"]))
        topics = sns_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].topics
        self._said["messages"].append(repr(topics[world.topic].sent_notifications))
        forbidden = {MARKER, *(part for key in keys for part in parts(key))}
        search = re.compile("|".join(map(re.escape, sorted(forbidden)))).search
        leaks = [
            (where, text[max(0, found.start() - 200) : found.end() + 20])
            for where, texts in self._said.items()
            for text in texts
            if (found := search(text))
        ]
        assert leaks == []


class _Stdout:
    """Whatever stdout is by now."""

    def write(self, text):
        return sys.stdout.write(text)

    def flush(self):
        sys.stdout.flush()


def parts(key):
    """Every run of eight characters of a key."""
    return {key[n : n + PART] for n in range(max(1, len(key) - PART + 1))}
