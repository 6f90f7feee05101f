"""The browser's script for tests/home/own_page.py. A line of JSON in, ["goto", address] or what else is below; one out."""
import json
import sys
import time

from playwright.sync_api import sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--disable-sync"]
SHOWS = "([selector, text]) => [...document.querySelectorAll(selector)].some(one => one.textContent.includes(text) && one.offsetParent !== null)"


def main():
    given = json.loads(sys.stdin.readline())
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=given["chromium"], args=ARGUMENTS)
        page = browser.new_page(viewport={"width": given["width"], "height": given["height"]}, locale="en-GB", timezone_id="Australia/Sydney")
        page.set_default_timeout(given["patience_s"] * 1000)
        wrong = []
        page.on("pageerror", lambda problem: wrong.append(str(problem)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" and "net::ERR" not in message.text else None)
        do = {
            "goto": page.goto, "click": page.click, "fill": page.fill, "text": page.inner_text, "value": page.input_value,
            "shows": lambda selector, text: page.wait_for_function(SHOWS, arg=[selector, text]) and None,
            "bottom": lambda selector: page.locator(selector).bounding_box()["y"] + page.locator(selector).bounding_box()["height"],
            "picture": lambda path: page.screenshot(path=path) and None, "wrong": lambda: wrong,
        }
        for line in sys.stdin:
            name, *arguments = json.loads(line)
            found = do[name](*arguments)
            at_s = time.time()
            print(json.dumps({"value": found if isinstance(found, (str, float, list)) else None, "at_s": at_s}), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
