// SPDX-License-Identifier: MIT
//
// Functions and objects by their names.

const HITS_MAX = 100;
const LARGEST = 20;

// How well a name answers: whole, from its start, somewhere; 0 not at all.
function rank(name, query) {
    const at = name.toLowerCase().indexOf(query);
    if (at < 0)
        return 0;
    return at > 0 ? 1 : name.length > query.length ? 2 : 3;
}

function showHits(all, query) {
    const hits = all.map((hit) => [rank(hit.node.name, query), hit]).filter(([r]) => r > 0)
        .sort(([r, a], [q, b]) => (query === "" ? 0 : q - r) || b.node.all - a.node.all);
    const max = query === "" ? LARGEST : HITS_MAX;
    const rows = hits.slice(0, max).map(([, { node, object }]) => [
        make("button", { type: "button", class: "link", onclick: () => reveal(node, object) }, node.name),
        count(node.all), make("div", {}, object.name,
            make("small", {}, `${services[node.service].name} \u00b7 ${KINDS[node.kind]}`))]);
    byId("found").textContent = query === "" ? `The ${rows.length} largest of ${count(all.length)}`
        : `${count(hits.length)} found${hits.length > max ? `; the first ${max} are shown` : ""}`;
    const columns = [["name", "name"], ["bytes", "number"], ["object, service", ""]];
    byId("hits").replaceChildren(makeTable("Functions and objects", columns, rows));
}

function startFind() {
    const all = image.children.flatMap((service) =>
        service.children.flatMap((object) => object.children.map((node) => ({ node, object }))));
    const query = byId("query");
    query.addEventListener("input", () => showHits(all, query.value.trim().toLowerCase()));
    showHits(all, "");
}

if (hasMap)
    startFind();
