// SPDX-License-Identifier: MIT
//
// Rectangles for a treemap: squarified (Bruls, Huizing, van Wijk 2000). Rows are laid along the shorter side of
// what is left, each as long as its rectangles become more square by it.

// Divides the box {x, y, w, h} among (weights), which descend and are above 0. Returns as many boxes.
function squarify(weights, box) {
    const scale = box.w * box.h / weights.reduce((a, b) => a + b, 0);
    const boxes = [];
    let { x, y, w, h } = box;
    for (let i = 0; i < weights.length;) {
        const side = Math.max(Math.min(w, h), 1e-6);
        let [end, area, worst] = [i, 0, Infinity];
        for (; end < weights.length; end++) {
            const more = area + weights[end] * scale;
            const ratio = Math.max(side * side * weights[i] * scale / (more * more),
                more * more / (side * side * weights[end] * scale));
            if (ratio > worst)
                break;
            [area, worst] = [more, ratio];
        }
        const depth = area / side;
        for (let at = 0; i < end; i++) {
            const length = weights[i] * scale / depth;
            boxes.push(w >= h ? { x, y: y + at, w: depth, h: length } : { x: x + at, y, w: length, h: depth });
            at += length;
        }
        if (w >= h)
            [x, w] = [x + depth, w - depth];
        else
            [y, h] = [y + depth, h - depth];
    }
    return boxes;
}

// The largest children of (node) by (measure), no more than have room in (box) with (least) pixels each and as
// much again to show how large they are; the others as one node.
function childrenToShow(node, measure, box, least) {
    const sorted = node.children.filter((c) => c[measure] > 0).sort((a, b) => b[measure] - a[measure]);
    const room = Math.max(Math.floor(box.w * box.h / least / 2), 4);
    if (sorted.length <= room)
        return sorted;
    const small = sorted.slice(room - 1);
    return [...sorted.slice(0, room - 1),
        sumNode(`${count(small.length)} smaller`, `of ${node.name}`, small, { service: node.service, small: true })]
        .sort((a, b) => b[measure] - a[measure]);
}

// A list of [child, box] for what childrenToShow returns, the node of the others last. None is smaller than (least)
// pixels.
function layOut(node, measure, box, least) {
    const shown = childrenToShow(node, measure, box, least);
    const total = shown.reduce((n, c) => n + c[measure], 0);
    const floor = least / (box.w * box.h) * total;
    const boxes = squarify(shown.map((c) => Math.max(c[measure], floor)), box);
    return shown.map((child, i) => [child, boxes[i]]).sort(([a], [b]) => (a.small || 0) - (b.small || 0));
}
