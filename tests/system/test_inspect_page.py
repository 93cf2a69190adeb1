# SPDX-License-Identifier: MIT
"""pith inspect --html: the page, in a browser."""
import json
import os
import re
import subprocess

import pytest

from browser import browser, browser_session  # noqa: F401
from frame import PITH, PITH_CC, execute

SOURCE = """#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

char large[30000];
int written[100] = {1};
static void *greet(void *arg) { puts(arg); return NULL; }
int main(void)
{
    pthread_t t;
    FILE *f = fopen("/tmp/x", "w");
    if (f == NULL || pthread_create(&t, NULL, greet, large) != 0)
        exit(written[1]);
    fprintf(f, "%f\\n", 1.5);
    return pthread_join(t, NULL);
}
"""
PHONE = {"width": 390, "height": 844}
HOSTILE = "</script><img src=x onerror=window.hostile=1>"


def inspect(*args, **more):
    return execute([PITH, "inspect", *args], **more)


def make_page(image, page, *args):
    done = inspect("--html", page, image, *args)
    assert (done.status, done.stdout, done.stderr) == (0, "", "")
    return page


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("image")
    (folder / "greet.c").write_text(SOURCE)
    subprocess.run([PITH_CC, "-g", "-O1", "-o", "greet", "greet.c"], cwd=folder, check=True)
    return folder / "greet"


@pytest.fixture(scope="module")
def page(image):
    return make_page(image, image.with_suffix(".html"))


@pytest.fixture(scope="module")
def facts(image):
    return json.loads(inspect("--json", image).stdout)


def rows(browser, table):
    """A table's body, foot included, as lists of texts; of the first column only the name."""
    return browser.js("""
        return [...document.querySelectorAll(arguments[0] + " tbody tr, " + arguments[0] + " tfoot tr")].map((row) =>
            [...row.cells].map((cell, i) => i === 0 ? cell.querySelector("button, span")?.textContent ?? cell.textContent
                                                    : cell.textContent));""", table)


def cells(browser):
    """The cells of the treemap: {name: (bytes, area in pixels)}."""
    found = browser.js("""return [...document.querySelectorAll("#map .cell")].map((c) =>
        [c.getAttribute("aria-label"), c.offsetWidth * c.offsetHeight]);""")
    named = {}
    for label, area in found:
        name, size = re.fullmatch(r"(.*), ([\d,]+) bytes, [\d.]+ %(?:, opens)?", label).groups()
        named[name] = int(size.replace(",", "")), area
    return named


def crumbs(browser):
    return browser.texts("#crumbs li")


def test_one_file(page, facts):
    text = page.read_text(encoding="ascii")
    assert len(text) < 1 << 20
    assert not re.search(r"""(src|href)=["']?[^#"']|@import|url\(|https?:""",
                         text.replace("http://www.w3.org/2000/svg", ""))
    inside = re.search(r'<script type="application/json" id="data">\n(.*?)</script>', text, re.DOTALL).group(1)
    assert "<" not in inside
    data = json.loads(inside)
    for name, value in facts.items():
        assert data[name] == value, name
    for number, service in enumerate(facts["services"]):
        parts = [parts[i:i + 3] for _, _, owner, parts in data["objects"] if owner == number
                 for i in range(0, len(parts), 3)]
        by = {kinds: sum(size for _, size, kind in parts if kind in kinds) for kinds in ((0, 1), (2,), (3,))}
        assert tuple(by.values()) == (service["text"], service["data"], service["bss"]), service["name"]


def test_figures(browser, page, facts):
    browser.open(page)
    assert browser.driver.title == "greet - pith inspect"
    assert browser.texts("#title") == ["greet"]
    assert browser.js("return performance.getEntriesByType('resource').length") == 0
    table = {name: [int(n.replace(",", "")) for n in numbers] for name, *numbers in rows(browser, "#rows")}
    for service in facts["services"]:
        assert table.pop(service["name"]) == [service["text"], service["data"], service["bss"]]
    assert table.pop("(rest)") == [facts["rest"]["text"], 0, 0]
    assert table["(all)"][0] == facts["rest"]["text"] + sum(s["text"] for s in facts["services"])
    assert list(table) == ["(all)"]
    segments = [[s["name"], hex(s["address"]), f"{s['memory']:,}", f"{s['file']:,}", s["protection"]]
                for s in facts["segments"]]
    assert rows(browser, "#segments") == segments
    terms = dict(zip(browser.texts("#built dt"), browser.texts("#built dd")))
    assert terms["build id"] == facts["build_id"]
    assert terms["options"] == "-g -O1"


