"""The little that runs in the browser: a clock that ticks by itself, and changes put in place without a flicker."""

from typing import Final

SCRIPT: Final = """
window.openami = {
    // Make `from` look like `to`, touching only what differs: focus, selection and scroll stay.
    morph(from, to) {
        const old = [...from.childNodes], now = [...to.childNodes];
        now.forEach((node, place) => {
            const was = old[place];
            if (!was) from.append(node);
            else if (was.nodeName !== node.nodeName) was.replaceWith(node);
            else if (was.nodeType === Node.TEXT_NODE) { if (was.data !== node.data) was.data = node.data; }
            else {
                for (const { name } of [...was.attributes]) if (!node.hasAttribute(name)) was.removeAttribute(name);
                for (const { name, value } of node.attributes)
                    if (was.getAttribute(name) !== value) was.setAttribute(name, value);
                openami.morph(was, node);
            }
        });
        old.slice(now.length).forEach((node) => node.remove());
    },
    show(parts) {
        for (const [id, html] of Object.entries(parts)) {
            const place = document.getElementById(id), made = document.createElement("template");
            made.innerHTML = html;
            if (place) openami.morph(place, made.content);
        }
    },
    tick() {
        for (const clock of document.querySelectorAll("time[data-at]")) {
            const { at, speed, offset, zone } = clock.dataset;
            if (clock.shown !== at) { clock.shown = at; clock.since = performance.now(); }
            const elapsed = Number(speed) * (performance.now() - clock.since) / 1000;
            const local = new Date((Number(at) + elapsed + Number(offset)) * 1000);
            const form = { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" };
            const day = local.toLocaleDateString("en-GB", form).replace(",", "");
            const text = `${day} ${local.toISOString().slice(11, 19)} ${zone}`;
            if (clock.textContent !== text) clock.textContent = text;
        }
    },
};
setInterval(openami.tick, 250);
"""

MARK: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">\
<rect width="32" height="32" rx="8" fill="#1f5fd0"/>\
<path d="M7.6 21.5a9.6 9.6 0 1 1 16.8 0" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/>\
<path d="M16 18.4l5-6.2" stroke="#ffc24b" stroke-width="2.8" stroke-linecap="round"/>\
<circle cx="16" cy="18.6" r="2.4" fill="#fff"/></svg>"""
"""The mark of the house, and the favicon: the dial of a meter."""
