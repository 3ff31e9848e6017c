// Keeps the progress of an import up to date until there is nothing more to wait for. If there is more to see than
// numbers (the import is done, its report is there), the page is loaded again.
import { showMoments } from "./console.js";

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 5000;

const place = document.getElementById("progress");
const phaseAtFirst = shown().dataset.phase;
let pause = FIRST_PAUSE;

function shown() {
  return place.firstElementChild;
}

async function look() {
  try {
    const answer = await fetch(place.dataset.watch, { cache: "no-store" });
    if (answer.redirected) return location.reload(); // The session is over; the page leads to the sign-in.
    if (!answer.ok) throw new Error(answer.statusText);
    const words = shown().textContent;
    place.innerHTML = await answer.text();
    showMoments(place);
    if (shown().dataset.phase !== phaseAtFirst) return location.reload();
    pause = words === shown().textContent ? Math.min(pause * 1.3, LONGEST_PAUSE) : FIRST_PAUSE;
  } catch {
    pause = LONGEST_PAUSE; // The network is away, or the service; both come back.
  }
  watch();
}

function watch() {
  if ("moving" in shown().dataset) setTimeout(look, document.hidden ? LONGEST_PAUSE : pause);
}

watch();
