# SPDX-License-Identifier: MIT
"""A browser for tests of pages: Debian's Chromium, without a screen, by WebDriver."""
import os
import pathlib
import shutil

import pytest

# What colour something has on the screen, and the contrast of a text to what is behind it (WCAG 2.2, 1.4.3).
CONTRAST = """
const pen = Object.assign(document.createElement("canvas"), {width: 1, height: 1})
    .getContext("2d", {willReadFrequently: true});
function rgb(colour) {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
}
function light(colour) {
    const part = colour.slice(0, 3).map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
}
function behind(element) {
    for (let e = element; e; e = e.parentElement) {
        const colour = rgb(getComputedStyle(e).backgroundColor);
        if (colour[3] === 255)
            return colour;
    }
    return [255, 255, 255, 255];
}
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let text; (text = walker.nextNode());) {
    const element = text.parentElement;
    if (text.data.trim() === "" || !element.checkVisibility() || ["SCRIPT", "NOSCRIPT"].includes(element.tagName))
        continue;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), element.className || element.tagName, text.data]);
}
return found.sort((x, y) => x[0] - y[0]);
"""


class Browser:
    """A window with one page. (driver) is selenium's."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, path, width=1280, height=800, scheme="light"):
        """Loads the file at (path) in a window of that size; narrow ones are touched like a phone."""
        phone = width < 600
        for command, arguments in (
                ("Emulation.setDeviceMetricsOverride",
                 {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}),
                ("Emulation.setTouchEmulationEnabled", {"enabled": phone, "maxTouchPoints": 5 if phone else 1}),
                ("Emulation.setEmulatedMedia", {"features": [
                    {"name": "prefers-color-scheme", "value": scheme},
                    {"name": "prefers-reduced-motion", "value": "reduce"}]})):
            self.driver.execute_cdp_cmd(command, arguments)
        self.driver.get(pathlib.Path(path).as_uri())

    def js(self, text, *args):
        return self.driver.execute_script(text, *args)

    def all(self, css):
        return self.driver.find_elements("css selector", css)

    def one(self, css):
        return self.driver.find_element("css selector", css)

    def texts(self, css):
        return self.js("return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", css)

    def press(self, *keys):
        """Sends keys to what has the focus."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def focus(self):
        """The accessible name of what has the focus."""
        return self.driver.switch_to.active_element.accessible_name

    def complaints(self):
        """What the console has since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def contrasts(self):
        """[[ratio, class or tag, text], ...] of all texts that are shown, the worst first."""
        return self.js(CONTRAST)


@pytest.fixture(scope="session")
def browser_session(tmp_path_factory, nothing_left_behind):  # which is to look after the browser has ended
    webdriver = pytest.importorskip("selenium.webdriver", reason="python3-selenium is not installed")
    if not shutil.which("chromedriver") or not shutil.which("chromium"):
        pytest.skip("chromium and chromium-driver are not installed")
    home = tmp_path_factory.mktemp("browser")
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--disable-breakpad",
                     f"--user-data-dir={home / 'profile'}", *(["--no-sandbox"] if os.geteuid() == 0 else [])):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.chrome.service.Service(shutil.which("chromedriver"),
                                               env={**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home)})
    driver = webdriver.Chrome(options=options, service=service)
    yield Browser(driver)
    driver.quit()


@pytest.fixture
def browser(browser_session):
    """The browser; the page must have nothing to complain about by the end of the test."""
    browser_session.complaints()
    yield browser_session
    assert browser_session.complaints() == []
