// Shows what a form would do while one types: sends it as the Preview button would, for the part of the page alone.
import { showMoments } from "./console.js";

const PAUSE = 250;

for (const form of document.querySelectorAll("form[data-preview]")) {
  const place = document.getElementById(form.dataset.preview);
  let timer;
  let latest;

  // The first button is pressed by Enter, which is to record now.
  for (const button of form.querySelectorAll("[data-only-without-script]")) button.remove();

  const look = async () => {
    const fields = new URLSearchParams(new FormData(form));
    fields.set("part", "preview");
    latest?.abort();
    latest = new AbortController();
    try {
      const response = await fetch(form.action, { method: "POST", body: fields, signal: latest.signal });
      // Somebody whose session has ended is led to the sign-in, which is no preview; what is typed stays.
      if (response.redirected || !response.ok) return;
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      place.replaceChildren(...page.body.childNodes);
      showMoments(place);
    } catch (error) {
      if (error.name !== "AbortError") place.textContent = "The preview failed. It comes with the next letter you type.";
    }
  };

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  });
  look();
}