def test_treemap_shows_sizes(browser, page, facts):
    browser.open(page)
    shown = cells(browser)
    sizes = {s["name"]: s["text"] + s["data"] + s["bss"] for s in facts["services"]}
    assert {name: size for name, (size, _) in shown.items() if name != "(rest)"} == sizes
    large, other = sorted(sizes, key=sizes.get)[-2:]
    assert shown[large][1] / shown[other][1] == pytest.approx(sizes[large] / sizes[other], rel=0.1)
    browser.one("label[for=measure-bss]").click()
    assert {n: size for n, (size, _) in cells(browser).items()} == \
        {s["name"]: s["bss"] for s in facts["services"] if s["bss"] > 0}


def test_cells_do_not_overlap(browser, page):
    for size in ({}, PHONE):
        browser.open(page, **size)
        overlaps, smallest = browser.js("""
            const boxes = [...document.querySelectorAll("#map .cell")].map((c) => c.getBoundingClientRect());
            const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
            return [boxes.some((a, i) => boxes.slice(i + 1).some((b) => overlap(a, b))),
                    Math.min(...boxes.map((b) => b.width * b.height))];""")
        assert not overlaps
        assert smallest >= (24 * 24 if not size else 34 * 34)


def test_zoom_by_click(browser, page):
    browser.open(page)
    browser.one("#map [aria-label^='program,']").click()
    assert crumbs(browser) == ["image", "program"]
    browser.one("#map .cell").click()
    assert len(crumbs(browser)) == 3
    assert {"main", "greet", "large", "written"} <= set(cells(browser))
    assert cells(browser)["large"][0] == 30000
    browser.one("#map [aria-label^='main,']").click()
    assert browser.one("#about").text.startswith("main \u00b7 code \u00b7 ")
    browser.all("#crumbs button")[0].click()
    assert crumbs(browser) == ["image"]


def test_zoom_by_keyboard(browser, page):
    from selenium.webdriver.common.keys import Keys

    browser.open(page)
    browser.js("document.querySelector('#map [tabindex=\"0\"]').focus()")
    first = browser.focus()
    browser.press(Keys.ARROW_RIGHT)
    second = browser.focus()
    assert second != first
    browser.press(Keys.ARROW_UP)
    assert browser.focus() == first
    browser.press(Keys.END, Keys.HOME, Keys.ARROW_DOWN, Keys.ENTER)
    assert crumbs(browser) == ["image", second.split(",")[0]]
    browser.press(Keys.ENTER)
    assert len(crumbs(browser)) == 3
    browser.press(Keys.ESCAPE)
    assert len(crumbs(browser)) == 2
    browser.press(Keys.BACKSPACE)
    assert crumbs(browser) == ["image"]
    assert browser.focus() == second
    assert browser.js("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.press(Keys.ESCAPE)
    assert crumbs(browser) == ["image"]


def test_small_ones_are_together(browser, page):
    """A service of many objects on a small screen: what has no room stands in cells that open."""
    browser.open(page, **PHONE)
    seen = set()
    browser.one("#map [aria-label^='libc,']").click()
    while True:
        here = cells(browser)
        seen |= {name for name in here if not name.endswith(" smaller")}
        small = browser.all("#map [aria-label*=' smaller,']")
        if not small:
            break
        small[0].click()
    depth = len(crumbs(browser))
    assert depth > 2
    browser.all("#crumbs button")[1].click()
    assert {name for name, *_ in rows(browser, "#rows")} - {"(all)"} == seen


def test_find(browser, page, facts):
    browser.open(page)
    browser.one("#query").send_keys("PRINTF_core")
    assert re.fullmatch("[1-9] found", browser.one("#found").text)
    name, size, where = rows(browser, "#hits")[0]
    assert name == "printf_core" and int(size.replace(",", "")) > 1000
    assert re.fullmatch(r"vfprintf\.l?olibc \u00b7 code", where)
    browser.one("#hits tbody button").click()
    assert crumbs(browser)[:2] == ["image", "libc"]
    assert browser.focus().startswith("printf_core, ")
    browser.one("#query").send_keys("no such name")
    assert browser.one("#found").text == "0 found"


def service_button(browser, name):
    return browser.one(f"#net [aria-label^='{name},']")


def check_panel(browser, service):
    steps = [[step["name"], " \u00b7 ".join([step["service"], *([step["line"]] if "line" in step else [])])]
             for step in service["why"]]
    assert len(steps) > 1
    assert browser.js("""return [...document.querySelectorAll("#about-service .chain li")].map((step) =>
        [...step.children].map((e) => e.textContent))""") == steps


def test_graph_by_click(browser, page, facts):
    browser.open(page)
    services = {s["name"]: s for s in facts["services"]}
    assert len(browser.all("#net .service")) == len(services)
    service_button(browser, "files").click()
    check_panel(browser, services["files"])
    assert any(line.endswith(re.search(r"greet\.c:\d+", json.dumps(services["files"]["why"])).group())
               for line in browser.texts("#about-service .chain small"))
    assert len(browser.all("#net .line.why")) >= 1
    heads = browser.texts("#about-service h4")
    pulls, pulled = (int(re.search(r"\((\d+)\)", h).group(1)) for h in heads[1:])
    label = service_button(browser, "files").accessible_name
    assert label.endswith(f"pulls {pulls}, pulled by {pulled}")
    lists = browser.all("#about-service .plainlist")
    assert [len(e.find_elements("tag name", "li")) for e in lists] == [pulls, pulled]
    assert re.fullmatch(r"libc \d+ references?\S+ \u2192 pith_sys_\w+", re.sub(
        r"\n", "", next(t for t in browser.texts("#about-service .plainlist:last-child li") if t.startswith("libc"))))
    lists[0].find_element("tag name", "button").click()
    assert browser.one("#net [aria-pressed=true]").accessible_name.split(",")[0] != "files"
    service_button(browser, "program").click()
    assert "what the image was linked for" in browser.one("#about-service").text


def test_graph_by_keyboard(browser, page, facts):
    from selenium.webdriver.common.keys import Keys

    browser.open(page)
    services = {s["name"]: s for s in facts["services"]}
    browser.js("document.querySelector('#net [tabindex=\"0\"]').focus()")
    assert browser.focus().startswith("program,")
    browser.press(Keys.ARROW_DOWN)
    name = browser.focus().split(",")[0]
    assert name != "program"
    browser.press(Keys.ENTER)
    assert browser.one("#about-service h3").text == name
    check_panel(browser, services[name])
    browser.press(Keys.ARROW_UP)
    browser.press(Keys.ESCAPE)
    assert browser.focus().split(",")[0] == name
    assert not browser.all("#net [aria-pressed=true]")
    reached = {browser.focus()}
    browser.press(*[Keys.ARROW_LEFT] * len(services))
    for _ in services:
        reached.add(browser.focus())
        browser.press(Keys.ARROW_RIGHT)
    assert len(reached) == len(services)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 320, 768, 1280])
