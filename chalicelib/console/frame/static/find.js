// The search of every page: / and Ctrl-K go to it, what it finds is listed while one types, arrow keys and Enter choose.
import { showMoments } from "./console.js";

const PAUSE = 120;
const form = document.querySelector("form[data-find]");
const input = form.querySelector("input");
const list = form.querySelector(".find-results");
// Says how many were found. It is on the page from the first look at the box on, to be heard when it changes.
const status = Object.assign(document.createElement("p"), { className: "visually-hidden", role: "status" });
let timer;
let latest;
// What the list was made for, and which of its links Enter opens.
let listed = "";
let chosen = 0;

const links = () => [...list.querySelectorAll("a")];
const typed = () => input.value.trim();
const isCurrent = () => listed !== "" && listed === typed();

// To a screen reader the box is a combobox and what it finds are its options, grouped by their headings.
input.setAttribute("role", "combobox");
input.setAttribute("aria-autocomplete", "list");
input.setAttribute("aria-controls", list.id);
input.setAttribute("aria-expanded", "false");
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", "Found");

function show(open) {
  list.hidden = !open;
  input.setAttribute("aria-expanded", String(open));
  if (!open) input.removeAttribute("aria-activedescendant");
}

// By a key, after which nothing that is still on its way opens the list again.
function close() {
  clearTimeout(timer);
  latest?.abort();
  show(false);
}

// What is listed may be older than what is typed; then Enter does not choose from it.
function tellAge() {
  list.setAttribute("aria-busy", String(!isCurrent()));
}

function choose(index) {
  const all = links();
  chosen = (index + all.length) % all.length;
  all.forEach((link, at) => link.setAttribute("aria-selected", String(at === chosen)));
  input.setAttribute("aria-activedescendant", all[chosen].id);
  all[chosen].scrollIntoView({ block: "nearest" });
}

function fill(page, address) {
  list.replaceChildren(...page.body.childNodes);
  // Its links are told from the page of the results, and this may be another one.
  for (const link of links()) link.href = new URL(link.getAttribute("href"), address);
  tellAge();
  showMoments(list);
  for (const each of list.querySelectorAll("ul, li")) each.setAttribute("role", "presentation");
  for (const section of list.querySelectorAll("section")) {
    const heading = section.querySelector("h2");
    section.setAttribute("role", "group");
    section.setAttribute("aria-label", heading.textContent);
    heading.setAttribute("role", "presentation");
  }
  links().forEach((link, at) => Object.assign(link, { id: `found-${at}`, role: "option", tabIndex: -1 }));
  // Who has left the box meanwhile sees the list when they come back.
  show(document.activeElement === input);
  const count = links().length;
  status.textContent = count ? `${count} found. Arrow keys choose, Enter opens.` : "Nothing found";
  if (count) choose(0);
}

async function search() {
  const sought = typed();
  latest?.abort();
  if (!sought) return show(false);
  latest = new AbortController();
  try {
    const query = new URLSearchParams({ q: sought, part: "results" });
    const response = await fetch(`${form.action}?${query}`, { signal: latest.signal, headers: { Accept: "text/html" } });
    // Somebody whose session has ended is led to the sign-in, which is no list; Enter leads there too.
    if (response.redirected || !response.ok) return show(false);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    listed = sought;
    fill(page, response.url);
  } catch (error) {
    if (error.name !== "AbortError") show(false);
  }
}

function searchSoon() {
  tellAge();
  clearTimeout(timer);
  timer = setTimeout(search, PAUSE);
}

input.addEventListener("input", searchSoon);

input.addEventListener("keydown", (event) => {
  const isOpen = !list.hidden && links().length > 0;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape" && !list.hidden) close();
  else if (event.key === "/" && !input.value) event.preventDefault();
  else if (isOpen && step) choose(chosen + step);
  // If it is older than what is typed, the form asks for it.
  else if (isOpen && event.key === "Enter" && !event.isComposing && isCurrent()) links()[chosen].click();
  else return;
  event.preventDefault();
});

input.addEventListener("focus", () => {
  form.append(status);
  show(isCurrent());
});
form.addEventListener("submit", (event) => {
  if (!typed()) event.preventDefault();
});
form.addEventListener("focusout", (event) => {
  if (form.contains(event.relatedTarget)) return;
  show(false);
  status.remove();
});
// A press of the mouse would take the focus, and so close the list before the click arrives.
list.addEventListener("mousedown", (event) => event.preventDefault());

document.addEventListener("keydown", (event) => {
  const isCommand = (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k";
  const isSlash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey;
  const isTyping = event.target.closest?.("input, select, textarea, [contenteditable]");
  if (!isCommand && !(isSlash && !isTyping)) return;
  event.preventDefault();
  input.focus();
  input.select();
});

// Whoever opens the first page looks for somebody. On a phone a keyboard would cover what they see.
if ("first" in form.dataset && matchMedia("(hover: hover) and (pointer: fine)").matches) {
  input.focus({ preventScroll: true });
}

// On the page of the results, arrow keys go from one to the next.
const results = document.querySelector("[data-results]");
results?.addEventListener("keydown", (event) => {
  const all = [...results.querySelectorAll("a")];
  const next = all.indexOf(document.activeElement) + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] ?? NaN);
  if (!all[next]) return;
  event.preventDefault();
  all[next].focus();
});
if (document.activeElement !== input) results?.querySelector("a")?.focus();

// What was typed before this script was there.
if (document.activeElement === input && input.value !== input.defaultValue) searchSoon();
