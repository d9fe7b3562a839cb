"use strict";
// Copy buttons, and the few calls that several screens make. Text becomes text, never markup.

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const source = document.getElementById(button.dataset.copies);
  const text = "value" in source ? source.value : source.textContent;
  try {
    await navigator.clipboard.writeText(text);
    say(button, "Copied");
  } catch {
    getSelection().selectAllChildren(source);
    say(button, "Selected: press Ctrl C");
  }
});

function say(button, text) {
  const label = button.firstChild;
  const before = button.dataset.label ?? (button.dataset.label = label.textContent);
  label.textContent = text;
  setTimeout(() => { label.textContent = before; }, 2000);
}

// Returns what a call answers; an Error has the server's own words, and the status.
async function call(url, options) {
  let answer;
  try {
    answer = await fetch(url, { ...options, redirect: "error" });
  } catch {
    throw Object.assign(new Error("The server does not answer. Check the connection and try again."), { status: 0 });
  }
  if (answer.ok) return answer;
  let said = `The server answered ${answer.status}.`;
  if (answer.status === 401) said = "You are no longer signed in. Sign in again in another tab, then try again.";
  else try { said = (await answer.json()).error.message; } catch { /* not ours: a proxy's page */ }
  throw Object.assign(new Error(said), { status: answer.status });
}

function element(name, attributes = {}, ...children) {
  const space = ["svg", "rect", "text", "g", "circle"].includes(name) ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml";
  const made = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
