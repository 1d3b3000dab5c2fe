// <live-feed data-src data-cursor>: follows what happens and asks the parts of the page that care to load again.
//
// A part says what it cares about (data-live="list conversation:7 customer:3") and how it loads (hx-get with
// hx-trigger="live"). Of all tabs one holds the line and tells the others, because a browser opens only six
// connections to a server; where locks are missing each tab holds its own while it is looked at. A tab in the background
// keeps in mind what it has to load, and loads it once when it is looked at again: the server's time goes to those who look.
//
// What one reads loads again at once. A list changes with whatever happens anywhere, on all open pages: it comes a moment
// later, not on all of them in the same instant, and less often the longer the server takes over it.

const GATHER = 20; // what happened in one go is heard of in one go
const PAUSE = 250; // at the soonest after the last time, however much happens
const LIST_SPREAD = 200; // lists load within so long behind what is read
const LIST_PAUSE = 800;
const LONGEST_LIST_PAUSE = 5000;
const LIST_SHARE = 5; // of its time a page spends no more than a fifth on waiting for lists
const LONGEST_PAUSE = 20_000;
const ONCE_MORE = 4000;

class LiveFeed extends HTMLElement {
  #cursor = "";
  #near = { topics: new Set(), timer: 0, at: -PAUSE, wait: () => [GATHER, PAUSE] };
  #lists = { topics: new Set(), timer: 0, at: -LIST_PAUSE, wait: () => [GATHER + LIST_SPREAD * Math.random(), this.#listPause()] };
  #listTook = 0;
  #failures = 0;
  #wasLost = false;
  #source = null;
  #tabs = new BroadcastChannel("dangol-live");
  #complaint = 0;

  connectedCallback() {
    this.#cursor = this.dataset.cursor || "";
    this.#tabs.onmessage = ({ data }) => this.#hear(data);
    document.addEventListener("visibilitychange", () => this.#flushSoon());
    const asked = new WeakMap();
    document.addEventListener("htmx:beforeRequest", ({ target }) => asked.set(target, performance.now()));
    document.addEventListener("htmx:afterRequest", ({ target }) => {
      if (target.matches("[data-live~=list]") && asked.has(target)) this.#listTook = performance.now() - asked.get(target);
    });
    // The browser may know before the connection does that the line is gone, and that it is back.
    addEventListener("offline", () => this.#show("lost"));
    addEventListener("online", () => this.#source && (this.#close(), this.#open()));
    // A part that could not be fetched is behind, and no event tells of it again.
    for (const failure of ["htmx:sendError", "htmx:responseError"]) {
      document.addEventListener(failure, ({ target, detail }) => {
        const isPassing = detail.xhr.status === 0 || detail.xhr.status >= 500;
        if (isPassing && target.matches("[data-live]")) setTimeout(() => htmx.trigger(target, "live"), ONCE_MORE);
      });
    }
    if (navigator.locks) {
      navigator.locks.request("dangol-live", () => new Promise(() => this.#open()));
    } else {
      const follow = () => (document.hidden ? this.#close() : this.#open());
      document.addEventListener("visibilitychange", follow);
      follow();
    }
  }

  #open() {
    if (this.#source) return;
    const source = new EventSource(this.dataset.src + (this.#cursor ? `?since=${encodeURIComponent(this.#cursor)}` : ""));
    this.#source = source;
    source.onopen = () => this.#tell({ state: "live" });
    source.onerror = () => {
      this.#tell({ state: "lost" });
      if (source.readyState === EventSource.CLOSED) this.#tryLater();
    };
    source.addEventListener("happened", (event) => this.#tell({ id: event.lastEventId, happened: JSON.parse(event.data) }));
    source.addEventListener("reload", (event) => this.#tell({ id: event.lastEventId, all: true }));
  }

  #close() {
    this.#source?.close();
    this.#source = null;
  }

  #tryLater() {
    this.#close();
    this.#failures += 1;
    // Asking for the menu finds out whether the sign-in ended; if so, the sign-in page comes up.
    if (this.#failures === 2) this.#refresh((part) => part.matches("[data-live~=list]"));
    setTimeout(() => this.#open(), Math.min(LONGEST_PAUSE, 1000 * 2 ** this.#failures) * (0.7 + 0.6 * Math.random()));
  }

  #tell(news) {
    this.#tabs.postMessage(news);
    this.#hear(news);
  }

  #hear({ id, happened, all, state }) {
    if (id) this.#cursor = id;
    if (state) this.#show(state);
    if (all) this.#refresh(() => true);
    if (!happened) return;
    document.dispatchEvent(new CustomEvent("dangol:happened", { detail: happened }));
    if (happened.conversation_id) {
      this.#near.topics.add(`conversation:${happened.conversation_id}`);
      if (!happened.name.startsWith("Draft")) this.#lists.topics.add("list");
    }
    if (happened.joined_id) this.#near.topics.add(`conversation:${happened.joined_id}`);
    if (happened.customer_id) this.#near.topics.add(`customer:${happened.customer_id}`);
    this.#near.topics.add(happened.name);
    this.#flushSoon();
  }

  #listPause() {
    return Math.min(LONGEST_LIST_PAUSE, Math.max(LIST_PAUSE, LIST_SHARE * this.#listTook));
  }

  #flushSoon() {
    if (document.hidden) return;
    for (const lane of [this.#near, this.#lists]) {
      if (!lane.topics.size) continue;
      const [gather, pause] = lane.wait();
      lane.timer ||= setTimeout(() => this.#flush(lane), Math.max(gather, lane.at + pause - performance.now()));
    }
  }

  #flush(lane) {
    lane.timer = 0;
    lane.at = performance.now();
    const topics = lane.topics;
    lane.topics = new Set();
    this.#refresh((part) => part.dataset.live.split(" ").some((topic) => topics.has(topic)));
  }

  // A part that brings others along (data-brings="rail") spares the server a request for each of them.
  #refresh(concerned) {
    const parts = [...document.querySelectorAll("[data-live]")].filter(concerned);
    const brought = new Set(parts.flatMap((part) => part.dataset.brings?.split(" ") ?? []));
    for (const part of parts) if (!brought.has(part.id)) htmx.trigger(part, "live");
  }

  #show(state) {
    if (state === "live") {
      clearTimeout(this.#complaint);
      this.#complaint = 0;
      this.#failures = 0;
      this.dataset.state = "live";
      // The cursor brings what was missed; loading once more also covers what no event tells.
      if (this.#wasLost) this.#refresh(() => true);
      this.#wasLost = false;
    } else {
      this.#wasLost = true;
      // Each failed try says it again; the first one counts.
      this.#complaint ||= setTimeout(() => (this.dataset.state = "lost"), 2500);
    }
  }
}

customElements.define("live-feed", LiveFeed);
