"""The project's own tools as commands, and what to say when one is missing or fails."""

import os
import platform
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
ENVIRONMENTS = ROOT / ".venv"
EMULATORS = {"x86_64": "aws-lambda-rie-x86_64", "aarch64": "aws-lambda-rie-arm64"}


class LocalError(Exception):
    """Something that stops a command of ours; one sentence for the person who typed it."""


def tool(environment: str, name: str) -> str:
    """The path of a tool in one of the project's environments; raises `LocalError`."""
    path = ENVIRONMENTS / environment / "bin" / name
    if not path.exists():
        raise LocalError(f"{name} is missing: run 'make run' or 'make test', which set it up.")
    return str(path)


def runtime_emulator(port: int, api: int, level: str) -> list[str]:
    """AWS's runtime emulator, which sam brings: events come at one port, its API is at another."""
    [emulator] = (ENVIRONMENTS / "sam").glob(
        f"lib/python*/site-packages/samcli/local/rapid/{EMULATORS[platform.machine()]}"
    )
    command = [str(emulator), "--log-level", level]
    command += ["--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    return [*command, "--runtime-api-address", f"127.0.0.1:{api}"]


def invocations(port: int) -> str:
    """Where that emulator takes events."""
    return f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without anything that could lead to a real AWS account."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    # The interpreter of our environment goes first: 'sam build' looks for python3.13 on PATH and
    # can't use pyenv's shims.
    path = os.pathsep.join((str(ENVIRONMENTS / "dev" / "bin"), ours.get("PATH", "")))
    return {
        **ours,
        "PATH": path,
        "SAM_CLI_TELEMETRY": "0",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **more,
    }


def run(
    command: list[str],
    env: Mapping[str, str],
    log: Path,
    heard: Callable[[str], None] = lambda _line: None,
) -> None:
    """Run a command in the project, its output into a log; raises `LocalError` with its last lines.

    `heard` is told each line as it comes.
    """
    with (
        log.open("a") as file,
        subprocess.Popen(  # nosec B603 # our own commands
            command,
            cwd=ROOT,
            env=env,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        lines = []
        for line in process.stdout or ():
            file.write(line)
            lines.append(line.rstrip())
            heard(line)
    if process.returncode:
        name = " ".join([Path(command[0]).name, *command[1:2]])
        raise LocalError(f"'{name}' failed:\n" + "\n".join(line for line in lines[-12:] if line))


def wanted_port() -> int:
    """The port that PORT names, or a free one; raises `LocalError`."""
    return free_port(os.environ.get("PORT", "0"))


def free_port(wanted: str = "0") -> int:
    """A port of loopback that nobody listens on, or the wanted one; raises `LocalError`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(wanted)))
        except (OSError, ValueError, OverflowError):
            raise LocalError(
                f"Port {wanted} can't be used: name another with PORT, or none to take a free one."
            ) from None
        port: int = probe.getsockname()[1]
        return port
