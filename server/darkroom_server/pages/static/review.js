"use strict";
// The review of a Prediction: each picture with its boxes, by mouse, by touch and by the keyboard.

const review = document.getElementById("review"), stage = document.getElementById("stage");
const part = (id) => document.getElementById(id);
const base = review.dataset.url, maySave = review.dataset.maySave === "yes", hasOneTag = review.dataset.oneTag === "yes";
const STEP = 0.01, LEAST = 0.005;
let data = { images: [], tags: [] }, at = 0, selected = -1, drawing = false, saving = false;
const touched = new Set();

const image = () => data.images[at];
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

async function read() { return (await call(`${base}review`)).json(); }

// As large as there is room for: of a tall picture, all is to be seen at once.
part("picture").addEventListener("load", () => {
  stage.style.width = `min(100%, ${(70 * part("picture").naturalWidth) / part("picture").naturalHeight}vh)`;
});

async function start() {
  try {
    data = await read();
  } catch (problem) {
    part("place").textContent = problem.message;
    return;
  }
  part("draw").hidden = !data.hasBoxes;
  const first = data.images.findIndex((one) => one.review === "pending");
  go(Math.max(0, first));
}

function go(number) {
  if (!data.images.length) { part("place").textContent = "There is no picture to review."; return; }
  at = clamp(number, 0, data.images.length - 1);
  selected = -1;
  setDrawing(false);
  part("picture").src = base + image().preview;
  part("picture").alt = image().name.split("/").pop();
  const next = data.images[at + 1];
  if (next) new Image().src = base + next.preview;
  show();
}

function show() {
  const one = image(), unsure = one.uncertainty === null ? "" : `, ${Math.round(100 * one.uncertainty)} % unsure`;
  part("place").replaceChildren(
    element("b", {}, `${at + 1} of ${data.images.length}`), " ", element("bdi", {}, one.name.split("/").pop()),
    element("span", { class: "soft" }, unsure), " ", element("span", { class: `badge ${tone(one.review)}` }, one.review));
  part("accept").setAttribute("aria-pressed", one.review === "accepted");
  part("reject").setAttribute("aria-pressed", one.review === "rejected");
  part("previous").disabled = at === 0;
  part("next").disabled = at === data.images.length - 1;
  showBoxes();
  showLabels();
  showProgress();
}

const tone = (word) => ({ accepted: "good", rejected: "bad" })[word] ?? "";

function showBoxes() {
  stage.querySelectorAll(".mark").forEach((mark) => mark.remove());
  image().labels.forEach((label, number) => {
    if (!label.box) return;
    const mark = element("div", { class: `mark${number === selected ? " selected" : ""}`, role: "button", tabindex: "0", "data-number": number, "aria-label": `Box ${number + 1}: ${label.tag}. Arrows move it, Shift with arrows changes its size.` });
    place(mark, label.box);
    mark.append(element("span", { class: "tag" }, element("bdi", {}, label.tag)));
    for (const corner of ["nw", "ne", "sw", "se"]) mark.append(element("i", { class: `corner ${corner}`, "data-corner": corner }));
    mark.addEventListener("focus", () => select(number));
    stage.append(mark);
  });
}

