// SPDX-License-Identifier: MIT
//
// The data of the page (cli/inspect_html.c says what they are), as a tree of what takes bytes. Names are
// those of an image that somebody else may have made: they only ever become text, by make().
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const services = data.services;
const hasMap = data.objects !== undefined;
for (const service of services)
    service.why ||= [];
const KINDS = ["code", "constants", "data", "zeroed"];
const MEASURES = ["all", "text", "data", "bss"];

// Makes an element. Attributes "on..." are listeners; what is undefined or false is left out. Children are
// elements or texts.
function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on"))
            element.addEventListener(name.slice(2), value);
        else if (value !== undefined && value !== false)
            element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
}

function byId(id) {
    return document.getElementById(id);
}

function count(n) {
    return n.toLocaleString("en");
}

// Bytes in the unit that people read, as the text form has it.
function size(n) {
    if (n < 10240)
        return `${count(n)} B`;
    return n < 10240 * 1024 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / 1048576).toFixed(1)} MiB`;
}

function percent(part, whole) {
    return whole > 0 ? `${(100 * part / whole).toFixed(1)} %` : "";
}

// Related services stand side by side in the list, and get related hues.
function hueOf(service) {
    return Math.round(250 + 330 * service / services.length) % 360;
}

function colour(element, node) {
    if (node.service === undefined)
        element.classList.add("plain");
    else
        element.style.setProperty("--hue", hueOf(node.service));
}

// A node of the tree: a name, what it is, its bytes by measure and what it consists of.
function makeNode(name, what, bytes, more) {
    const [text, dataBytes, bss] = bytes;
    return { name, what, text, data: dataBytes, bss, all: text + dataBytes + bss, children: [], ...more };
}

function sumNode(name, what, children, more) {
    const sum = (measure) => children.reduce((n, c) => n + c[measure], 0);
    return makeNode(name, what, [sum("text"), sum("data"), sum("bss")], { ...more, children });
}

function objectNode([archive, member, service, parts]) {
    const name = member || archive;
    const children = [];
    for (let i = 0; i < parts.length; i += 3) {
        const [part, bytes, kind] = parts.slice(i, i + 3);
        const by = [kind < 2 ? bytes : 0, kind === 2 ? bytes : 0, kind === 3 ? bytes : 0];
        children.push(makeNode(part || "(no name)", KINDS[kind], by, { service, kind }));
    }
    return sumNode(name, member ? `in ${archive}` : "", children, { service });
}

function imageNode() {
    const nodes = services.map((s, i) =>
        makeNode(s.name, s.what, [s.text, s.data, s.bss], { service: i }));
    for (const object of data.objects || [])
        nodes[object[2]].children.push(objectNode(object));
    const rest = makeNode("(rest)", "headers, relocations, alignment", [data.rest.text, 0, 0]);
    return sumNode("image", "", [...nodes, rest], {});
}

const image = imageNode();

// A table whose columns are [title, class] and whose rows are lists of elements or texts.
function makeTable(caption, columns, rows, foot) {
    const cells = (row, tag) => row.map((cell, i) =>
        make(i === 0 ? "th" : tag, { class: columns[i][1], scope: i === 0 ? "row" : undefined }, cell));
    const head = columns.map(([title, kind]) => make("th", { class: kind, scope: "col" }, title));
    const table = make("table", {}, make("caption", { class: "unseen" }, caption),
        make("thead", {}, make("tr", {}, ...head)),
        make("tbody", {}, ...rows.map((row) => make("tr", {}, ...cells(row, "td")))));
    if (foot)
        table.append(make("tfoot", {}, make("tr", {}, ...cells(foot, "td"))));
    return table;
}

// Moves the focus among (buttons), of which one can be reached by the tabulator key.
function focusOne(buttons, chosen) {
    for (const button of buttons)
        button.tabIndex = button === chosen ? 0 : -1;
    if (chosen)
        chosen.focus();
}
