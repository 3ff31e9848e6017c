// Prints the page. The button appears only if there is a script to do it; the browser's own menu does the same.
for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