def test_readable(browser, page, scheme, width):
    browser.open(page, width=width, height=844, scheme=scheme)
    ground = browser.js("return getComputedStyle(document.documentElement).backgroundColor")
    assert (int(re.search(r"\d+", ground).group()) < 128) == (scheme == "dark")
    for step in ("", "select(3)", "goIn(image.children[0])", "goIn(shownNode().children[0])"):
        browser.js(step)
        assert browser.js("return document.documentElement.scrollWidth <= innerWidth")
        worst = browser.contrasts()[0]
        assert worst[0] >= 4.5, worst
    assert browser.js("""return [...document.querySelectorAll("button, input")].filter((e) => e.checkVisibility() &&
        !e.matches("[type=radio]") && e.getBoundingClientRect().height < 18).length""") == 0
    unnamed = [e.get_attribute("outerHTML") for e in browser.all("button, input, [role=region], [role=group]")
               if not e.accessible_name]
    assert not unnamed


def test_turned_phone(browser, page):
    browser.open(page, **PHONE)
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                   {"width": 844, "height": 390, "deviceScaleFactor": 1, "mobile": True})
    browser.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    right = browser.js("""return Math.max(...[...document.querySelectorAll("#map .cell, #net .service")].map((c) =>
        c.getBoundingClientRect().right))""")
    assert 600 < right <= 844


def test_stripped(browser, page, image, facts, tmp_path):
    subprocess.run(["strip", "-o", tmp_path / "greet", image], check=True)
    browser.open(make_page(tmp_path / "greet", tmp_path / "stripped.html"))
    assert browser.one("#stripped").is_displayed()
    assert not browser.one("#graph").is_displayed() and not browser.one("#find").is_displayed()
    assert {name for name in cells(browser)} - {"(rest)"} == {s["name"] for s in facts["services"]}
    browser.open(make_page(tmp_path / "greet", tmp_path / "debug.html", "--debug", image))
    assert not browser.one("#stripped").is_displayed() and browser.one("#graph").is_displayed()


def test_without_services(browser, image, tmp_path):
    """An image that an older pith cc linked."""
    subprocess.run(["strip", "-R", ".pith.services", "-o", tmp_path / "old", image], check=True)
    browser.open(make_page(tmp_path / "old", tmp_path / "old.html"))
    assert browser.one("#stripped").text.startswith("The image does not say which services")
    assert set(cells(browser)) == {"(rest)"}


