// <inbox-panes>: keeps list and conversation in step when a conversation is opened in place, and sizes letters.

class InboxPanes extends HTMLElement {
  #askedAt = 0;
  #happenedAt = 0;

  connectedCallback() {
    const panes = this.querySelector("#panes");
    document.addEventListener("dangol:happened", () => (this.#happenedAt = performance.now()));
    // One press of a button is one request, however often it is pressed.
    this.addEventListener("htmx:beforeRequest", (event) => {
      if (event.detail.target !== panes) return;
      this.#askedAt = performance.now();
      const form = event.target.closest("form");
      if (form?.ariaBusy === "true") event.preventDefault();
      else if (form) form.ariaBusy = "true";
    });
    this.addEventListener("htmx:afterRequest", (event) => event.target.closest("form")?.removeAttribute("aria-busy"));
    panes.addEventListener("htmx:afterSettle", (event) => {
      if (event.target === panes) this.#opened();
    });
    panes.addEventListener("load", (event) => this.#fit(event.target), true);
    panes.querySelectorAll("iframe").forEach((frame) => this.#fit(frame));
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
    // What happened while the conversation was being fetched may not be in it.
    if (this.#happenedAt > this.#askedAt) htmx.trigger(this.querySelector("#talk"), "live");
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