function place(mark, [left, top, width, height]) {
  mark.classList.toggle("high", top < 0.06);
  Object.assign(mark.style, { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * width}%`, height: `${100 * height}%` });
}

function select(number) {
  if (selected === number) return;
  selected = number;
  stage.querySelectorAll(".mark").forEach((mark) => mark.classList.toggle("selected", Number(mark.dataset.number) === number));
  part("labels").querySelectorAll("li").forEach((item, index) => item.classList.toggle("selected", index === number));
}

function showLabels() {
  const rows = image().labels.map((label, number) => {
    const tags = element("select", { "aria-label": `Tag ${number + 1}` }, ...data.tags.map((tag) => element("option", { value: tag }, tag)));
    tags.value = label.tag;
    tags.addEventListener("change", () => edit(() => retag(label, tags.value)));
    const sure = label.score === null ? "by hand" : `${Math.round(100 * label.score)} %`;
    const gone = element("button", { type: "button", class: "small", "aria-label": `Remove ${label.tag}` }, "Remove");
    gone.addEventListener("click", () => remove(number));
    return element("li", { class: number === selected ? "selected" : "" }, tags, element("span", { class: "soft small" }, sure), gone);
  });
  if (!data.hasBoxes && !(hasOneTag && rows.length)) rows.push(element("li", {}, addTag()));
  if (!rows.length) rows.push(element("li", { class: "soft" }, image().byHand ? "The model is too unsure: label it by hand." : "None."));
  part("labels").replaceChildren(...rows);
}

function addTag() {
  const tags = element("select", { "aria-label": "Add a tag" }, element("option", { value: "" }, "Add a tag …"), ...data.tags.map((tag) => element("option", { value: tag }, tag)));
  tags.addEventListener("change", () => edit(() => image().labels.push({ tag: tags.value, box: null, score: null })));
  return tags;
}

function showProgress() {
  const count = (word) => data.images.filter((one) => one.review === word).length;
  const [accepted, rejected] = [count("accepted"), count("rejected")];
  const more = data.unseen ? ` ${data.unseen} more have no small picture: review them in Label Studio.` : "";
  part("counts").textContent = `${accepted} accepted, ${rejected} rejected, ${data.images.length - accepted - rejected} left.${more}`;
  part("done").value = data.images.length ? (accepted + rejected) / data.images.length : 0;
  part("save").textContent = touched.size ? `Save as labels (${touched.size} changed)` : "Save as labels";
  part("save").disabled = !maySave || saving || touched.size === 0;
}

function edit(change) {
  change();
  touched.add(image().number);
  show();
}

function retag(label, tag) { label.tag = tag; label.score = null; }

function remove(number) {
  edit(() => { image().labels.splice(number, 1); selected = -1; });
  review.focus({ preventScroll: true });
}

function judge(word) {
  edit(() => { image().review = word; });
  if (word !== "pending" && at < data.images.length - 1) go(at + 1);
}

function add(box) {
  const before = image().labels[selected]?.tag ?? image().labels.at(-1)?.tag ?? data.tags[0];
  edit(() => { image().labels.push({ tag: before, box, score: null }); selected = image().labels.length - 1; });
  stage.querySelector(`[data-number="${selected}"]`).focus({ preventScroll: true });
}

function move(label, [left, top, width, height]) {
  width = clamp(width, LEAST, 1);
  height = clamp(height, LEAST, 1);
  label.box = [clamp(left, 0, 1 - width), clamp(top, 0, 1 - height), width, height];
  label.score = null;
  touched.add(image().number);
}

// By the keyboard.
review.addEventListener("keydown", (event) => {
  if (event.target.matches("select, input, summary") || event.altKey) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() !== "s") return;
  const label = event.target.classList.contains("mark") ? image().labels[selected] : null;
  const nudge = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
  const keys = {
    a: () => judge("accepted"), r: () => judge("rejected"), u: () => judge("pending"),
    j: () => go(at + 1), k: () => go(at - 1), s: save,
    n: () => data.hasBoxes && add([0.35, 0.35, 0.3, 0.3]),
  };
  if (label && nudge) {
    const [left, top, width, height] = label.box, number = selected;
    move(label, event.shiftKey ? [left, top, clamp(width + nudge[0], LEAST, 1 - left), clamp(height + nudge[1], LEAST, 1 - top)] : [left + nudge[0], top + nudge[1], width, height]);
    show();
    stage.querySelector(`[data-number="${number}"]`).focus({ preventScroll: true });
  } else if (label && (event.key === "Delete" || event.key === "Backspace")) {
    remove(selected);
  } else if (/^[1-9]$/.test(event.key) && data.tags[event.key - 1]) {
    const number = selected;
    if (label) edit(() => retag(label, data.tags[event.key - 1]));
    if (label) stage.querySelector(`[data-number="${number}"]`).focus({ preventScroll: true });
  } else if (keys[event.key.toLowerCase()]) {
    keys[event.key.toLowerCase()]();
  } else {
    return;
  }
  event.preventDefault();
});

// By mouse and touch.
let drag = null;

stage.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  const mark = event.target.closest(".mark"), [x, y] = locate(event);
  if (mark && !drawing) {
    const number = Number(mark.dataset.number);
    mark.focus({ preventScroll: true });
    select(number);
    drag = { mark, label: image().labels[number], from: [x, y], box: image().labels[number].box, corner: event.target.dataset.corner };
  } else if (data.hasBoxes && (drawing || event.pointerType === "mouse")) {
    const mark = element("div", { class: "mark drawn" });
    stage.append(mark);
    drag = { mark, from: [x, y], box: [x, y, 0, 0], corner: "new" };
  } else {
    return;
  }
  stage.setPointerCapture(event.pointerId);
  event.preventDefault();
});

stage.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const [x, y] = locate(event), [left, top, width, height] = drag.box;
  const dx = x - drag.from[0], dy = y - drag.from[1];
  if (!drag.corner) drag.now = [left + dx, top + dy, width, height];
  else if (drag.corner === "new") drag.now = span(drag.from, [x, y]);
  else drag.now = span(
    [drag.corner.endsWith("w") ? left + width : left, drag.corner.startsWith("n") ? top + height : top],
    [drag.corner.endsWith("w") ? left + dx : left + width + dx, drag.corner.startsWith("n") ? top + dy : top + height + dy]);
  const [nowLeft, nowTop, nowWidth, nowHeight] = drag.now;
  drag.now = [clamp(nowLeft, 0, 1 - nowWidth), clamp(nowTop, 0, 1 - nowHeight), nowWidth, nowHeight];
  place(drag.mark, drag.now);
});

for (const kind of ["pointerup", "pointercancel"]) stage.addEventListener(kind, (event) => {
  if (!drag) return;
  const { mark, label, now, corner } = drag, number = selected;
  drag = null;
  if (corner === "new") {
    mark.remove();
    if (kind === "pointerup" && now && now[2] > LEAST && now[3] > LEAST) { setDrawing(false); add(now); }
  } else if (kind === "pointerup" && now) {
    move(label, now);
    show();
    stage.querySelector(`[data-number="${number}"]`).focus({ preventScroll: true });
  } else {
    place(mark, label.box);
  }
});

function locate(event) {
  const edge = stage.getBoundingClientRect();
  return [clamp((event.clientX - edge.left) / edge.width, 0, 1), clamp((event.clientY - edge.top) / edge.height, 0, 1)];
}

function span([x1, y1], [x2, y2]) {
  const [left, top] = [clamp(Math.min(x1, x2), 0, 1), clamp(Math.min(y1, y2), 0, 1)];
  return [left, top, Math.min(1, Math.max(x1, x2)) - left, Math.min(1, Math.max(y1, y2)) - top];
}

function setDrawing(is) {
  drawing = is;
  stage.classList.toggle("drawing", is);
  part("draw").setAttribute("aria-pressed", is);
}

// Saving: over what was read only. Where somebody else was faster, theirs are read again, and ours stay on top.
async function save() {
  if (!maySave || saving || !touched.size) return;
  saving = true;
  showProgress();
  const sent = data.images.filter((one) => touched.has(one.number));
  const images = sent.map(({ number, review, labels }) => ({ number, review, labels: labels.map(({ tag, box }) => ({ tag, box })) }));
  const was = new Map(sent.map((one) => [one.number, JSON.stringify([one.review, one.labels])]));
  try {
    const answer = await call(`${base}review`, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ version: data.version, images }) });
    data.version = (await answer.json()).version;
    // What was changed while it was being saved is not saved yet.
    for (const one of sent) if (was.get(one.number) === JSON.stringify([one.review, one.labels])) touched.delete(one.number);
    tell("Saved.", "good");
  } catch (problem) {
    tell(problem.message, "bad");
    if (problem.status === 409) await takeTheirs();
  }
  saving = false;
  show();
}

async function takeTheirs() {
  try {
    const theirs = await read();
    const mine = new Map(data.images.filter((one) => touched.has(one.number)).map((one) => [one.number, one]));
    data = { ...theirs, images: theirs.images.map((one) => mine.get(one.number) ?? one) };
  } catch (problem) {
    tell(problem.message, "bad");
  }
}

function tell(text, kind) {
  part("said").hidden = false;
  part("said").className = `message ${kind}`;
  part("said").textContent = text;
}

part("accept").addEventListener("click", () => judge("accepted"));
part("reject").addEventListener("click", () => judge("rejected"));
part("previous").addEventListener("click", () => go(at - 1));
part("next").addEventListener("click", () => go(at + 1));
part("draw").addEventListener("click", () => setDrawing(!drawing));
part("save").addEventListener("click", save);
addEventListener("beforeunload", (event) => { if (touched.size) event.preventDefault(); });
start();
