// <key-map>: the keys. Single letters act only while nothing is being typed and can be switched off in the dialog;
// while a syllable is being composed no key does anything, so that Korean input never sends or leaves a field.

const OFF = "dangol-keys-off";
const isComposing = (event) => event.isComposing || event.keyCode === 229;
const isTyping = (target) => target.closest?.("input:not([type=checkbox], [type=radio], [type=submit], [type=button]), textarea, select, [contenteditable]");
// With a Korean keyboard the key "j" says "ㅓ".
const plain = ({ key, code }) => (/^[ㄱ-ㅎㅏ-ㅣ]$/.test(key) ? code.slice(-1).toLowerCase() : key.length === 1 ? key.toLowerCase() : key);
const isShown = (element) => element && element.checkVisibility?.() !== false;

class KeyMap extends HTMLElement {
  #prefix = "";

  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    document.addEventListener("keydown", this.#press);
    document.addEventListener("click", this.#click);
    document.querySelectorAll("[data-keys]").forEach((button) => (button.hidden = false));
    const toggle = this.querySelector("[data-keys-on]");
    if (toggle) {
      toggle.checked = !this.#isOff();
      toggle.addEventListener("change", () => (toggle.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
    }
  }

  #isOff() {
    try {
      return localStorage.getItem(OFF) === "1";
    } catch {
      return false;
    }
  }

  #click = (event) => {
    if (event.target.closest("[data-keys]")) this.#show();
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  };

  #press = (event) => {
    const isSend = event.key === "Enter" && (event.ctrlKey || event.metaKey);
    if (isComposing(event)) return isSend && this.#sendAfter(event);
    if (event.defaultPrevented) return;
    if (event.key === "Escape") return this.#escape(event);
    if (isSend) return this.#send(event);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const menu = event.target.closest?.("details.menu[open]");
    if (menu && (event.key === "ArrowDown" || event.key === "ArrowUp")) return this.#walk(event, menu);
    if (isTyping(event.target) || this.dialog.open || this.#isOff()) return;
    const isInList = Boolean(event.target.closest?.(".list"));
    const key = plain(event);
    const act = this.#prefix === "g" ? this.#places[key] : this.#acts[isInList && this.#arrows[key] ? this.#arrows[key] : key];
    this.#prefix = key === "g" && !this.#prefix ? "g" : "";
    if (this.#prefix) setTimeout(() => (this.#prefix = ""), 1500);
    if (act && act(event) !== false) event.preventDefault();
  };

  #arrows = { ArrowDown: "j", ArrowUp: "k" };

  #places = { i: () => location.assign("/inbox/"), t: () => location.assign("/") };

  #acts = {
    j: () => this.#step(1),
    k: () => this.#step(-1),
    r: () => this.#write("reply"),
    n: () => this.#write("note"),
    a: () => this.#open("assign"),
    z: () => this.#open("later"),
    e: () => this.#submit("[data-key-e]"),
    u: () => this.#follow(".thread .back"),
    "/": () => this.#find(),
    "?": () => this.#show(),
  };

  #step(by) {
    const items = [...document.querySelectorAll(".item, [data-step]")].filter(isShown);
    if (!items.length) return false;
    const here = items.findIndex((item) => item === document.activeElement);
    const current = here < 0 ? items.findIndex((item) => item.ariaCurrent) : here;
    const next = items[Math.max(0, Math.min(items.length - 1, current < 0 ? 0 : current + by))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  #write(mode) {
    const form = document.querySelector("form.compose");
    if (!form) return this.#follow("#to-answer");
    const choice = form.querySelector(`input[name=mode][value=${mode}]`);
    if (choice && !choice.checked) choice.click();
    const area = form.elements.text;
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
    return true;
  }

  #open(id) {
    const menu = document.getElementById(id);
    if (!isShown(menu)) return false;
    menu.open = true;
    menu.querySelector(".choice, input:not([type=hidden]), select")?.focus();
    return true;
  }

  #walk(event, menu) {
    if (event.target.matches("select, input:not([type=radio])")) return;
    const choices = [...menu.querySelectorAll(".choice")].filter(isShown);
    const next = choices.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    choices[(next + choices.length) % choices.length]?.focus();
    event.preventDefault();
  }

  #submit(selector) {
    const button = document.querySelector(selector);
    if (!isShown(button)) return false;
    button.click();
    return true;
  }

  #follow(selector) {
    const link = document.querySelector(selector);
    if (!isShown(link)) return false;
    link.click();
    return true;
  }

  #find() {
    const field = [...document.querySelectorAll("input[type=search]")].find(isShown);
    if (!field) return this.#follow("#rail-search");
    field.focus();
    field.select();
    return true;
  }

  #send(event) {
    const form = event.target.closest?.("form.compose, form[data-send]");
    if (!form) return;
    event.preventDefault();
    const button = [...form.querySelectorAll("button:not([type=button])")].filter(isShown).find((one) => one.matches(".primary"));
    if (form.dataset.sending) return;
    form.dataset.sending = "1";
    setTimeout(() => delete form.dataset.sending, 1000);
    button?.click();
  }

  // Pressed in the middle of a syllable: it is sent when the syllable is whole, without a second press.
  #sendAfter(event) {
    const { target } = event;
    const finish = () => setTimeout(() => this.#send({ target, preventDefault() {} }));
    target.addEventListener("compositionend", finish, { once: true });
    setTimeout(() => target.removeEventListener("compositionend", finish), 300);
  }

  #escape(event) {
    const menu = document.querySelector("details.menu[open], details.to[open]");
    if (this.dialog.open) return;
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (location.hash === "#who") {
      location.hash = "thread";
    } else if (isTyping(event.target)) {
      event.target.blur();
    } else return;
    event.preventDefault();
  }

  #show() {
    if (this.dialog.open) this.dialog.close();
    else this.dialog.showModal();
  }
}

customElements.define("key-map", KeyMap);