def hostile_image(folder):
    """An image whose names, and what services are said to be, would run scripts."""
    names = [HOSTILE, "<!--<script>", "&lt;b&gt;'\"`\\", "]]>\u00e9\u2028"]
    (folder / "p.c").write_text("".join(f"int f{i}(int x) {{ return x + {i}; }}\n" for i in range(len(names))) +
                                "int main(int c, char **v) { (void)v; return " +
                                " + ".join(f"f{i}(c)" for i in range(len(names))) + "; }\n")
    renames = [f"--redefine-sym=f{i}={name}" for i, name in enumerate(names)]
    member = "<img src=x onerror=window.hostile=2>.o"
    subprocess.run([PITH_CC, "-O0", "-c", "p.c"], cwd=folder, check=True)
    subprocess.run(["objcopy", *renames, "p.o", member], cwd=folder, check=True)
    subprocess.run([PITH_CC, "-g", f'-DX="{HOSTILE}"', "-o", "hostile", member], cwd=folder, check=True)
    image = folder / "hostile"
    content = image.read_bytes()
    what = b"start, exit and the current thread, which every image has"
    assert what in content
    image.write_bytes(content.replace(what, b"<img src=x onerror=window.hostile=3>".ljust(len(what))))
    return image, names


def test_hostile_names(browser, tmp_path):
    image, names = hostile_image(tmp_path)
    browser.open(make_page(image, tmp_path / "<b>page.html"))
    assert len(browser.all("script:not([type])")) == 1
    browser.one("#query").send_keys(HOSTILE)
    assert [r[0] for r in rows(browser, "#hits")] == [HOSTILE]
    browser.one("#hits tbody button").click()
    latin = {name.encode().decode("latin-1") for name in names}
    assert latin <= {name for name, *_ in rows(browser, "#rows")}
    assert crumbs(browser)[-1] == "<img src=x onerror=window.hostile=2>.o"
    for service in browser.all("#net .service"):
        service.click()
    service_button(browser, "core").click()
    assert "<img src=x onerror=window.hostile=3>" in browser.one("#about-service").text
    assert browser.js("return document.images.length") == 0
    assert browser.js("return window.hostile") is None


def test_only_its_own_script_runs(browser, page):
    browser.open(page)
    browser.driver.execute_async_script("""
        const done = arguments[0];
        document.addEventListener("securitypolicyviolation", () => setTimeout(done, 100), {once: true});
        const script = document.createElement("script");
        script.textContent = "window.hostile = 1";
        document.body.append(script);""")
    assert browser.js("return window.hostile") is None
    assert any("Content Security Policy" in message for message in browser.complaints())


def test_older_page_is_replaced(image, tmp_path):
    page = tmp_path / "-page.html"
    page.write_text("x" * (1 << 20))
    done = inspect("--html=-page.html", image, cwd=tmp_path)
    assert done.status == 0
    assert page.read_text().endswith("</html>\n") and page.stat().st_size < 1 << 20


@pytest.mark.parametrize("target,message", [
    ("/dev/full", "No space left on device"),
    ("no/such/folder/page.html", "No such file or directory"),
    (".", "Is a directory"),
    ("", "No such file or directory")])
def test_cannot_be_written(image, tmp_path, target, message):
    done = inspect("--html", target, image, cwd=tmp_path)
    assert done.status == 125
    assert done.stderr == f"pith inspect: cannot write {target}: {message}\n"


def test_full_disk_leaves_no_half_page(image, tmp_path):
    done = execute(["sh", "-c", 'ulimit -f 8; trap "" XFSZ; exec "$0" inspect --html page.html "$1"', PITH, image],
                   cwd=tmp_path)
    assert done.status == 125
    assert done.stderr == "pith inspect: cannot write page.html: File too large\n"
    assert os.listdir(tmp_path) == []


def test_image_is_not_overwritten(image, tmp_path):
    before = image.read_bytes()
    done = inspect("--html", image, image)
    assert done.status == 2 and "is a program" in done.stderr
    assert image.read_bytes() == before


@pytest.mark.parametrize("more", [["--json"], ["--sbom"], ["--lines"], ["--why", "files"]])
def test_one_form_at_a_time(image, tmp_path, more):
    done = inspect("--html", tmp_path / "page.html", image, *more)
    assert done.status == 2 and done.stderr.startswith("pith inspect: one of --html, ")
    assert os.listdir(tmp_path) == []
