"""`make local`: both functions in AWS's own image, by `sam local`, against the embedded AWS."""

import ipaddress
import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import docker  # type: ignore[import-untyped]
from docker.errors import DockerException  # type: ignore[import-untyped]
from rich.console import Console

from local import show, story
from local.container import HOST, architecture, copied, environments
from local.embedded import REGION, Embedded, embedded
from local.play import DELIVERY_SECONDS, deploy
from local.relay import relayed
from local.sandbox import serving
from local.tools import ROOT, LocalError, tool

BUILT = ROOT / ".aws-sam" / "build"
IMAGE = "public.ecr.aws/lambda/python:3.13"
FUNCTIONS = ("CheckBalances", "SendDigest")
PORT = 3001  # sam's own for start-lambda


@dataclass(frozen=True, slots=True)
class Try:
    """One invocation: of which function, by which event, and what of its answer has to come."""

    title: str
    function: str
    event: str
    kind: str
    condition: str | None


TRIES = (
    Try("A check, with a low balance", "CheckBalances", "scheduled.json", "alert", "low_balance"),
    Try("The digest", "SendDigest", "scheduled.json", "digest", None),
    Try("A test alert", "CheckBalances", "test_alert.json", "test", None),
)


@dataclass(frozen=True, slots=True)
class Sam:
    """`sam local` over a template, with what every call of it takes."""

    template: Path
    environment: Mapping[str, str]
    pull: bool

    def command(self, *words: str) -> list[str]:
        """A command line."""
        always = ["--template", str(self.template), "--region", REGION]
        always += ["--add-host", f"{HOST}:host-gateway"]
        return [tool("sam", "sam"), "local", *words, *always, *["--skip-pull-image"] * (not self.pull)]

    def invoke(self, function: str, event: str) -> dict[str, Any]:
        """What a function answers to an event of events/; raises `LocalError`."""
        command = self.command("invoke", function, "--event", str(ROOT / "events" / event))
        done = subprocess.run(  # nosec B603 # our own commands
            command,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return answered(done.stdout, done.stderr)


def answered(out: str, log: str) -> dict[str, Any]:
    """The answer in what sam printed, whose exit status says nothing; raises `LocalError`."""
    for line in reversed(out.splitlines()):
        try:
            answer = json.loads(line)
        except ValueError:
            continue
        if isinstance(answer, dict) and "errorMessage" not in answer:
            return answer
        if isinstance(answer, dict):
            raise LocalError(f"The function failed: {answer['errorMessage']}")
    last = "\n".join([line for line in log.splitlines() if line.strip()][-12:])
    raise LocalError(f"sam gave no answer of the function:\n{last}")


def main(words: Sequence[str]) -> int:
    """Try both functions, or with `start-lambda` serve them until Ctrl-C; the exit code."""
    console = Console()
    return show.exit_code(console, lambda: _run(console, words))


def _run(console: Console, words: Sequence[str]) -> int:
    if words and words[0] != "start-lambda":
        raise LocalError('ARGS can be "start-lambda", with what else sam takes for it.')
    engine = daemon()
    with embedded() as aws:
        deploy(aws, console)
        with _in_reach(aws, engine) as sam:
            if sam.pull:
                console.print("AWS's image for Python 3.13 is fetched: some 200 MB, once.")
            if words:
                return _serve(sam, words[1:], console)
            for one in TRIES:
                _show(one, aws, sam, console)
    console.print("Both functions answered in AWS's own image, and every mail came.")
    return 0


def daemon() -> docker.DockerClient:
    """The container engine; raises `LocalError` where there is none, be it with a client."""
    try:
        engine = docker.from_env()
        engine.ping()
    except DockerException:
        raise LocalError(
            "make local needs a running Docker daemon, and none answers: start Docker, or set "
            "DOCKER_HOST."
        ) from None
    return engine


@contextmanager
def _in_reach(aws: Embedded, engine: docker.DockerClient) -> Iterator[Sam]:
    """A sam whose containers find the embedded AWS, and a sandbox with a low balance."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(serving(aws.certificate))
        sandbox.fund(story.DEEPSEEK_KEY, USD="4.20")
        sandbox.lend(story.NOVITA_KEY, "100")
        aws.keys({"deepseek": story.DEEPSEEK_KEY, "novita": story.NOVITA_KEY})
        ports = [aws.port, urlsplit(sandbox.url).port or 0]
        if address := gateway(engine):
            stack.enter_context(relayed(address, ports))
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="budget-guard-")))
        origins = {"DEEPSEEK_URL": sandbox.url, "NOVITA_URL": sandbox.url}
        deployed = {name: aws.variables(name) for name in FUNCTIONS}
        template = copied(BUILT, folder, environments(deployed, origins, aws.url), aws.authority)
        image = f"{IMAGE}-{architecture()}"
        yield Sam(template, aws.environment, pull=not engine.images.list(name=image))


def gateway(engine: docker.DockerClient) -> str | None:
    """The address of this machine for containers; None where they reach loopback by themselves.

    HOST_GATEWAY names it where the engine has no bridge.
    """
    if named := os.environ.get("HOST_GATEWAY"):
        return named
    if platform.system() != "Linux" or "Desktop" in engine.info().get("OperatingSystem", ""):
        return None
    for network in engine.networks.list(names=["bridge"]):
        for given in network.attrs["IPAM"]["Config"] or ():
            first = next(ipaddress.ip_network(given["Subnet"]).hosts())
            return str(given.get("Gateway", first))
    raise LocalError("Docker has no bridge: name this machine's address for containers, HOST_GATEWAY.")


def _show(one: Try, aws: Embedded, sam: Sam, console: Console) -> None:
    """Invoke, and print what was answered and what mail came; raises `LocalError` if it isn't right."""
    with console.status(f"{one.title}: sam local invoke {one.function}"):
        answer = sam.invoke(one.function, one.event)
        letters = tuple(aws.letters(DELIVERY_SECONDS))
    console.print(f"\n[bold]{one.title}[/bold]: sam local invoke {one.function} -e events/{one.event}")
    console.print_json(data=answer)
    if shown := show.letters(datetime.now(UTC), letters):
        console.print(shown)
    alerts = [(alert["kind"], alert["condition"]) for alert in answer["alerts"]]
    if (one.kind, one.condition) not in alerts:
        raise LocalError(f"The function answered, but published no {one.condition or one.kind}.")
    if not any(letter.protocol == "email" for letter in letters):
        raise LocalError("The function published, but no mail came.")


def _serve(sam: Sam, more: Sequence[str], console: Console) -> int:
    """Serve the Lambda API on loopback until Ctrl-C."""
    port = [] if "--port" in more or "-p" in more else ["--port", str(PORT)]
    command = sam.command("start-lambda", "--host", "127.0.0.1", *port, *more)
    console.print(
        "Invoke the functions with any AWS client; Ctrl-C ends it:\n  aws lambda invoke --endpoint-url "
        f"http://127.0.0.1:{PORT} --function-name CheckBalances /dev/stdout",
        highlight=False,
        soft_wrap=True,
    )
    return subprocess.run(command, env=sam.environment, check=False).returncode  # nosec B603


if __name__ == "__main__":
    sys.exit(main(shlex.split(os.environ.get("ARGS", ""))))
