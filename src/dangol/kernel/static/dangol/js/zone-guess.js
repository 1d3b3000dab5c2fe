/**
 * Tells the first visit's form the time zone of the browser, before anybody has typed: the place it proposes
 * then is where one is. Without it the language of the browser decides.
 */
class ZoneGuess extends HTMLElement {
  connectedCallback() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const form = this.closest("form");
    if (!("ask" in this.dataset) || !form || !zone || zone === this.dataset.zone) return;
    let touched = false;
    const touch = () => {
      touched = true;
      window.htmx?.trigger(this, "htmx:abort"); // what was chosen meanwhile is not proposed away again
    };
    form.addEventListener("input", touch, { once: true });
    const tell = () => {
      if (touched || !window.htmx) return;
      form.elements.browser_zone.value = zone;
      window.htmx.ajax("POST", location.pathname, { source: this, target: "#place", swap: "outerHTML", values: this.values(form) }).catch(() => {});
    };
    if (window.htmx) tell();
    else document.addEventListener("DOMContentLoaded", tell, { once: true });
  }

  values(form) {
    return { ...Object.fromEntries(new FormData(form)), do: "zone" };
  }
}

customElements.define("zone-guess", ZoneGuess);
