// Copies a field to the clipboard. The button appears only if a script may do that. An address is made whole before: only
// the browser knows what comes before ours.
for (const field of document.querySelectorAll("input[data-address]")) field.value = new URL(field.value, location);

for (const button of document.querySelectorAll("button[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  field.addEventListener("focus", () => field.select());
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(field.value);
    const words = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = words), 2000);
  });
}
