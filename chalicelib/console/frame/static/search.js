// Searches while one types: fetches the list that the form would lead to, without the page around it.
import { showMoments } from "./console.js";

const PAUSE = 180;

for (const form of document.querySelectorAll("form[data-search]")) {
  const list = document.getElementById(form.dataset.search);
  const status = document.getElementById(`${form.dataset.search}-status`);
  let timer;
  let latest;

  const search = async () => {
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
    const address = `?${query}`;
    query.set("part", "rows");
    latest?.abort();
    latest = new AbortController();
    try {
      const response = await fetch(`?${query}`, { signal: latest.signal, headers: { Accept: "text/html" } });
      // Somebody whose session has ended is led to the sign-in, which is no list.
      if (response.redirected) return location.reload();
      if (!response.ok) return;
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      list.replaceChildren(...page.body.childNodes);
      showMoments(list);
      status.textContent = list.querySelector("[data-said]")?.dataset.said ?? "";
      history.replaceState(null, "", address);
    } catch (error) {
      if (error.name !== "AbortError") status.textContent = "The search failed. Press Enter to try again.";
    }
  };

  const searchSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE);
  };

  form.addEventListener("input", searchSoon);
  // What was typed before this script was there.
  if ([...form.querySelectorAll("input")].some((input) => input.value !== input.defaultValue)) searchSoon();
}
