"""Crashes and overlaps at the AWS calls of a run, wherever these calls are.

Every boto3 call goes through one method of botocore's; a run's own calls are counted there, so that
a call added tomorrow is found by itself.
"""

import threading
from contextlib import contextmanager

from botocore.client import BaseClient
from botocore.exceptions import ClientError

_CALL = BaseClient._make_api_call
BEFORE, AFTER = "before", "after"


class Crash(BaseException):
    """The end of the process: no code of ours may catch it."""


class Calls:
    """The AWS calls of the runs in its block: counted, named, interrupted on demand.

    DynamoDB checks a condition and writes in one step, moto in two: calls take turns here.
    """

    def __init__(self, monkeypatch):
        self.names = []
        self._crash = self._between = None
        self._dead = self._armed = False
        self._lock = threading.RLock()
        monkeypatch.setattr(BaseClient, "_make_api_call", self._interrupted())

    @contextmanager
    def counted(self, crash=None, between=None):
        """Count from zero; `crash` is (call, BEFORE or AFTER), `between` (call, function)."""
        self.names, self._crash, self._between = [], crash, between
        self._armed, self._dead = True, False
        try:
            yield self
        finally:
            self._armed = self._dead = False

    def _interrupted(self):
        def call(client, operation, kwargs):
            if not self._armed:
                with self._lock:
                    return _CALL(client, operation, kwargs)
            return self._counted_call(client, operation, kwargs)

        return call

    def _counted_call(self, client, operation, kwargs):
        with self._lock:
            number = len(self.names)
            self.names.append(operation)
        self._die_if(self._dead or self._crash == (number, BEFORE))
        if self._between and self._between[0] == number:
            self._armed = False  # the other run's calls are not this one's
            self._between[1]()
            self._armed = True
        with self._lock:
            answer = _CALL(client, operation, kwargs)
        self._die_if(self._crash == (number, AFTER))
        return answer

    def _die_if(self, dying):
        if dying:
            self._dead = True  # and so do the threads of the other accounts, at their next call
            raise Crash


def points(names):
    """Every moment at which a run with these calls can end."""
    return [(number, moment) for number in range(len(names)) for moment in (BEFORE, AFTER)]


def refusing(monkeypatch, operation, when=lambda _kwargs: True):
    """Let AWS refuse an operation; returns the function that ends it."""
    call = BaseClient._make_api_call

    def refused(client, name, kwargs):
        if name == operation and when(kwargs):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, name)
        return call(client, name, kwargs)

    monkeypatch.setattr(BaseClient, "_make_api_call", refused)
    return lambda: monkeypatch.setattr(BaseClient, "_make_api_call", call)
