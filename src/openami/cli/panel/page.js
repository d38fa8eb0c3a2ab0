// A meter's front, kept up to date over one websocket. The page draws; what is shown is worked out by the meter.

const FLASH_MS = 70;
const COLOURS = { red: "#ff3b30", green: "#34c759", yellow: "#ffcc00", blue: "#3b82f6" };
const SVG = "http://www.w3.org/2000/svg";
// Seven segments in a box of 20 by 36: points of each, clockwise from the top, the middle bar, the point.
const SEGMENTS = [
  "4,1 16,1 18,3 16,5 4,5 2,3", "19,4 19,16 17,18 15,16 15,6 17,4", "19,20 19,32 17,34 15,30 15,20 17,18",
  "4,31 16,31 18,33 16,35 4,35 2,33", "1,20 3,18 5,20 5,30 3,34 1,32", "1,4 3,4 5,6 5,16 3,18 1,16",
  "4,16 16,16 18,18 16,20 4,20 2,18", "21,32 24,32 24,35 21,35",
];

const $ = (id) => document.getElementById(id);
const glyphs = await (await fetch("glyphs.json")).json();
let socket;
let shown = "";
let built = "";
let beeps;
const held = new Map();

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function svg(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function send(message) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

// The glass

function dots(lines) {
  const pitch = 6, width = Math.max(...lines.map((line) => [...line].length)) * 36 - 6, height = lines.length * 50 - 8;
  let on = "", off = "";
  lines.forEach((line, row) => [...line].forEach((sign, column) => {
    (glyphs[sign] ?? glyphs["?"]).forEach((bits, y) => {
      for (let x = 0; x < 5; x += 1) {
        const dot = `M${column * 36 + x * pitch},${row * 50 + y * pitch}h5.2v5.2h-5.2z`;
        if ((bits >> (4 - x)) & 1) on += dot; else off += dot;
      }
    });
  }));
  return [[0, 0, width, height], svg("path", { d: off, class: "off" }), svg("path", { d: on, class: "on" })];
}

function digit(mask, x, y, scale) {
  return SEGMENTS.map((points, bit) => svg("polygon", {
    points, class: (mask >> bit) & 1 ? "on" : "off", transform: `translate(${x} ${y}) scale(${scale}) skewX(-4)`,
  }));
}

function segments(picture) {
  const main = picture.digits.flatMap((mask, place) => digit(mask, 8 + place * 29, 22, 1));
  const code = picture.code_digits.flatMap((mask, place) => digit(mask, 4 + place * 12, 0, 0.42));
  const width = Math.max(picture.digits.length * 29 + 52, 120);
  const unit = svg("text", { x: width - 46, y: 56 });
  unit.textContent = picture.unit;
  return [[0, -2, width, 64], ...main, ...code, unit];
}

function draw(picture) {
  const key = JSON.stringify([picture.lines, picture.digits, picture.code_digits, picture.unit]);
  $("glass").classList.toggle("lit", picture.is_lit);
  $("lcd").setAttribute("aria-label", picture.text || "dark");
  if (key === shown) return;
  shown = key;
  const [box, ...parts] = picture.lines.length ? dots(picture.lines) : segments(picture);
  $("lcd").setAttribute("viewBox", box.join(" "));
  $("lcd").replaceChildren(...parts);
}

function icons(picture) {
  if (picture.lines.length) return;
  $("icons").replaceChildren(...picture.signs.map(({ label, level }) => make("span", { textContent: label, className: level ? "on" : "" })));
}

// Diodes, buttons, sound

function leds(found) {
  const row = $("leds");
  if (row.children.length !== found.length) {
    row.replaceChildren(...found.map(({ label }) => make("span", { className: "led" }, make("i"), label)));
  }
  found.forEach((led, number) => {
    const lamp = row.children[number].firstChild;
    lamp.style.setProperty("--colour", COLOURS[led.colour] ?? led.colour);
    if (led.glow === "flashing" && led.pulses !== (lamp.pulses ?? led.pulses)) {
      lamp.classList.add("on");
      clearTimeout(lamp.timer);
      lamp.timer = setTimeout(() => lamp.classList.remove("on"), FLASH_MS);
    } else if (led.glow !== "flashing") lamp.classList.toggle("on", led.glow === "steady");
    lamp.classList.toggle("blinking", led.glow === "blinking");
    lamp.style.setProperty("--blink", `${led.blink_ms}ms`);
    lamp.pulses = led.pulses;
    lamp.parentElement.title = led.glow;
  });
}

function release(name) {
  if (!held.has(name)) return;
  send({ press: name, held_ms: Math.round(performance.now() - held.get(name)) });
  held.delete(name);
}

function buttons(found) {
  $("buttons").replaceChildren(...found.map(({ name, label }) => {
    const button = make("button", { type: "button", textContent: label });
    const hold = () => held.has(name) || held.set(name, performance.now());
    button.addEventListener("pointerdown", hold);
    for (const event of ["pointerup", "pointerleave", "pointercancel"]) button.addEventListener(event, () => release(name));
    button.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && hold());
    button.addEventListener("keyup", () => release(name));
    button.addEventListener("contextmenu", (event) => event.preventDefault());
    return button;
  }));
}

