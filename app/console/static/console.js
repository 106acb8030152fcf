// What pages gain with script: they work without it. No text stands here: what is said comes from the server.
"use strict";

const root = document.documentElement;
root.classList.add("scripted");

const closest = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null);

// --- Forms: sent once, busy while they are on their way, and idle again when the page comes back from the past.

function setBusy(form, busy) {
  for (const button of form.querySelectorAll("button[type=submit]")) {
    if (busy) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
    const words = button.querySelector(".busy");
    if (words) {
      words.hidden = !busy;
      words.previousElementSibling.hidden = busy;
    }
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  delete form.dataset.changed;
  if (form.method !== "post" || form.matches("[hx-post]") || event.submitter?.matches("[hx-post]")) return;
  form.dataset.sent = "1";
  setBusy(form, true);
});

addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    setBusy(form, false);
  }
});

// --- What was typed is not left without a question: forms that hold a record say so by data-guard.

document.addEventListener("input", (event) => {
  const form = closest(event, "form[data-guard]");
  if (form) form.dataset.changed = "1";
});

addEventListener("beforeunload", (event) => {
  if (document.querySelector("form[data-changed]:not([data-sent])")) event.preventDefault();
});

// --- Focus: a part that came in place of another may ask for it; a summary leads to its fields.

// What had the focus as the page came is not given it again: somebody types elsewhere by then.
for (const first of document.querySelectorAll("[autofocus]")) first.dataset.focused = "1";

document.addEventListener("htmx:after:swap", () => {
  const wanted = document.querySelector("main [autofocus]:not([data-focused])");
  if (wanted) {
    wanted.dataset.focused = "1";
    wanted.focus();
  }
});

document.addEventListener("click", (event) => {
  const link = closest(event, ".note a[href^='#']");
  const field = link && document.getElementById(link.hash.slice(1));
  if (!field) return;
  event.preventDefault();
  field.focus({ preventScroll: true });
  field.scrollIntoView({ block: "center" });
});

// --- Buttons that fill a field, and boxes that tick all rows.

document.addEventListener("click", (event) => {
  const button = closest(event, "[data-fill]");
  if (!button) return;
  const field = document.getElementById(button.dataset.for);
  field.value = button.dataset.fill;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
  field.focus();
});

function boxesOf(form) {
  return [...(form?.querySelectorAll("tbody input[type=checkbox][name]:not(:disabled)") ?? [])];
}

function countTicked(form) {
  const boxes = boxesOf(form);
  const ticked = boxes.filter((box) => box.checked).length;
  for (const output of document.querySelectorAll(`[data-ticked="${CSS.escape(form.id)}"]`)) output.value = ticked;
  for (const all of document.querySelectorAll(`[data-tick-all="${CSS.escape(form.id)}"]`)) {
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  }
}

document.addEventListener("change", (event) => {
  const all = closest(event, "[data-tick-all]");
  if (all) for (const box of boxesOf(document.getElementById(all.dataset.tickAll))) box.checked = all.checked;
  const form = all ? document.getElementById(all.dataset.tickAll) : closest(event, "form[id]");
  if (form) countTicked(form);
});

// --- Who is ticked on a sheet survives a reload; a page that knows better says so by data-known. Ids of ours, no names.

for (const form of document.querySelectorAll("form[data-keep]")) {
  const place = `ticked ${form.dataset.keep}`;
  const keep = () =>
    sessionStorage.setItem(place, JSON.stringify(boxesOf(form).filter((box) => box.checked).map((box) => box.value)));
  const kept = JSON.parse(sessionStorage.getItem(place) ?? "[]");
  if ("known" in form.dataset) keep();
  else for (const box of boxesOf(form)) box.checked = kept.includes(box.value);
  countTicked(form);
  document.addEventListener("change", keep);
}

// --- Rows to fix: Enter in a cell checks its row; once that has come back, the next fault has the focus.

document.addEventListener("keydown", (event) => {
  const row = event.key === "Enter" && !event.isComposing && closest(event, "tbody[data-row] input")?.closest("tbody");
  const check = row && row.querySelector("button[hx-post]");
  if (!check) return;
  event.preventDefault();
  if (!event.target.readOnly) check.click();
});

// What is typed while a row is under way would be lost with the row that is replaced.
const holdRow = (row, held) => row?.querySelectorAll("input").forEach((field) => (field.readOnly = held));
const letGo = (event) => holdRow(closest(event, "tbody[data-row]"), false);
document.addEventListener("click", (event) => holdRow(closest(event, "tbody[data-row] button[hx-post]")?.closest("tbody"), true));
for (const kind of ["htmx:error", "htmx:after:request"]) document.addEventListener(kind, letGo);

document.addEventListener("htmx:after:swap", () => {
  const row = document.querySelector("tbody[data-checked]");
  if (!row) return;
  row.removeAttribute("data-checked");
  // Somebody types in another row by now.
  if (document.activeElement !== document.body && !row.contains(document.activeElement)) return;
  const isNext = (field) => row.contains(field) || row.compareDocumentPosition(field) & Node.DOCUMENT_POSITION_FOLLOWING;
  const faults = [...document.querySelectorAll("tbody[data-row] [aria-invalid=true]")];
  (faults.find(isNext) ?? faults[0] ?? row.querySelector("button[hx-post]")).focus();
});

// --- Files are dropped on their field, or anywhere on a page that has but one.

function dropOf(event) {
  const drops = document.querySelectorAll("[data-drop]");
  return closest(event, "[data-drop]") ?? (drops.length === 1 ? drops[0] : null);
}

for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const drop = dropOf(event);
    if (!drop || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    const field = drop.querySelector("input[type=file]");
    if (kind !== "drop" || !event.dataTransfer.files.length) return;
    field.files = event.dataTransfer.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    field.focus();
  });
}

// --- Escape and a click elsewhere close what was opened.

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && (closest(event, "details.menu[open]") ?? document.querySelector("details.menu[open]"));
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

// --- A page that is made for paper is printed by a button; the browser's own menu does the same.

document.addEventListener("click", (event) => {
  if (closest(event, "[data-print]")) print();
});

// --- A question that got no answer: what was typed stays, and the page says so.

document.addEventListener("htmx:error", (event) => {
  const template = document.getElementById("lost-connection");
  if (!template || event.detail?.ctx?.response || document.querySelector("main > .note.lost")) return;
  const note = template.content.firstElementChild.cloneNode(true);
  note.classList.add("lost");
  document.getElementById("main").prepend(note);
});

document.addEventListener("htmx:after:request", () => document.querySelector("main > .note.lost")?.remove());
