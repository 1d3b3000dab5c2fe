// <relative-time datetime [data-due] [data-warn]>: "41 min", kept true. Past data-warn and data-due the chip around it
// takes the tone and, so that colour is not alone, the words of data-late.

const language = document.documentElement.lang || "en";
const unit = (name, display = "short") => new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: display });
const minutes = unit("minute");
const hours = unit("hour");
const days = unit("day", "long");

const inWords = (seconds) => {
  if (seconds >= 2 * 86400) return days.format(Math.floor(seconds / 86400));
  const whole = Math.max(1, Math.floor(seconds / 60));
  if (whole < 60) return tidy(minutes.format(whole));
  const h = Math.floor(whole / 60);
  const m = whole % 60;
  return tidy(m && h < 10 ? `${hours.format(h)} ${minutes.format(m)}` : hours.format(h));
};
const tidy = (text) => text.replace(/\bhrs?\b/g, "h").replace(/시간 (?=\d)/, "시간 ");

const shown = new Set();
let ticking = 0;

class RelativeTime extends HTMLElement {
  connectedCallback() {
    shown.add(this);
    this.update();
    ticking ||= setInterval(() => document.hidden || shown.forEach((one) => one.update()), 15_000);
  }

  disconnectedCallback() {
    shown.delete(this);
  }

  update() {
    const now = Date.now();
    const words = inWords((now - Date.parse(this.getAttribute("datetime"))) / 1000);
    if (this.textContent !== words) this.textContent = words;
    const { due, warn } = this.dataset;
    if (!due && !warn) return;
    const isLate = due && now > Date.parse(due);
    const chip = this.closest(".chip");
    chip?.classList.toggle("bad", Boolean(isLate));
    chip?.classList.toggle("warn", Boolean(!isLate && warn && now > Date.parse(warn)));
    chip?.querySelectorAll("[data-when]").forEach((part) => (part.hidden = (part.dataset.when === "late") !== Boolean(isLate)));
  }
}

document.addEventListener("visibilitychange", () => document.hidden || shown.forEach((one) => one.update()));
customElements.define("relative-time", RelativeTime);
