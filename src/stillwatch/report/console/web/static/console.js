"use strict";
// Keys, copying, and nothing that a page needs to work.

const KEYS = "stillwatch-keys";
const on = () => localStorage.getItem(KEYS) !== "off";
const say = (words) => { document.getElementById("said").textContent = words; };
const writing = (element) => element.matches("input:not([type=checkbox]), textarea, select");

function shown(element) {
  return element.getClientRects().length > 0;
}

// A decision's button: the key chooses, Ctrl+Enter sends, so that no single key decides a case.
function choose(button) {
  const form = button.form;
  for (const other of form.querySelectorAll("[data-chosen]")) delete other.dataset.chosen;
  button.dataset.chosen = "";
  const empty = [...form.querySelectorAll("textarea[required], input[required]")].find((one) => !one.value.trim());
  (empty ?? button).focus();
  say(`${button.textContent.trim()} is chosen; Control Enter sends it`);
}

function press(element) {
  if (element.matches("button") && element.form?.hasAttribute("data-decide")) choose(element);
  else if (element.matches("button, a, summary")) element.click();
  else element.focus();
}

function step(by) {
  const rows = [...document.querySelectorAll("table[data-rows] tbody tr:has(a)")];
  if (!rows.length) return false;
  const at = rows.findIndex((row) => row.hasAttribute("data-at"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
  rows.forEach((row) => row.removeAttribute("data-at"));
  next.setAttribute("data-at", "");
  next.querySelector("a").focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

document.addEventListener("keydown", (event) => {
  const target = event.target;
  if (event.key === "Escape" && writing(target)) { target.blur(); return; }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = target.closest("form[data-decide]") ?? document.querySelector("form[data-decide]:has([data-chosen])");
    const button = form?.querySelector("[data-chosen]");
    if (button) { event.preventDefault(); form.requestSubmit(button); }
    else if (form) { event.preventDefault(); say("Nothing is chosen yet"); }
    return;
  }
  if (!on() || event.ctrlKey || event.metaKey || event.altKey || writing(target)) return;
  if (event.key === "j" || event.key === "k") {
    if (step(event.key === "j" ? 1 : -1)) { event.preventDefault(); return; }
  }
  const found = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === event.key && (shown(one) || one.closest("details")));
  if (!found) return;
  event.preventDefault();
  const folded = found.closest("details");
  if (folded && !found.matches("summary")) folded.open = true;
  press(found);
});

// Enter in a decision's field would send its first button, whatever was meant.
document.addEventListener("keypress", (event) => {
  if (event.key === "Enter" && event.target.matches("form[data-decide] input")) event.preventDefault();
});

// A button says what is sent; what it does not need may stay empty.
document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (!copy) return;
  const rows = [...document.getElementById(copy.dataset.copy).rows];
  const cell = (one) => {
    const text = one.innerText.replace(/\s+/g, " ").trim();
    return /^[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(text) && !/^-?[\d.,]+$/.test(text) ? `'${text}` : text;
  };
  const text = rows.map((row) => [...row.cells].map(cell).join("\t")).join("\n");
  try {
    await navigator.clipboard.writeText(text);
    say(`${rows.length - 1} rows are copied`);
  } catch {
    say("The browser did not allow copying");
  }
});

function keys() {
  document.documentElement.classList.toggle("keyless", !on());
  const box = document.getElementById("keys-on");
  if (!box) return;
  box.checked = on();
  box.addEventListener("change", () => { localStorage.setItem(KEYS, box.checked ? "on" : "off"); keys(); }, { once: true });
}
keys();
