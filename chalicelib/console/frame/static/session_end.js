// Warns before the session ends, and lets one stay signed in. Other pages of the same browser keep the session too, so
// they tell each other when it was used last.
import { showMoments } from "./console.js";

const WARN_BEFORE = 5 * 60_000;
// The server notes the use of a session once a minute.
const NOTED_EVERY = 60_000;
const USED = "loans-session-used";

const warning = document.getElementById("session-end");
const idle = Number(warning.dataset.idleMinutes) * 60_000 - NOTED_EVERY;
const atTheLatest = Date.parse(warning.dataset.endsAt);
const stay = warning.querySelector("button");
const time = warning.querySelector("time");

function noteUse() {
  localStorage.setItem(USED, String(Date.now()));
  look();
}

function end() {
  return Math.min(Number(localStorage.getItem(USED)) + idle, atTheLatest);
}

function look() {
  const moment = end();
  const isOver = moment <= Date.now();
  warning.hidden = moment - Date.now() > WARN_BEFORE;
  warning.dataset.over = isOver;
  // It cannot be made longer than the day.
  stay.hidden = isOver || moment === atTheLatest;
  if (warning.hidden || time.dateTime === new Date(moment).toISOString()) return;
  time.dateTime = new Date(moment).toISOString();
  time.dataset.moment = "";
  showMoments(warning);
}

stay.addEventListener("click", async () => {
  const answer = await fetch(warning.dataset.stay, { method: "HEAD", cache: "no-store" });
  if (answer.ok && !answer.redirected) noteUse();
  else warning.dataset.over = true;
});

noteUse();
setInterval(look, 15_000);
addEventListener("storage", look);
document.addEventListener("visibilitychange", look);
