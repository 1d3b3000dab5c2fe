// <talk-log>: what was said, newest at the end. It opens at the end, stays there when something is added, and when the
// reader is further up it says so instead of jumping.

const NEAR = 80;

class TalkLog extends HTMLElement {
  #wasAtEnd = true;

  connectedCallback() {
    this.log = this.querySelector(".talk");
    this.fresh = this.querySelector("[data-fresh]");
    if (!this.log) return;
    const asked = /^#message-(\d+)$/.exec(location.hash)?.[1];
    const anchor = asked && document.getElementById(`message-${asked}`);
    const elsewhere = asked && !anchor && this.querySelector("#earlier, #onward");
    if (elsewhere && !new URLSearchParams(location.search).has("message")) {
      location.replace(`${location.pathname}?message=${asked}${location.hash}`);
      return;
    }
    if (anchor) anchor.scrollIntoView({ block: "start" });
    else if (new URLSearchParams(location.search).has("from")) this.#wasAtEnd = false;
    else this.#toEnd();
    // Pictures and frames grow after the first look.
    new ResizeObserver(() => this.#wasAtEnd && this.#toEnd()).observe(this.log);
    this.log.addEventListener("scroll", () => {
      this.#wasAtEnd = this.#isAtEnd();
      if (this.#wasAtEnd) this.#hint(false);
    }, { passive: true });
    this.log.addEventListener("keyed:before", () => (this.#wasAtEnd = this.#isAtEnd()));
    this.log.addEventListener("keyed:after", ({ detail }) => {
      if (this.#wasAtEnd) this.#toEnd();
      else if (detail.fresh.some((part) => part === this.log.lastElementChild)) this.#hint(true);
    });
    this.#keepPlace();
    this.fresh?.addEventListener("click", () => this.#toEnd());
  }

  // Earlier messages come in above: what one was reading stays where it is, and the focus with it.
  #keepPlace() {
    let below = null;
    this.log.addEventListener("htmx:beforeSwap", ({ detail }) => {
      if (detail.target.id === "earlier") below = this.log.scrollHeight - this.log.scrollTop;
    });
    this.log.addEventListener("htmx:afterSwap", () => {
      if (below === null) return;
      this.log.scrollTop = this.log.scrollHeight - below;
      below = null;
      if (document.activeElement === document.body) this.log.focus({ preventScroll: true });
    });
  }

  #isAtEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR;
  }

  #toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
    this.#wasAtEnd = true;
    this.#hint(false);
  }

  #hint(isShown) {
    if (this.fresh) this.fresh.hidden = !isShown;
  }
}

customElements.define("talk-log", TalkLog);
