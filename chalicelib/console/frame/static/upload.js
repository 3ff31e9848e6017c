// Sends a workbook that was dropped or chosen straight to S3, by the form that the import's page has for it. Without
// this script the same two forms are sent by hand, one after the other.
const start = document.getElementById("start");
const drop = document.getElementById("drop");
const input = document.getElementById("file");
const sending = document.getElementById("sending");
const bar = document.getElementById("sending-bar");
const words = document.getElementById("sending-words");
const wrong = document.getElementById("sending-wrong");
const locale = document.documentElement.dataset.locale;
const percent = new Intl.NumberFormat(locale, { style: "percent" });
const megabytes = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

const UNREACHABLE = "The connection was interrupted, so the file was not sent. Please try again.";

class Refused extends Error {}

async function send(file) {
  wrong.hidden = true;
  drop.hidden = true;
  sending.hidden = false;
  document.getElementById("sending-name").textContent = file.name;
  words.textContent = "Getting ready";
  bar.value = 0;
  try {
    check(file);
    const page = await begin(file);
    await post(page.form, file);
    words.textContent = "Sent";
    location.href = page.address;
  } catch (error) {
    refuse(error instanceof Refused ? error.message : UNREACHABLE);
  }
}

function check(file) {
  if (file.size === 0) throw new Refused("The file is empty.");
  if (file.size > Number(drop.dataset.maxBytes)) throw new Refused("The file is too large. Split it into smaller files.");
}

// Has the import noted under the name of the file; what comes back is its page, with the form for S3.
async function begin(file) {
  const fields = new URLSearchParams(new FormData(start));
  fields.set("file_name", file.name);
  fields.set("by", "script");
  const answer = await fetch(start.action, { method: "POST", body: fields });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const form = page.querySelector("form[data-upload]");
  if (!form) {
    if (answer.redirected) location.href = answer.url; // The session is over; it leads to the sign-in.
    const said = [".field-wrong", ".notice.bad", ".failure .lead"].map((place) => page.querySelector(place)?.textContent);
    throw new Refused(said.find(Boolean) ?? UNREACHABLE);
  }
  const address = new URL(answer.url);
  address.search = "?sent=yes";
  return { form, address };
}

function post(form, file) {
  const fields = new FormData(form);
  fields.delete("file");
  fields.append("file", file); // S3 wants it last.
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) show(event.loaded, event.total);
    });
    request.addEventListener("load", () => (request.status < 300 ? resolve() : reject(new Refused(reasonOf(request)))));
    request.addEventListener("error", () => reject(new Error()));
    request.open("POST", form.getAttribute("action"));
    request.send(fields);
  });
}

function show(loaded, total) {
  bar.value = (100 * loaded) / total;
  words.textContent = `${percent.format(loaded / total)} of ${megabytes.format(total / 2 ** 20)} MB`;
}

function reasonOf(request) {
  const said = request.responseXML?.querySelector("Message")?.textContent;
  return `The file was not accepted${said ? `: ${said}` : ". Please try again."}`;
}

function refuse(sentence) {
  sending.hidden = true;
  drop.hidden = false;
  wrong.textContent = sentence.trim();
  wrong.hidden = false;
  input.value = "";
}

start.hidden = true;
drop.hidden = false;
input.addEventListener("change", () => input.files.length && send(input.files[0]));
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length > 1) return refuse("Please drop one file at a time.");
  if (event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
});
// A file that is dropped beside the field would replace the page.
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
