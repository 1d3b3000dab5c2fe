// hx-swap="keyed" (data-keyed on a target that another element loads): children are matched by id, those without one by
// what they are; a child that is data-keyed itself is gone into. What did not change stays the very same element, so that an open letter, a selection, a scroll position,
// a button under a thumb and whatever has the focus survive a refresh. A link that says something else by now stays too: a press that began on it still follows it.

const asServed = new WeakMap();

// Two renderings of the same thing differ in the form token, in how many minutes ago it was and in how many seconds are left.
const essence = (html) =>
  html
    .replace(/(<relative-time[^>]*>|<span class="count">)[^<]*/g, "$1")
    .replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "");

const remember = (container) => {
  for (const child of container.children) asServed.set(child, essence(child.outerHTML));
};

const shell = (element) => element.cloneNode(false).outerHTML;

// Whatever has the focus is found again by its id, else by its place among what can have it in the same part.
const wayBack = (target) => {
  const focusable = "a, button, input:not([type=hidden]), select, summary, textarea, [tabindex]";
  const held = target.contains(document.activeElement) ? document.activeElement : null;
  const part = held && [...target.children].find((child) => child.contains(held));
  const place = part ? [...part.querySelectorAll(focusable)].indexOf(held) : -1;
  return () => {
    if (!held || held === document.activeElement) return;
    const again = held.isConnected ? held : document.getElementById(held.id) ?? document.getElementById(part.id)?.querySelectorAll(focusable)[place];
    again?.focus({ preventScroll: true });
  };
};

// htmx remembers where a boosted link leads: one that leads elsewhere is another link.
const isSameLink = (known, child) =>
  known?.matches("a[id]") && child.matches("a") && known.getAttribute("href") === child.getAttribute("href");

const renew = (link, as) => {
  for (const { name } of [...link.attributes]) if (!as.hasAttribute(name)) link.removeAttribute(name);
  for (const { name, value } of as.attributes) if (link.getAttribute(name) !== value) link.setAttribute(name, value);
  link.replaceChildren(...as.childNodes);
};

const swap = (target, fragment) => {
  const before = new Map([...target.children].filter((child) => child.id).map((child) => [child.id, child]));
  const nameless = [...target.children].filter((child) => !child.id);
  const alike = (html) => {
    const place = nameless.findIndex((child) => asServed.get(child) === html);
    return place < 0 ? undefined : nameless.splice(place, 1)[0];
  };
  const back = wayBack(target);
  const fresh = [];
  const wanted = [...fragment.children].map((child) => {
    const html = essence(child.outerHTML);
    const known = child.id ? before.get(child.id) : alike(html);
    if (known && asServed.get(known) === html) return known;
    if (known?.dataset.keyed !== undefined && shell(known) === shell(child)) {
      asServed.set(known, html);
      fresh.push(...swap(known, child));
      return known;
    }
    // Somebody is choosing from a menu: it stays under the hand, and is made anew at the next refresh.
    if (known?.matches("details.menu[open]") || known?.querySelector("details.menu[open]")) return known;
    if (isSameLink(known, child)) {
      renew(known, child);
      asServed.set(known, html);
      return known;
    }
    asServed.set(child, html);
    fresh.push(child);
    return child;
  });
  const staying = new Set(wanted);
  for (const child of [...target.children]) if (!staying.has(child)) child.remove();
  let place = target.firstElementChild;
  for (const child of wanted) {
    if (child === place) place = place.nextElementSibling;
    else target.insertBefore(child, place);
  }
  back();
  return fresh;
};

htmx.defineExtension("keyed", {
  handleSwap: (style, target, fragment) => {
    if (style !== "keyed") return false;
    target.dispatchEvent(new CustomEvent("keyed:before", { bubbles: true }));
    const fresh = swap(target, fragment);
    target.dispatchEvent(new CustomEvent("keyed:after", { bubbles: true, detail: { fresh } }));
    return fresh;
  },
});

const KEYED = '[hx-swap^="keyed"], [data-keyed]';
document.querySelectorAll(KEYED).forEach(remember);
document.addEventListener("htmx:load", (event) => {
  event.target.querySelectorAll?.(KEYED).forEach(remember);
  if (event.target.matches?.(KEYED)) remember(event.target);
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { xhr } = detail;
  // Signed out meanwhile: the answer is the sign-in page, which belongs in the window and not in a part of it.
  if (new URL(xhr.responseURL || location.href, location.href).pathname.startsWith("/account/login")) {
    detail.shouldSwap = false;
    location.reload();
  }
  // A refusal says where it goes (a toast); a whole error page goes nowhere.
  if (xhr.status >= 400 && xhr.getResponseHeader("HX-Retarget")) detail.shouldSwap = true;
});
