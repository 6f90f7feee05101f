"""Debian's chromium in the hands of a test: pages of the width of a phone or of a desk, and what a person does on them."""
import contextlib

from playwright.sync_api import expect, sync_playwright
from tests.home.programs import program

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync")
PHONE, DESK = {"width": 360, "height": 640}, {"width": 1280, "height": 800}
# What stands in the bar of a phone.
BAR = ("Now", "Tonight", "Sessions", "History")
# Other tests may run beside.
WAIT_MS = 60_000


@contextlib.contextmanager
def chromium():
    """The browser, while the context lasts."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program("chromium"), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


class Person:
    """Somebody at a browser of that size. failures: what went wrong in the page's scripts, or was asked for outside of this computer."""

    def __init__(self, browser, url, viewport=PHONE, **options):
        self.url = url
        self.failures = []
        self._is_narrow = viewport["width"] < 768
        self._context = browser.new_context(viewport=viewport, timezone_id="Europe/Berlin", locale="en-GB", accept_downloads=True, **options)
        self.page = self._context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        self.page.on("pageerror", lambda problem: self.failures.append(str(problem)))
        self.page.on("console", lambda said: self._heed(said.type == "error" and "Failed to load resource" not in said.text, said.text))
        self.page.on("request", lambda asked: self._heed(not asked.url.startswith((url, "data:")), asked.url))

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self._context.close()

    def _heed(self, is_failure, words):
        if is_failure:
            self.failures.append(words)

    def open(self, path=""):
        """Type an address."""
        return self.page.goto(self.url + path)

    def go(self, title):
        """To another page by the bar, by More where it does not stand there."""
        bar = self.page.get_by_role("navigation", name="Pages")
        link = bar.get_by_role("link", name=title, exact=True)
        if self._is_narrow and title not in BAR:
            bar.get_by_role("link", name="More", exact=True).click()
            link = self.page.get_by_role("main").get_by_role("link", name=title, exact=True)
        link.click()
        expect(self.page).to_have_title(f"{title} · wallbox", timeout=WAIT_MS)

    def press(self, words):
        """A button by its name, which may stand folded away; return once the service has answered."""
        button = self.page.get_by_role("button", name=words, exact=True, include_hidden=True).first
        button.wait_for(state="attached")
        if not button.is_visible():
            self.page.get_by_text("More to ask for", exact=True).click()
        with self.page.expect_navigation(timeout=WAIT_MS) as led:
            button.click()
        assert led.value is None or led.value.ok, f"{words}: refused: {self.page.get_by_role('alert').all_inner_texts()}"

    def sees(self, words):
        """Return once that is to be read on the page."""
        expect(self.page.get_by_role("main").get_by_text(words).first).to_be_visible(timeout=WAIT_MS)

    def fate_of(self, title, fate):
        """Return once the newest request of that title has that fate."""
        expect(self.page.locator(".requested li", has_text=title).first).to_contain_text(fate, timeout=WAIT_MS)

    def now_ms(self):
        """What the page's service says of the clock."""
        return int(self.page.locator("body").get_attribute("data-now-ms"))
