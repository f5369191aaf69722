// Comfort on top of pages that work without it: copy buttons, times in the reader's zone, the box that enables a
// button, parts that refresh themselves, menus that close.
"use strict";

const zone = { hour: "2-digit", minute: "2-digit", hour12: false };
const day = new Intl.DateTimeFormat("en-GB", { ...zone, day: "numeric", month: "short", year: "numeric" });
const clock = new Intl.DateTimeFormat("en-GB", { ...zone, second: "2-digit", fractionalSecondDigits: 3 });

function enhance(root) {
  for (const time of root.querySelectorAll("time[data-local]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.textContent = (time.dataset.local === "clock" ? clock : day).format(at);
  }
  for (const box of root.querySelectorAll("[data-enables]")) follow(box);
  for (const part of root.querySelectorAll("[data-refresh]")) keepFresh(part);
}

function follow(box) {
  const button = document.getElementById(box.dataset.enables);
  if (button) button.disabled = !box.checked;
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!source) return;
  const text = "value" in source ? source.value : source.textContent.trim();
  let done = false;
  try {
    await navigator.clipboard.writeText(text);
    done = true;
  } catch {
    // Without https there is no clipboard: select the value and use the old command.
    getSelection().selectAllChildren(source);
    done = document.execCommand("copy");
  }
  const word = button.querySelector(".copy-word");
  if (!word) return;
  word.setAttribute("role", "status");
  word.textContent = done ? "Copied" : "Ctrl+C";
  setTimeout(() => { word.textContent = "Copy"; }, 2000);
}

function keepFresh(part) {
  if (part.dataset.refreshing) return;
  part.dataset.refreshing = "yes";
  const pause = Math.max(1, Number(part.dataset.every) || 2) * 1000;
  let last = null;
  let failures = 0;
  const again = () => setTimeout(tick, pause * Math.min(8, 2 ** failures));

  async function tick() {
    if (!part.isConnected) return;
    if (document.hidden) {
      again();
      return;
    }
    try {
      const answer = await fetch(part.dataset.refresh, { credentials: "same-origin", cache: "no-store", headers: { accept: "text/html" } });
      if (answer.redirected || answer.status === 401) {
        location.reload();
        return;
      }
      if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) return;
      if (answer.ok) {
        failures = 0;
        const text = await answer.text();
        if (text !== last && !typing(part)) {
          last = text;
          part.innerHTML = text;
          enhance(part);
        }
      } else {
        failures += 1;
      }
    } catch {
      failures += 1;
    }
    const onward = part.querySelector("[data-refresh-go]");
    if (onward) {
      const target = new URL(onward.dataset.refreshGo, location.href);
      if (target.origin === location.origin) location.assign(target);
      return;
    }
    if (!part.querySelector("[data-refresh-stop]")) again();
  }

  again();
}

function typing(part) {
  const active = document.activeElement;
  return part.contains(active) && active.matches("input, textarea, select");
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(except)) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  closeMenus(event.target);
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});
document.addEventListener("change", (event) => {
  if (event.target.dataset.enables) follow(event.target);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement.closest("details.menu[open]");
  closeMenus(null);
  if (menu) menu.querySelector("summary").focus();
});
// The back button restores ticked boxes after the page was enhanced.
window.addEventListener("pageshow", () => {
  for (const box of document.querySelectorAll("[data-enables]")) follow(box);
});

enhance(document);
document.getElementById("error-summary")?.focus();
