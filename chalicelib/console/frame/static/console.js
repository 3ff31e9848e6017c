// Shows the moments of the page in the viewer's own time zone, in the date format of the lender's locale.
const locale = document.documentElement.dataset.locale;
const format = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" });
// In the two lines of a row on a phone there is room for a day beside a name and an amount, and none for a time.
const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const isPhone = matchMedia("(max-width: 820px)").matches;

export function showMoments(within) {
  for (const time of within.querySelectorAll("time[data-moment]")) {
    const moment = new Date(time.dateTime);
    time.textContent = (isPhone && time.closest("table.leads .p-line") ? day : format).format(moment);
    time.title = exact.format(moment);
  }
}

showMoments(document);

// Whoever sent a form that is not right goes on at the first thing that is wrong with it.
document.querySelector("main [aria-invalid=true]")?.focus();

// Groups the digits of an amount that was typed without, as the page shows it; only where commas do so, because the
// server reads a point as that of the decimals.
for (const input of document.querySelectorAll("input[data-amount]")) {
  input.addEventListener("change", () => {
    const typed = /^(\d+)(\.\d{1,2})?$/.exec(input.value.trim());
    if (!typed) return;
    const [, whole, decimals = ""] = typed;
    const grouped = new Intl.NumberFormat(locale).format(BigInt(whole));
    if (grouped.replaceAll(",", "") === whole) input.value = grouped + decimals;
  });
}

// The sections behind More close as a menu does.
const more = document.querySelector(".more-sections");
document.addEventListener("click", (event) => {
  if (more?.open && !more.contains(event.target)) more.open = false;
});
more?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !more.open) return;
  more.open = false;
  more.querySelector("summary").focus();
});

// What scrolls sideways must be reachable with the keyboard; what does not scroll would only be one more stop.
const widths = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});

for (const scroller of document.querySelectorAll(".scroll")) widths.observe(scroller);
