"""The browser's script for tests/home/browser.py. Reads one line of JSON, says `pressed`, waits for a line, takes the picture."""
import json
import re
import sys
import time

from playwright.sync_api import sync_playwright

WAIT_MS = 120_000
WIDTH, HEIGHT = 520, 1190


def main():
    given = json.loads(sys.stdin.readline())
    tokens = dict(given["tokens"], hassUrl=given["url"], clientId=given["url"] + "/", expires=int(time.time() * 1000) + 1500000)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=given["chromium"], args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB", timezone_id="Australia/Melbourne")
        page.set_default_timeout(WAIT_MS)
        page.add_init_script("localStorage.setItem('hassTokens', %s)" % json.dumps(json.dumps(tokens)))
        page.goto(given["url"] + "/lovelace")
        page.get_by_text(given["press"], exact=True).first.click()
        print("pressed", flush=True)
        sys.stdin.readline()
        # A newer page has the state in the element of its row, whose name is in it, too.
        page.get_by_text(re.compile(rf"\b{re.escape(given['until'])}\b")).first.wait_for()
        page.wait_for_timeout(8000)   # the status with the measurements comes behind the answer
        page.screenshot(path=given["picture"])
        browser.close()


if __name__ == "__main__":
    main()
