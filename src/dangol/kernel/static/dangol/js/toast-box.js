// <toast-box>: messages at the edge of the page. Good news goes by itself, unless it is pointed at; refusals stay.

const LASTS = 8000;

class ToastBox extends HTMLElement {
  connectedCallback() {
    this.querySelectorAll(".toast").forEach((toast) => this.#tend(toast));
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) for (const node of addedNodes) if (node.matches?.(".toast")) this.#tend(node);
    }).observe(this, { childList: true });
  }

  #tend(toast) {
    const close = toast.querySelector("[data-close]");
    if (close) {
      close.hidden = false;
      close.addEventListener("click", () => toast.remove());
    }
    if (toast.matches(".bad")) return;
    let timer = setTimeout(() => toast.remove(), LASTS);
    for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, () => clearTimeout(timer));
    for (const name of ["pointerleave", "focusout"]) {
      toast.addEventListener(name, () => {
        clearTimeout(timer);
        timer = setTimeout(() => toast.remove(), LASTS / 2);
      });
    }
  }
}

customElements.define("toast-box", ToastBox);
