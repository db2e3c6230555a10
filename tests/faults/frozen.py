"""A guard whose clock stands still between ticks, and whose calls can be interrupted."""

from tests.faults.interrupt import Crash


class Frozen:
    """A world with a clock: `tick` is one run at the world's time, `crash` one that doesn't end."""

    def __init__(self, world, clock, calls):
        self.world, self.clock, self.calls = world, clock, calls
        self.sent = []

    def tick(self, **more):
        """Run at the world's time, and move on by a tick."""
        self.clock.move_to(self.world.now)
        return self.world.tick(**more)

    def again(self):
        """Run the last tick's event once more."""
        return self.world.run({"time": self.clock().isoformat() + "Z"})

    def crash(self, point):
        """Run a tick that ends at a point; true if it got that far."""
        with self.calls.counted(crash=point):
            try:
                self.tick()
            except Crash:
                return True
        return False

    def told(self):
        """Every notification so far."""
        self.sent += self.world.mail()
        return self.sent

    def forget(self):
        """Count what was told from here on."""
        self.told()
        self.sent.clear()

    def kinds(self):
        """What was told so far, as (provider, kind, severity)."""
        names = ("provider", "kind", "severity")
        return [tuple(mail.data[name] for name in names) for mail in self.told()]

    def items(self):
        """The items of the state table."""
        return self.world.dynamodb.scan(TableName=self.world.table)["Items"]

    def anew(self):
        """Forget everything, as if just deployed."""
        for item in self.items():
            self.world.dynamodb.delete_item(
                TableName=self.world.table, Key={"account": item["account"]}
            )
        self.forget()

    def repeats(self):
        """How many of the notifications so far were repeats of another."""
        return len(self.told()) - len({mail.data["id"] for mail in self.told()})