// A key is a short tone; a token taken two rising ones, a token refused a long low one.
const TONES = { beeps: [[2700, 0.08]], accepted: [[2700, 0.12], [3600, 0.25]], rejected: [[900, 0.6]] };

function beep(frame) {
  const news = ["rejected", "accepted", "beeps"].filter((name) => beeps && frame[name] > beeps[name]);
  beeps = frame;
  if (!news.length) return;
  const audio = new AudioContext(), tone = audio.createOscillator(), gain = audio.createGain();
  gain.gain.value = 0.05;
  tone.connect(gain).connect(audio.destination);
  let at = audio.currentTime;
  for (const [frequency, seconds] of TONES[news[0]]) {
    tone.frequency.setValueAtTime(frequency, at);
    at += seconds;
  }
  tone.start();
  tone.stop(at);
  tone.onended = () => audio.close();
}

// Keypad and card

const FACES = { "*": ["⌫", "Back"], "#": ["↵", "Enter"] };
const TYPED = { Backspace: "*", Enter: "#" };

function keypad(rows) {
  $("keypad").replaceChildren(...rows.flatMap((row) => [...row].map((key) => {
    const [face, label] = FACES[key] ?? [key, key];
    const button = make("button", { type: "button", value: key, textContent: face, ariaLabel: label });
    button.addEventListener("click", () => send({ keys: key }));
    return button;
  })));
}

function hit(key) {
  const button = document.querySelector(`#keypad button[value="${key}"]`);
  button.classList.add("hit");
  setTimeout(() => button.classList.remove("hit"), 120);
  send({ keys: key });
}

// Whether what is typed is for the keypad: not where it goes into a field, and Enter not where it presses a button.
function isFree(event) {
  const at = event.target, isTaken = at.matches("input:not([type=checkbox], [type=range]), select");
  const presses = event.key === "Enter" && at.matches("button, summary, input") && !at.closest("#keypad");
  return !$("keypad").hidden && !isTaken && !presses;
}

