"""Which messages a subscription's filter lets through."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.sns.utils import FilterPolicyMatcher

from aws.filter_policy import matches

ATTRIBUTES = {"severity": "critical", "kind": "alert", "provider": "deepseek", "account": "team-a"}

values = st.sampled_from(
    ["critical", "warning", "alert", "deepseek", "deep", "team", "team-a", "-a", "x"]
)
conditions = st.one_of(
    values,
    st.fixed_dictionaries({"prefix": values}),
    st.fixed_dictionaries({"suffix": values}),
    st.fixed_dictionaries({"anything-but": st.lists(values, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"anything-but": st.fixed_dictionaries({"prefix": values})}),
)
alone = st.fixed_dictionaries({"exists": st.booleans()})  # beside others moto takes it otherwise
wanted = st.one_of(st.lists(conditions, min_size=1, max_size=3), alone.map(lambda one: [one]))
policies = st.dictionaries(st.sampled_from([*ATTRIBUTES, "none"]), wanted, max_size=3)


@given(policies)
def test_a_policy_on_attributes_is_taken_as_moto_takes_it(policy):
    attributes = {name: {"Type": "String", "Value": value} for name, value in ATTRIBUTES.items()}
    theirs = FilterPolicyMatcher(policy, "MessageAttributes").matches(attributes, "")
    assert matches(policy, ATTRIBUTES) == theirs


@pytest.mark.parametrize(
    ("policy", "passes"),
    [
        ({}, True),
        ({"severity": ["critical"], "kind": ["alert"]}, True),
        ({"severity": ["critical"], "kind": ["recovery"]}, False),
        ({"$or": [{"severity": ["warning"]}, {"kind": ["alert"]}]}, True),
        ({"$or": [{"severity": ["warning"]}, {"kind": ["recovery"]}]}, False),
        ({"severity": [{"equals-ignore-case": "Critical"}]}, True),
        ({"severity": [{"equals-ignore-case": "Warning"}]}, False),
        ({"severity": [{"numeric": ["=", 2]}]}, False),
        ({"severity": [{"cidr": "10.0.0.0/8"}]}, False),
        ({"severity": [{"something-new": "x"}]}, True),
    ],
)
def test_what_a_policy_lets_through(policy, passes):
    assert matches(policy, ATTRIBUTES) is passes


@pytest.mark.parametrize(
    ("policy", "passes"),
    [
        ({"runway_days": [{"numeric": ["<", 3]}]}, True),
        ({"runway_days": [{"numeric": [">", 0, "<=", 2]}]}, False),
        ({"reasons": ["runway"]}, True),
        ({"reasons": [{"anything-but": ["balance", "runway"]}]}, False),
        ({"inner": {"currency": ["USD"]}}, True),
        ({"inner": {"currency": ["CNY"]}}, False),
        ({"runway_days": {"currency": ["USD"]}}, False),
    ],
)
def test_a_policy_on_the_body_looks_into_it(policy, passes):
    body = json.loads(
        '{"runway_days": 2.5, "reasons": ["balance", "runway"], "inner": {"currency": "USD"}}'
    )
    assert matches(policy, body) is passes
