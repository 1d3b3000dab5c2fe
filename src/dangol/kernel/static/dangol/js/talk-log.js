// <talk-log>: what was said, newest at the end. It opens at the end, stays there when something is added, and when the
// reader is further up it says so instead of jumping.

const NEAR = 80;

class TalkLog extends HTMLElement {
  #wasAtEnd = true;

  connectedCallback() {
    this.log = this.querySelector(".talk");
    this.fresh = this.querySelector("[data-fresh]");
    if (!this.log) return;
    const anchor = location.hash.startsWith("#message-") && document.getElementById(location.hash.slice(1));
    if (anchor) anchor.scrollIntoView({ block: "start" });
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
    this.fresh?.addEventListener("click", () => this.#toEnd());
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