document.addEventListener("keydown", (event) => {
  const key = TYPED[event.key] ?? event.key;
  if (!/^[0-9*#]$/.test(key) || event.ctrlKey || event.metaKey || event.altKey || !isFree(event)) return;
  event.preventDefault();
  hit(key);
});

document.addEventListener("paste", (event) => {
  const digits = event.clipboardData.getData("text").replace(/[\s-]/g, "");
  if (isFree(event) && /^\d{1,20}$/.test(digits)) send({ keys: digits });
});

$("card").addEventListener("submit", (event) => {
  event.preventDefault();
  send({ card: $("token").value });
});

function module(name) {
  $("keypad").hidden = name !== "keypad";
  $("card").hidden = name !== "nfc";
}

// What hands can turn

function dial(control) {
  const input = make("input", { type: "range", min: control.low, max: control.high, step: control.step, value: control.value });
  input.name = control.name;
  const output = make("output", { textContent: control.text });
  let last = 0;
  const tell = () => { last = performance.now(); send({ turn: control.name, value: Number(input.value) }); };
  input.addEventListener("input", () => performance.now() - last > 150 && tell());
  input.addEventListener("change", tell);
  return make("label", { className: "dial" }, control.label, input, output);
}

function switched(control) {
  const input = make("input", { type: "checkbox", checked: Boolean(control.value), name: control.name, title: control.takes });
  input.addEventListener("change", () => send({ turn: control.name, value: Number(input.checked) }));
  return make("label", { className: "switch" }, input, control.label);
}

function push(control) {
  const button = make("button", { type: "button", textContent: control.label, title: control.takes, className: "push" });
  button.addEventListener("click", () => send({ turn: control.name, value: "" }));
  return button;
}

function menu(found) {
  const select = make("select", { ariaLabel: "Fault" }, ...found.map(({ name, label }) => make("option", { value: name, textContent: label })));
  const input = make("input", { type: "text", autocomplete: "off", ariaLabel: "What to do" });
  const explain = () => { input.placeholder = found[select.selectedIndex].takes; input.value = ""; };
  select.addEventListener("change", explain);
  explain();
  const form = make("form", { className: "menu" }, select, input, make("button", { textContent: "Do" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send({ turn: select.value, value: input.value });
  });
  return form;
}

function choice(control) {
  const buttons = control.choices.map((value) => {
    const button = make("button", { type: "button", textContent: `${value}×`, value });
    button.addEventListener("click", () => send({ turn: control.name, value }));
    return button;
  });
  return make("div", { className: "choices", role: "group", ariaLabel: control.label }, ...buttons);
}

function build(controls) {
  const groups = Map.groupBy ? Map.groupBy(controls, (control) => control.group) : grouped(controls);
  $("controls").replaceChildren(...[...groups].map(([group, found]) => {
    const of = (kind) => found.filter((each) => each.kind === kind);
    const rows = [...of("dial").map(dial), ...of("choice").map(choice)];
    const switches = make("div", { className: "switches" }, ...of("switch").map(switched), ...of("push").map(push));
    if (switches.children.length) rows.push(switches);
    if (of("entry").length) rows.push(menu(of("entry")));
    return make("fieldset", {}, make("legend", { textContent: group }), ...rows);
  }));
}

function grouped(controls) {
  const groups = new Map();
  for (const control of controls) groups.set(control.group, [...(groups.get(control.group) ?? []), control]);
  return groups;
}

function refresh(controls) {
  const names = controls.map((control) => control.name).join();
  if (names !== built) build(controls);
  built = names;
  for (const control of controls) {
    const input = document.querySelector(`input[name="${control.name}"]`);
    for (const button of document.querySelectorAll(".choices button")) {
      if (control.choices.length) button.ariaPressed = String(Number(button.value) === control.value);
    }
    if (!input || control.kind === "entry") continue;
    if (control.kind === "switch") input.checked = Boolean(control.value);
    else {
      if (document.activeElement !== input || !input.matches(":active")) input.value = control.value;
      input.nextElementSibling.textContent = control.text;
    }
  }
}

// The wire

function hear(message) {
  if (message.meter) {
    const { meter } = message;
    for (const name of ["title", "vendor", "model", "serial", "ratings", "number"]) $(name).textContent = meter[name];
    document.title = `${meter.title} · OpenAMI`;
    buttons(meter.buttons);
    keypad(meter.keys);
    return;
  }
  draw(message.picture);
  icons(message.picture);
  leds(message.leds);
  beep(message);
  $("hint").hidden = !message.hint;
  $("hint").querySelector("code").textContent = message.hint;
  module(message.module);
  refresh(message.controls);
  $("clock").textContent = message.clock;
  $("speed").hidden = message.speed === 1;
  $("speed").textContent = `${message.speed}×`;
  const { mode, index, count } = message.picture;
  $("mode").textContent = `Display: ${mode.replaceAll("-", " ")}${count ? ` ${index + 1} of ${count}` : ""} · ${message.conditions.join(", ")}`;
  $("said").textContent = message.said;
}

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
  socket.onopen = () => document.body.classList.remove("lost");
  socket.onmessage = (event) => hear(JSON.parse(event.data));
  socket.onclose = () => { document.body.classList.add("lost"); setTimeout(connect, 1000); };
}

connect();
