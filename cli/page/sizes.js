// SPDX-License-Identifier: MIT
//
// What takes how many bytes: a treemap and a table of the same, from services over objects to functions. A path
// leads from the image to the node that is shown.

const LEAST = matchMedia("(pointer: coarse)").matches ? 40 * 40 : 28 * 28;
const LABEL_HEIGHT = 20;
const sizesView = { path: [image], measure: "all" };

function shownNode() {
    return sizesView.path[sizesView.path.length - 1];
}

function cells() {
    return [...byId("map").querySelectorAll(".cell")];
}

function describe(node) {
    const { measure } = sizesView;
    const parts = [node.name, node.what];
    if (node.kind === undefined)
        parts.push(`text ${count(node.text)}`, `data ${count(node.data)}`, `bss ${count(node.bss)}`);
    else
        parts.push(`${count(node[measure])} B`);
    parts.push(`${percent(node[measure], image[measure])} of the image`);
    return parts.filter((p) => p !== "").join(" \u00b7 ");
}

function place(element, box) {
    element.style.left = `${box.x}px`;
    element.style.top = `${box.y}px`;
    element.style.width = `${Math.max(box.w - 2, 1)}px`;
    element.style.height = `${Math.max(box.h - 2, 1)}px`;
}

// What a cell consists of, in small: only to be looked at.
function addPreview(cell, node, box) {
    const inner = { x: 4, y: LABEL_HEIGHT + 2, w: box.w - 10, h: box.h - LABEL_HEIGHT - 8 };
    if (inner.w < 24 || inner.h < 16)
        return;
    for (const [child, at] of layOut(node, sizesView.measure, inner, 90)) {
        const leaf = make("span", { class: "leaf", "aria-hidden": "true" });
        if (at.w > 44 && at.h > 15)
            leaf.textContent = child.name;
        place(leaf, at);
        cell.append(leaf);
    }
}

function makeCell(node, box) {
    const bytes = node[sizesView.measure];
    const opens = node.children.length > 0;
    const cell = make("button", {
        type: "button",
        class: `cell${opens ? "" : " last"}${node.kind === undefined ? "" : ` kind${node.kind}`}`,
        "aria-label": `${node.name}, ${count(bytes)} bytes, ${percent(bytes, image[sizesView.measure])}` +
            (opens ? ", opens" : ""),
        tabindex: -1,
        onclick: () => (opens ? goIn(node) : showAbout(node)),
        onfocus: () => showAbout(node),
        onpointerenter: () => showAbout(node),
    });
    cell.node = node;
    place(cell, box);
    colour(cell, node);
    if (box.w > 44 && box.h > 18)
        cell.append(make("span", { class: "name" }, node.name));
    if (opens ? box.w > 130 && box.h > 18 : box.w > 64 && box.h > 38)
        cell.append(make("span", { class: "bytes" }, size(bytes)));
    if (opens)
        addPreview(cell, node, box);
    return cell;
}

function showMap() {
    const map = byId("map");
    const box = { x: 0, y: 0, w: map.clientWidth, h: map.clientHeight };
    const node = shownNode();
    map.setAttribute("aria-label", `Treemap of ${node.name} by bytes`);
    if (node[sizesView.measure] > 0)
        map.replaceChildren(...layOut(node, sizesView.measure, box, LEAST).map(([n, b]) => makeCell(n, b)));
    else
        map.replaceChildren(make("p", { class: "empty" }, `${node.name} has no ${sizesView.measure}`));
    if (map.firstChild.node)
        map.firstChild.tabIndex = 0;
}

function showAbout(node) {
    byId("about").textContent = describe(node);
}

function rowName(node) {
    const name = node.children.length > 0
        ? make("button", { type: "button", class: "link", onclick: () => goIn(node) }, node.name)
        : make("span", {}, node.name);
    return node.what === "" ? name : make("div", {}, name, make("small", {}, node.what));
}

function showRows() {
    const node = shownNode();
    const { measure } = sizesView;
    const columns = [["name", "name"], ...MEASURES.slice(1).map((m) => [m, m === measure ? "number chosen" : "number"])];
    const row = (n, name) => [name, count(n.text), count(n.data), count(n.bss)];
    const rows = [...node.children].sort((a, b) => b[measure] - a[measure]).map((n) => row(n, rowName(n)));
    const rowsBox = byId("rows");
    rowsBox.replaceChildren(makeTable(`What ${node.name} consists of, in bytes`, columns, rows, row(node, "(all)")));
    rowsBox.scrollTop = 0;
}

function showCrumbs() {
    const { path } = sizesView;
    byId("crumbs").replaceChildren(...path.map((node, i) => make("li", {}, i + 1 < path.length
        ? make("button", { type: "button", class: "link", onclick: () => goOut(i + 1) }, node.name)
        : make("span", { "aria-current": "location" }, node.name))));
}

function showSizes() {
    showCrumbs();
    showMap();
    showRows();
    showAbout(shownNode());
}

function goIn(node) {
    sizesView.path.push(node);
    showSizes();
    focusOne(cells(), cells()[0]);
}

// Goes back until the path has (length) nodes, and puts the focus on where it came from.
function goOut(length) {
    if (length < 1 || length >= sizesView.path.length)
        return;
    const from = sizesView.path[length];
    sizesView.path.length = length;
    showSizes();
    const all = cells();
    focusOne(all, all.find((c) => c.node === from || (from.small && c.node.small)) || all[0]);
}

// Shows the cell of the function or object (node) of (object), through as many "smaller" as it takes.
function reveal(node, object) {
    const service = image.children[node.service];
    sizesView.path = [image, service, object];
    sizesView.measure = "all";
    byId("measure-all").checked = true;
    for (;;) {
        showSizes();
        const small = cells().find((c) => c.node.small);
        if (!small || cells().some((c) => c.node === node))
            break;
        sizesView.path.push(small.node);
    }
    byId("sizes").scrollIntoView();
    focusOne(cells(), cells().find((c) => c.node === node));
}

function moveInMap(event) {
    const all = cells();
    const at = all.indexOf(document.activeElement);
    const to = {
        ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: all.length - 1,
    }[event.key];
    if (at < 0 || to === undefined || event.ctrlKey || event.altKey || event.metaKey)
        return;
    event.preventDefault();
    if (to >= 0 && to < all.length)
        focusOne(all, all[to]);
}

function startSizes() {
    for (const measure of MEASURES) {
        const input = make("input", {
            type: "radio", name: "measure", id: `measure-${measure}`,
            onchange: () => {
                sizesView.measure = measure;
                showSizes();
            },
        });
        input.checked = measure === sizesView.measure;
        byId("measure").append(input, make("label", { for: input.id }, measure));
    }
    byId("map").addEventListener("keydown", moveInMap);
    byId("sizes").addEventListener("keydown", (event) => {
        if (event.key !== "Escape" && event.key !== "Backspace")
            return;
        event.preventDefault();
        goOut(sizesView.path.length - 1);
    });
    let width = 0;
    new ResizeObserver(() => {
        if (byId("map").clientWidth !== width) {
            width = byId("map").clientWidth;
            showMap();
        }
    }).observe(byId("map"));
    showSizes();
}

startSizes();
