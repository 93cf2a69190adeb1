// SPDX-License-Identifier: MIT
//
// Who pulls whom: services in layers by how many references the program is away, and lines between them. Where a
// layer does not fit into a row it takes several.

const GRAPH = { least: 104, height: 44, gap: 8, between: 18, layers: 52 };
const graphView = { selected: -1, rows: [], boxes: [] };
const SVG = "http://www.w3.org/2000/svg";

// Links of service (i), those that it makes and those that lead to it, most references first.
function linksOf(i) {
    const by = (end) => data.links.filter((l) => l[end] === i).sort((a, b) => b[2] - a[2]);
    return { pulls: by(0), pulledBy: by(1) };
}

// Layers of services by the fewest references from the program; what it does not lead to starts at the top too.
function findLayers() {
    const level = services.map(() => -1);
    const queue = [];
    const start = (i) => {
        if (level[i] < 0) {
            level[i] = 0;
            queue.push(i);
        }
        for (; queue.length > 0; queue.shift())
            for (const [from, to] of data.links)
                if (from === queue[0] && level[to] < 0) {
                    level[to] = level[from] + 1;
                    queue.push(to);
                }
    };
    start(Math.max(services.findIndex((s) => s.name === "program"), 0));
    services.forEach((s, i) => start(i));
    const layers = [];
    level.forEach((l, i) => (layers[l] ||= []).push(i));
    return layers;
}

// Puts what is linked below each other, where that is easy.
function orderLayers(layers) {
    const at = [];
    const note = (layer) => layer.forEach((i, k) => (at[i] = (k + 0.5) / layer.length));
    layers.forEach(note);
    for (const layer of layers.slice(1)) {
        const middle = new Map(layer.map((i) => {
            const above = data.links.filter((l) => l[1] === i && !layer.includes(l[0])).map((l) => at[l[0]]);
            return [i, above.reduce((a, b) => a + b, 0) / Math.max(above.length, 1)];
        }));
        layer.sort((a, b) => middle.get(a) - middle.get(b) || a - b);
        note(layer);
    }
}

function select(i) {
    graphView.selected = i;
    showLines();
    showService();
}

function makeService(i) {
    const s = services[i];
    const { pulls, pulledBy } = linksOf(i);
    const button = make("button", {
        type: "button", class: "service", "aria-pressed": "false", tabindex: -1,
        "aria-label": `${s.name}, ${size(image.children[i].all)}, pulls ${pulls.length}, pulled by ${pulledBy.length}`,
        onclick: () => select(graphView.selected === i ? -1 : i),
    }, make("span", { class: "name" }, s.name), make("span", { class: "bytes" }, size(image.children[i].all)));
    colour(button, image.children[i]);
    return button;
}

// Gives each service its place for the width that there is.
function placeServices() {
    const net = byId("net");
    const fits = Math.max(Math.floor((net.clientWidth + GRAPH.gap) / (GRAPH.least + GRAPH.gap)), 1);
    let y = 0;
    graphView.rows = [];
    for (const layer of graphView.layers) {
        const lines = Math.ceil(layer.length / fits);
        const long = Math.ceil(layer.length / lines);
        const width = Math.min((net.clientWidth + GRAPH.gap) / long, 150);
        for (let first = 0; first < layer.length; first += long) {
            const row = layer.slice(first, first + long);
            const left = (net.clientWidth + GRAPH.gap - width * row.length) / 2;
            row.forEach((i, k) => {
                graphView.boxes[i] = { x: left + k * width, y, w: width - GRAPH.gap, h: GRAPH.height };
                place(graphView.buttons[i], graphView.boxes[i]);
            });
            graphView.rows.push(row);
            y += GRAPH.height + GRAPH.between;
        }
        y += GRAPH.layers - GRAPH.between;
    }
    net.style.height = `${y - GRAPH.layers + GRAPH.between}px`;
    showLines();
}

// A line from the lower or upper edge of a service to that of another; below both, if they are in one row.
function curve(from, to) {
    const down = to.y >= from.y, up = to.y <= from.y;
    const x1 = from.x + from.w / 2, x2 = to.x + to.w / 2;
    const y1 = down ? from.y + from.h : from.y;
    const y2 = down && !up ? to.y : to.y + to.h;
    const bend = down && up ? 22 : Math.max(Math.abs(y2 - y1) / 2, 16);
    return `M${x1} ${y1}C${x1} ${y1 + (down ? bend : -bend)} ${x2} ${y2 + (down && !up ? -bend : bend)} ${x2} ${y2}`;
}

// The pairs of services that the chain to the selected one leads through.
function chainPairs() {
    const names = graphView.selected < 0 ? [] : services[graphView.selected].why.map((step) => step.service);
    return new Set(names.slice(1).map((name, i) => `${names[i]} ${name}`));
}

function lineClass(link, chain) {
    const { selected } = graphView;
    if (chain.has(`${services[link[0]].name} ${services[link[1]].name}`))
        return "line why";
    if (selected < 0)
        return "line";
    return link[0] === selected ? "line pulls" : link[1] === selected ? "line pulled" : "line other";
}

