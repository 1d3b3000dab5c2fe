// <undo-toast data-until>: a form that can be sent until the instant; counts down in .count and goes when it is too late.

class UndoToast extends HTMLElement {
  #timer = 0;

  connectedCallback() {
    const until = Date.parse(this.dataset.until);
    const count = this.querySelector(".count");
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      if (left > 0) {
        if (count) count.textContent = left;
        return;
      }
      clearInterval(this.#timer);
      const part = this.closest("[data-live]");
      this.remove();
      if (part) htmx.trigger(part, "live");
    };
    this.#timer = setInterval(tick, 250);
    tick();
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }
}

customElements.define("undo-toast", UndoToast);
