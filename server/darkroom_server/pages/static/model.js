"use strict";
// One Model: its state while it trains, and a picture that it is asked about.

const live = document.getElementById("live");

async function follow() {
  while (document.getElementById("state").dataset.ended === "no") {
    await new Promise((done) => setTimeout(done, 2500));
    if (document.hidden) continue;
    try {
      const text = await (await call(live.dataset.url)).text();
      // The server escapes every text in it, and the page's policy runs no script but its own.
      const found = new DOMParser().parseFromString(text, "text/html").getElementById("state");
      const before = document.getElementById("state").dataset.phase;
      document.getElementById("state").replaceWith(document.adoptNode(found));
      if (found.dataset.phase !== before) document.getElementById("news").textContent = `Now: ${found.dataset.phase}`;
      if (found.dataset.ended === "yes") location.reload();
    } catch (problem) {
      if (problem.status === 401) return;
    }
  }
}
follow();

const tryPart = document.getElementById("try");
if (tryPart) {
  const file = document.getElementById("file"), drop = document.getElementById("drop");
  const said = document.getElementById("said"), picture = document.getElementById("picture");
  const least = document.getElementById("least");
  let answer = null, asked = 0;

  document.getElementById("choose").addEventListener("click", () => file.click());
  file.addEventListener("change", () => { if (file.files.length) ask(file.files[0]); file.value = ""; });
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files.length) ask(event.dataTransfer.files[0]);
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) ask(event.clipboardData.files[0]);
  });
  least.addEventListener("input", show);

  async function ask(chosen) {
    const number = ++asked;
    tell("Asking the model …");
    document.getElementById("answer").hidden = true;
    try {
      const found = await (await call(tryPart.dataset.url, {
        method: "POST", body: chosen, headers: { "Content-Type": "application/octet-stream" },
      })).json();
      if (number !== asked) return;
      answer = found;
      if (picture.src) URL.revokeObjectURL(picture.src);
      picture.src = URL.createObjectURL(chosen);
      least.value = 0;
      document.getElementById("answer").hidden = false;
      show();
      const count = list().length;
      tell(answer.customModelResult.objectsResult ? `${count} ${count === 1 ? "box" : "boxes"} found.` : `Most likely: ${list()[0]?.name ?? "nothing"}.`, "good");
    } catch (problem) {
      if (number === asked) tell(problem.message, "bad");
    }
  }

  function tell(text, tone = "") {
    said.hidden = false;
    said.className = `message ${tone}`;
    said.textContent = text;
  }

  function list() {
    const result = answer.customModelResult;
    const found = result.objectsResult
      ? result.objectsResult.values.map((one) => ({ ...one.tags[0], box: one.boundingBox }))
      : (result.tagsResult?.values ?? []);
    return found.filter((one) => one.confidence >= Number(least.value));
  }

  function show() {
    document.getElementById("least-shown").textContent = `${Math.round(least.value * 100)} %`;
    const { width, height } = answer.metadata, found = list();
    document.getElementById("shown").querySelector("svg")?.remove();
    document.getElementById("shown").append(draw(found.filter((one) => one.box), width, height));
    document.getElementById("found").replaceChildren(...found.map((one) => element("tr", {},
      element("th", { scope: "row" }, element("bdi", {}, one.name)),
      element("td", { class: "n" }, `${(100 * one.confidence).toFixed(1)} %`))));
  }

  function draw(found, width, height) {
    const canvas = element("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
    const size = (13 * width) / document.getElementById("shown").clientWidth;
    for (const { box, name, confidence } of found) {
      const place = { x: box.x, y: box.y, width: box.w, height: box.h };
      canvas.append(element("rect", { ...place, class: "box halo" }), element("rect", { ...place, class: "box guess loud" }));
      // A label that would leave the picture on the right ends where its box does.
      const isLate = box.x > 0.7 * width;
      const at = { x: isLate ? box.x + box.w : box.x + size / 4, y: Math.max(size, box.y - size / 3), "text-anchor": isLate ? "end" : "start" };
      const label = element("text", { ...at, class: "guess" }, `${name} ${Math.round(100 * confidence)} %`);
      label.style.fontSize = `${size}px`;
      label.style.strokeWidth = `${size / 4}px`;
      canvas.append(label);
    }
    return canvas;
  }
}
