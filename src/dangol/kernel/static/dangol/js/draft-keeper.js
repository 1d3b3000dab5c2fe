// <draft-keeper data-src data-key data-version>: what is typed is on the server 600 ms later, and in this browser until then.
//
// The words for each state are in its children with data-said="saving | saved | kept | other".

const QUIET = 600;

class DraftKeeper extends HTMLElement {
  #timer = 0;
  #isDirty = false;
  #isGone = false;
  #saving = null;
  #version = 0;

  connectedCallback() {
    this.#version = Number(this.dataset.version || 0);
    this.form = this.querySelector("form");
    if (!this.form) return;
    this.#putBack();
    this.form.addEventListener("input", () => this.#changed());
    this.form.addEventListener("change", () => this.#changed());
    this.form.addEventListener("submit", () => this.#leave());
    // Refused without a new page: the writing goes on here.
    this.form.addEventListener("htmx:afterRequest", ({ detail }) => detail.successful || setTimeout(() => this.#comeBack(), 100));
    addEventListener("pagehide", this.#last);
    addEventListener("online", this.#again);
    document.addEventListener("visibilitychange", this.#last);
  }

  disconnectedCallback() {
    removeEventListener("pagehide", this.#last);
    removeEventListener("online", this.#again);
    document.removeEventListener("visibilitychange", this.#last);
    clearTimeout(this.#timer);
  }

  get #text() {
    return this.form.elements.text;
  }

  #content(ahead = 0) {
    const fields = new FormData(this.form);
    const words = (name) => fields.get(name) ?? "";
    return {
      text: words("text"),
      is_note: fields.get("mode") === "note",
      to: words("to"),
      cc: words("cc"),
      bcc: words("bcc"),
      base_message_id: Number(words("base_message_id")),
      version: this.#version + ahead,
    };
  }

  // What this browser kept comes back unless the server has it, or it was sent.
  #putBack() {
    const kept = this.#read();
    if (!kept) return;
    const isDone = kept.isSubmitted && (this.#version === 0 || this.#version >= kept.version);
    if (isDone || kept.version !== this.#version || !kept.text.trim()) return this.#forget();
    if (this.#text.value === kept.text) return this.#forget();
    this.#text.value = kept.text;
    this.#text.dispatchEvent(new Event("input", { bubbles: true }));
    this.#changed();
  }

  #changed() {
    if (this.#isGone) return;
    this.#isDirty = true;
    this.#keep(false);
    this.#say("");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), QUIET);
  }

  async #save() {
    if (!this.#isDirty || this.#isGone || this.#saving || !this.isConnected) return;
    this.#isDirty = false;
    this.#saving = new AbortController();
    try {
      const answer = await this.#send({ signal: this.#saving.signal });
      if (answer.status === 409) return this.#say("other");
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      this.#version = (await answer.json()).version;
      if (!this.#isDirty) {
        this.#forget();
        this.#say("saved");
      }
    } catch {
      if (this.#isGone) return;
      this.#isDirty = true;
      this.#say("kept");
      this.#timer = setTimeout(() => this.#save(), 10_000);
    } finally {
      this.#saving = null;
      if (this.#isDirty && !this.#isGone && this.dataset.state !== "kept") this.#timer = setTimeout(() => this.#save(), QUIET);
    }
  }

  #send(options, ahead = 0) {
    return fetch(this.dataset.src, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        "X-CSRFToken": this.form.elements.csrfmiddlewaretoken.value,
      },
      body: JSON.stringify(this.#content(ahead)),
      ...options,
    });
  }

  // A page that goes away hears no answer; `keepalive` lets the request outlive it. One that is under way comes first.
  #last = (event) => {
    if (this.#isGone || !this.#isDirty || (event.type === "visibilitychange" && !document.hidden)) return;
    clearTimeout(this.#timer);
    this.#isDirty = false;
    this.#send({ keepalive: true }, this.#saving ? 1 : 0)
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
      .then((saved) => (this.#version = saved.version))
      .catch(() => (this.#isDirty = true));
  };

  #again = () => this.#save();

  #leave() {
    this.#isGone = true;
    clearTimeout(this.#timer);
    this.#saving?.abort();
    this.#keep(true);
  }

  #comeBack() {
    if (!this.isConnected) return;
    this.#isGone = false;
    this.#changed();
  }

  #keep(isSubmitted) {
    try {
      localStorage.setItem(this.dataset.key, JSON.stringify({ text: this.#text.value, version: this.#version, isSubmitted }));
    } catch {
      // A full or forbidden store: the server's copy has to do.
    }
  }

  #read() {
    try {
      return JSON.parse(localStorage.getItem(this.dataset.key));
    } catch {
      return null;
    }
  }

  #forget() {
    try {
      localStorage.removeItem(this.dataset.key);
    } catch {
      // Nothing was kept either.
    }
  }

  #say(state) {
    this.dataset.state = state;
    this.querySelectorAll("[data-said]").forEach((part) => (part.hidden = part.dataset.said !== state));
  }
}

customElements.define("draft-keeper", DraftKeeper);
