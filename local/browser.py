"""The browser that opens a page: Debian's Chromium where it may be installed, else Playwright's own."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from local.tools import LocalError

NAMES = ("chromium", "google-chrome")
WIDTH, HEIGHT = 1400, 900
PATIENCE_SECONDS = 600
# A browser that starts looks for updates, accounts and experiments unless it is told not to.
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = (
    "No Chromium was found and none could be installed: install Chromium or Google Chrome, "
    "or run '.venv/dev/bin/playwright install --with-deps chromium', and try again."
)


@dataclass
class Opened:
    """A page in a browser, what it complained about, and whatever it asked for besides itself."""

    page: Page
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """Open a file in a headless Chromium until the block ends; raises `LocalError` without one."""
    with sync_playwright() as playwright:
        chromium = found(Path(playwright.chromium.executable_path))
        if chromium is None:
            raise LocalError(MISSING)
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        try:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            it = Opened(page)
            page.on(
                "console", lambda said: it.errors.append(said.text) if said.type == "error" else None
            )
            page.on("pageerror", lambda error: it.errors.append(str(error)))
            page.on("request", lambda request: it.asked.append(request.url))
            page.goto(path.resolve().as_uri())
            it.asked.remove(path.resolve().as_uri())
            yield it
        finally:
            browser.close()


def save_picture(page: Path, picture: Path) -> None:
    """Save a picture of the whole page; raises `LocalError` without a browser."""
    with opened(page) as it:
        picture.parent.mkdir(parents=True, exist_ok=True)
        it.page.screenshot(path=picture, full_page=True)


def found(own: Path) -> Path | None:
    """A Chromium that is there: the system's, unless it is a snap's, or Playwright's own."""
    # A snap may read neither hidden nor temporary folders.
    paths = [Path(path) for name in NAMES if (path := shutil.which(name))]
    return next((path for path in (*paths, own) if path.exists() and path.parts[1] != "snap"), None)


def main() -> int:
    """Get a browser if there is none; the exit code."""
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    if found(own):
        return 0
    print("Getting a browser for the tests (once) ...", flush=True)
    with suppress(subprocess.TimeoutExpired):
        for command in _commands():
            _run(command)
    if found(own):
        return 0
    print(MISSING, file=sys.stderr)
    return 1


def _commands() -> Iterator[list[str]]:
    """Debian's package where it may be installed; else what Playwright offers."""
    apt = shutil.which("apt-get")
    if apt and os.geteuid() == 0 and platform.freedesktop_os_release().get("ID") == "debian":
        yield [apt, "update", "--quiet"]
        yield [apt, "install", "--yes", "--no-install-recommends", "chromium"]
    else:
        yield [sys.executable, "-m", "playwright", "install", "chromium"]


def _run(command: list[str]) -> None:
    """Run it without a word: whether there is a browser then is what counts."""
    subprocess.run(  # nosec B603 # our own commands
        command,
        check=False,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        timeout=PATIENCE_SECONDS,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    sys.exit(main())
