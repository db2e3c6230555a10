"""How CloudWatch finds the state of an alarm; the emulators leave missing data out.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import operator

COMPARISONS = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
}


def state(alarm, points, before="OK"):
    """The state of an alarm after the points of its evaluation range, None where one is missing.

    The range is longer than the periods that are evaluated: real points from farther back come
    before filled ones, and every real point counts.
    """
    wanted = alarm["EvaluationPeriods"]
    assert len(points) >= wanted
    breaches = COMPARISONS[alarm["ComparisonOperator"]]
    real = [breaches(point, alarm["Threshold"]) for point in points if point is not None]
    if len(real) < wanted and alarm["TreatMissingData"] in {"ignore", "missing"}:
        return before
    filled = [alarm["TreatMissingData"] == "breaching"] * (wanted - len(real))
    breaching = sum([*filled, *real][-wanted:])
    return "ALARM" if breaching >= alarm.get("DatapointsToAlarm", wanted) else "OK"