function showLines() {
    const { selected, buttons, lines, boxes } = graphView;
    const chain = chainPairs();
    const near = new Set([selected]);
    const shown = data.links.map((link) => {
        const path = document.createElementNS(SVG, "path");
        path.setAttribute("d", curve(boxes[link[0]], boxes[link[1]]));
        path.setAttribute("class", lineClass(link, chain));
        path.style.strokeWidth = 1 + Math.log2(link[2]) / 4;
        if (link[0] === selected || link[1] === selected || path.classList.contains("why"))
            near.add(link[0]).add(link[1]);
        return path;
    });
    const order = (path) => ["line other", "line", "line pulled", "line pulls", "line why"]
        .indexOf(path.getAttribute("class"));
    lines.replaceChildren(...shown.sort((a, b) => order(a) - order(b)));
    buttons.forEach((button, i) => {
        button.setAttribute("aria-pressed", String(i === selected));
        button.classList.toggle("far", selected >= 0 && !near.has(i));
    });
}

function serviceButton(i) {
    return make("button", {
        type: "button", class: "link", onclick: () => {
            select(i);
            focusOne(graphView.buttons, graphView.buttons[i]);
        },
    }, services[i].name);
}

function neighbours(title, links, end) {
    if (links.length === 0)
        return [];
    return [make("h4", {}, `${title} (${links.length})`), make("ul", { class: "plainlist" }, ...links.map((l) =>
        make("li", {}, make("span", {}, serviceButton(l[end]), ` ${count(l[2])} reference${l[2] === 1 ? "" : "s"}`),
            make("small", { class: "code" }, `${l[3]} \u2192 ${l[4]}`))))];
}

function chainOf(s) {
    if (s.name === "program")
        return [make("p", {}, "It is what the image was linked for.")];
    if (s.why.length === 0)
        return [make("p", {}, "No reference leads here from the program: the image starts here, or keeps it for itself.")];
    return [make("ol", { class: "chain" }, ...s.why.map((step) => make("li", {},
        make("span", { class: "code" }, step.name), make("small", {}, [step.service, step.line].filter(Boolean)
            .join(" \u00b7 ")))))];
}

function showService() {
    const about = byId("about-service");
    const i = graphView.selected;
    about.classList.toggle("idle", i < 0);
    if (i < 0) {
        about.replaceChildren(make("p", { class: "muted" }, "No service is selected."));
        return;
    }
    const s = services[i];
    const { pulls, pulledBy } = linksOf(i);
    about.replaceChildren(make("h3", {}, s.name), make("p", { class: "muted" }, s.what),
        make("p", { class: "small" }, `text ${count(s.text)} \u00b7 data ${count(s.data)} \u00b7 bss ${count(s.bss)}`),
        make("h4", {}, "Why it is here"), ...chainOf(s),
        ...neighbours("Pulls", pulls, 1), ...neighbours("Pulled by", pulledBy, 0));
    about.scrollTop = 0;
}

// The service that an arrow key leads to from (i).
function stepTo(key, i) {
    const { rows, boxes } = graphView;
    const all = rows.flat();
    if (key === "ArrowLeft" || key === "ArrowRight")
        return all[all.indexOf(i) + (key === "ArrowRight" ? 1 : -1)];
    const row = rows[rows.findIndex((r) => r.includes(i)) + (key === "ArrowDown" ? 1 : -1)] || [];
    return [...row].sort((a, b) => Math.abs(boxes[a].x - boxes[i].x) - Math.abs(boxes[b].x - boxes[i].x))[0];
}

function moveInGraph(event) {
    const i = graphView.buttons.indexOf(document.activeElement);
    if (i < 0 || !event.key.startsWith("Arrow") || event.ctrlKey || event.altKey || event.metaKey)
        return;
    event.preventDefault();
    const to = stepTo(event.key, i);
    if (to !== undefined)
        focusOne(graphView.buttons, graphView.buttons[to]);
}

function startGraph() {
    const net = byId("net");
    graphView.layers = findLayers();
    orderLayers(graphView.layers);
    graphView.buttons = services.map((s, i) => makeService(i));
    graphView.buttons[0].tabIndex = 0;
    graphView.lines = document.createElementNS(SVG, "svg");
    graphView.lines.setAttribute("aria-hidden", "true");
    net.append(graphView.lines, ...graphView.layers.flat().map((i) => graphView.buttons[i]));
    net.addEventListener("keydown", moveInGraph);
    byId("graph").addEventListener("keydown", (event) => {
        if (event.key === "Escape" && graphView.selected >= 0) {
            focusOne(graphView.buttons, graphView.buttons[graphView.selected]);
            select(-1);
        }
    });
    let width = 0;
    new ResizeObserver(() => {
        if (net.clientWidth !== width) {
            width = net.clientWidth;
            placeServices();
        }
    }).observe(net);
    placeServices();
    showService();
}

if (hasMap && services.length > 0)
    startGraph();
