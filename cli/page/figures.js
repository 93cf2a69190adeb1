// SPDX-License-Identifier: MIT
//
// What the text form prints, besides the services.

function term(list, name, ...value) {
    list.append(make("div", {}, make("dt", {}, name), make("dd", {}, ...value)));
}

function showHead() {
    const name = data.image.split("/").pop();
    document.title = `${name} - pith inspect`;
    byId("title").textContent = name;
    byId("target").textContent = `An image for ${data.target}`;
    const cards = byId("cards");
    term(cards, "Loaded", size(data.loaded_bytes), make("small", {}, `of ${size(data.file_bytes)} in the file`));
    term(cards, "In memory", size(data.memory_bytes), make("small", {}, "what is loaded and zeroed"));
    term(cards, "To start", size(data.memory_to_start), make("small", {}, "of memory at least"));
    term(cards, "Files packed", data.files_bytes ? size(data.files_bytes) : "none",
        make("small", {}, "root file system"));
    for (const element of document.querySelectorAll(".needs-map"))
        element.hidden = !hasMap;
    byId("stripped").hidden = hasMap;
    if (services.length === 0)
        byId("stripped").textContent = "The image does not say which services it has: an older pith cc linked it.";
}

function hex(n) {
    return `0x${n.toString(16)}`;
}

function showDetails() {
    const columns = [["segment", "name"], ["address", "number"], ["memory", "number"], ["file", "number"],
        ["access", "code"]];
    byId("segments").append(makeTable("Segments", columns, data.segments.map((s) =>
        [s.name, hex(s.address), count(s.memory), count(s.file), s.protection])));

    const needs = byId("needs");
    if (data.hosted)
        term(needs, "entry", `${hex(data.entry)}, by a monitor`);
    if (data.bare)
        term(needs, "entry", `${hex(data.pvh_entry)}, by PVH (a physical address)`);
    term(needs, "memory", `${size(data.memory_to_start)} to start`);
    if (data.stack_bytes)
        term(needs, "stack", `${size(data.stack_bytes)} for each thread`);
    term(needs, "network", data.network ? "wanted" : "none");
    term(needs, "preemption", data.preemption ? "wanted" : "none");
    term(needs, "files", data.files_bytes ? size(data.files_bytes) : "none packed");

    const built = byId("built");
    if (data.build_id)
        term(built, "build id", data.build_id);
    for (const key of ["pith", "target", "compiler", "option"]) {
        const values = (data.facts || []).filter((f) => f.key === key).map((f) => f.value);
        if (values.length > 0)
            term(built, key === "option" ? "options" : key, values.join(" "));
    }
    if (!hasMap)
        term(built, "map", "stripped");
}

showHead();
showDetails();
