"""What a decision about an account is to store and to publish."""

from dataclasses import replace
from datetime import tzinfo

from config.accounts import MonitoredAccount
from guard.alert import Alert
from guard.decide import Decision
from guard.memory import Memory
from guard.model import Contact
from jobs import errors
from jobs.outbox import Draft
from messages.message import About, Message
from messages.render import render
from providers import PROVIDERS


def written(
    decision: Decision,
    before: Memory,
    monitored: MonitoredAccount,
    shard: str | None,
    zone: tzinfo,
) -> Draft:
    """The messages that are due, and what is to be remembered with them."""
    account = monitored.account
    broken = [f"{name} of {account} could not be judged; please report it." for name in decision.broken]
    is_known = account.provider in PROVIDERS
    contact = monitored.provider.contact_in(account.region) if is_known else Contact(account.provider)
    shard = shard or decision.memory.shard  # where there are none any more, the last one stays
    memory, messages = replace(decision.memory, shard=shard), list[Message]()
    for alert in decision.alerts:
        try:
            messages.append(render(alert, contact, zone))
        except Exception as error:  # noqa: BLE001 - an alert that can't be written holds up no other
            broken.append(errors.of_code(account, error))
            memory = _untold(memory, before, alert)
    superseded = frozenset[About](decision.superseded)
    return Draft(memory, tuple(messages), superseded, decision.judged, tuple(broken))


def _untold(memory: Memory, before: Memory, alert: Alert) -> Memory:
    """The memory as if an alert had not been due: the next run decides on it again."""
    episodes = {key: one for key, one in memory.episodes.items() if one.id != alert.episode}
    episodes |= {key: one for key, one in before.episodes.items() if one.id == alert.episode}
    return replace(memory, episodes=episodes)
