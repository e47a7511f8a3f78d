"""Opens reports in a headless Chromium, as a reader would: what is drawn, by keyboard too, in every width and colour
scheme; nothing is asked of a network.

    python3 tests/report/look.py PAGE.html [FOLDER FOR PICTURES]

Needs Debian's chromium and chromium-driver, and selenium.
"""

import json
import re
import sys
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait


def browser(width: int, scripts: bool = True) -> webdriver.Chrome:
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    driver = webdriver.Chrome(options, Service("/usr/bin/chromedriver"))
    # A headless window has a smallest width; a page can have any.
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
    return driver


def requests_of(driver: webdriver.Chrome) -> set[str]:
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    urls = {m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"}
    return {url for url in urls if not url.startswith(("file:", "data:", "blob:"))}


def wait_until_drawn(driver: webdriver.Chrome) -> None:
    WebDriverWait(driver, 60).until(lambda d: d.find_elements(By.CSS_SELECTOR, "#trace0 .main-svg, #chart .main-svg"))
    WebDriverWait(driver, 60).until(lambda d: d.execute_script("return document.readyState") == "complete")


def look_at(page: Path, width: int, scheme: str, pictures: Path | None) -> None:
    driver = browser(width)
    try:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        driver.get(page.as_uri())
        wait_until_drawn(driver)
        errors = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
        assert not errors, errors
        assert not requests_of(driver), requests_of(driver)
        overflow = driver.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{overflow} pixels wider than the window of {width}"
        selects = driver.find_elements(By.CSS_SELECTOR, "#controls select")
        if selects:
            # By keyboard: the first control is reached by the tabulator, and an arrow chooses another output.
            before = driver.find_element(By.ID, "caption").text
            body = driver.find_element(By.TAG_NAME, "body")
            body.send_keys(Keys.TAB)
            assert driver.switch_to.active_element.tag_name == "select", driver.switch_to.active_element.tag_name
            driver.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
            after = driver.find_element(By.ID, "caption").text
            assert before != after, before
            assert driver.switch_to.active_element.tag_name == "select", "the control has lost the focus"
            driver.switch_to.active_element.send_keys(Keys.ARROW_UP)
            assert driver.find_element(By.ID, "caption").text == before
            marks = driver.find_elements(By.CSS_SELECTOR, "#chart .heatmaplayer image, #chart .scatterlayer .trace, #chart .hm image")
            assert marks, "nothing is drawn"
        for chart in driver.find_elements(By.CSS_SELECTOR, "[role=img]"):
            assert chart.get_attribute("aria-label") or not chart.get_attribute("innerHTML"), "a chart without words"
        if pictures:
            height = driver.execute_script("return document.documentElement.scrollHeight")
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
            driver.save_screenshot(str(pictures / f"{page.stem}-{width}-{scheme}.png"))
    finally:
        driver.quit()


def read_without_scripts(page: Path) -> None:
    driver = browser(1000, scripts=False)
    try:
        driver.get(page.as_uri())
        headings = [heading.text for heading in driver.find_elements(By.TAG_NAME, "h2")]
        assert headings[:2] == ["The answer", "The surface"], headings
        assert len(driver.find_elements(By.CSS_SELECTOR, "p.answer")) >= 1
        cells = driver.find_elements(By.CSS_SELECTOR, "table.surface td")
        assert cells and all(re.search(r"\d %|–", cell.text) for cell in cells), [cell.text for cell in cells]
        assert not driver.find_elements(By.CSS_SELECTOR, "#controls select"), "controls that do nothing"
        assert driver.find_elements(By.CSS_SELECTOR, "#outcomes tbody tr")
    finally:
        driver.quit()


def main() -> None:
    page = Path(sys.argv[1]).resolve()
    pictures = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    text = page.read_text(encoding="utf-8")
    assert len(text.encode()) < 6e6, f"{len(text.encode())} bytes"
    for width, scheme in ((1400, "light"), (1400, "dark"), (400, "light"), (700, "dark")):
        look_at(page, width, scheme, pictures)
    read_without_scripts(page)
    print(f"{page.name}: drawn in four ways, and read without scripts")


if __name__ == "__main__":
    main()
