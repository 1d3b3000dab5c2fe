// <inbox-panes>: keeps list and conversation in step when a conversation is opened in place, and sizes letters.
//
// What is pressed (hx-sync="#panes:replace") comes before the refreshes of the conversation: one that is on its way knows
// nothing of the press and is broken off, later ones wait for its answer, and one makes up for all of them.

class InboxPanes extends HTMLElement {
  #press = null;
  #refresh = null;
  #isBehind = false;

  connectedCallback() {
    const panes = this.querySelector("#panes");
    const isTalk = ({ target }) => target.id === "talk";
    document.addEventListener("dangol:happened", () => (this.#isBehind ||= this.#isPressed));
    this.addEventListener("htmx:confirm", (event) => {
      // One press of a button is one request, however often it is pressed.
      const isAgain = event.target.closest("form")?.ariaBusy === "true";
      const isTooEarly = isTalk(event) && this.#isPressed;
      if (isTooEarly) this.#isBehind = true;
      if (isAgain || isTooEarly) event.preventDefault();
    });
    this.addEventListener("htmx:sendAbort", (event) => (this.#isBehind ||= isTalk(event)));
    this.addEventListener("htmx:beforeRequest", (event) => {
      if (isTalk(event)) this.#refresh = event.detail.xhr;
      if (!event.target.closest("[hx-sync]")?.matches('[hx-sync="#panes:replace"]')) return;
      const form = event.target.closest("form");
      if (form) form.ariaBusy = "true";
      this.#begin(event.detail.xhr);
    });
    this.addEventListener("htmx:afterRequest", (event) => event.target.closest("form")?.removeAttribute("aria-busy"));
    panes.addEventListener("htmx:afterSettle", (event) => {
      if (event.target === panes) this.#opened();
    });
    panes.addEventListener("load", (event) => this.#fit(event.target), true);
    panes.querySelectorAll("iframe").forEach((frame) => this.#fit(frame));
  }

  get #isPressed() {
    return [XMLHttpRequest.OPENED, XMLHttpRequest.HEADERS_RECEIVED, XMLHttpRequest.LOADING].includes(this.#press?.readyState);
  }

  #begin(press) {
    this.#press = press;
    this.#refresh?.abort();
    press.addEventListener("loadend", () => {
      if (press !== this.#press || !this.#isBehind) return;
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
