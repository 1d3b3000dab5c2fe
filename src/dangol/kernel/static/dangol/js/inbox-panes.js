// <inbox-panes>: keeps list and conversation in step when a conversation is opened in place, and sizes letters.
//
// What is pressed reaches the server, whatever is pressed behind it: no request with somebody's words is broken off, and of
// two answers the one to the later press stands. Refreshes of the conversation stand back: one that is on its way knows
// nothing of the press and is broken off, later ones wait for its answer, and one makes up for all of them.

class InboxPanes extends HTMLElement {
  #presses = new Map(); // the requests under way, each with its number
  #count = 0;
  #shown = 0; // the number of the press whose answer is in the panes
  #refresh = null;
  #isBehind = false;

  connectedCallback() {
    const panes = this.querySelector("#panes");
    const isTalk = ({ target }) => target.id === "talk";
    document.addEventListener("dangol:happened", () => (this.#isBehind ||= this.#isPressed));
    this.addEventListener("htmx:confirm", (event) => {
      if (!isTalk(event) || !this.#isPressed) return;
      event.preventDefault();
      this.#isBehind = true;
    });
    this.addEventListener("htmx:sendAbort", (event) => (this.#isBehind ||= isTalk(event)));
    this.addEventListener("htmx:beforeSend", (event) => {
      const { target, xhr } = event.detail;
      if (isTalk(event)) this.#refresh = xhr;
      else if (target === panes || target.id === "owed") this.#begin(xhr);
    });
    panes.addEventListener("htmx:beforeSwap", ({ detail }) => {
      const number = this.#presses.get(detail.xhr);
      if (detail.target !== panes || number === undefined) return;
      if (number < this.#shown) detail.shouldSwap = false;
      else if (detail.shouldSwap) this.#shown = number;
    });
    panes.addEventListener("htmx:afterSettle", (event) => {
      if (event.target === panes) this.#opened();
    });
    panes.addEventListener("load", (event) => this.#fit(event.target), true);
    panes.querySelectorAll("iframe").forEach((frame) => this.#fit(frame));
  }

  get #isPressed() {
    return [...this.#presses.values()].some((number) => number > this.#shown);
  }

  #begin(press) {
    this.#isBehind ||= this.#presses.size > 0; // neither answer need know of the other
    this.#presses.set(press, ++this.#count);
    this.#refresh?.abort();
    press.addEventListener("loadend", () => {
      this.#presses.delete(press);
      if (!this.#isBehind || this.#isPressed) return;
      this.#isBehind = false;
      const talk = this.querySelector("#talk");
      if (talk) htmx.trigger(talk, "live");
    });
  }

  #opened() {
    const thread = this.querySelector(".thread");
    const id = thread?.dataset.conversation;
    for (const item of this.querySelectorAll(".item")) {
      if (item.id === `open-${id}`) item.setAttribute("aria-current", "true");
      else item.removeAttribute("aria-current");
    }
    // The list loads itself again for the address that is now in the window.
    const list = this.querySelector("#list-live");
    list.setAttribute("hx-get", location.pathname + location.search);
    htmx.process(list);
    const subject = thread?.querySelector("h1")?.textContent;
    if (subject) document.title = `${subject} · ${document.title.split(" · ").pop()}`;
    // On a phone the list is gone: the focus goes to what came instead.
    if (document.activeElement === document.body || !document.activeElement.checkVisibility()) thread?.focus({ preventScroll: true });
  }

  // A letter is as tall as its content, up to a point; its frame runs nothing, so it cannot say so itself.
  #fit(frame) {
    if (frame.tagName !== "IFRAME") return;
    const height = frame.contentDocument?.body?.scrollHeight;
    if (height > 10) frame.style.blockSize = `${Math.min(height + 30, innerHeight * 0.75)}px`;
  }
}

customElements.define("inbox-panes", InboxPanes);
