// hx-swap="around": a part of a form is renewed around what a person does in it. An answer knows what was sent along with its request and nothing that came
// after: what was typed, chosen or opened since stays, the very same element, so that a syllable that is being composed survives too.
// Fields inside one [data-together] belong to each other: who changed one of them keeps them all.

const FIELD = "input, select, textarea";
const touched = new WeakSet();

for (const name of ["input", "change"]) document.addEventListener(name, ({ target }) => touched.add(target), true);
document.addEventListener("click", ({ target }) => {
  const summary = target.closest?.("summary");
  if (summary) touched.add(summary.parentElement);
}, true);
document.addEventListener("htmx:configRequest", ({ detail }) => {
  for (const field of detail.target.querySelectorAll("[name]")) if (detail.formData.has(field.name)) touched.delete(field);
});

const holdsTouched = (element) => touched.has(element) || [...element.querySelectorAll("*")].some((each) => touched.has(each));
const isHeld = (element) => element.contains(document.activeElement);

// What makes two elements the same thing at two times: a choice is what it chooses, its id is only its place in the list.
const kind = (element) => {
  const choice = element.matches("label") && element.querySelector("input");
  return choice ? `${choice.name}=${choice.value}` : element.id || `${element.tagName}.${element.classList[0] ?? ""}`;
};

const dress = (known, as) => {
  for (const { name, value } of as.attributes) if (name !== "open") known.setAttribute(name, value);
};

// Has the focus, and nothing was typed: it says what the answer says, marked so that typing takes its place.
const fill = (field, as) => {
  dress(field, as);
  if (field.matches("select")) field.replaceChildren(...as.children);
  field.value = as.value;
  field.checked = as.checked;
  if (field.type !== "radio" && field.type !== "checkbox") field.select?.();
};

const renew = (known, as) => {
  if (!holdsTouched(known) && !isHeld(known)) {
    known.replaceWith(as);
    return [as];
  }
  if (known.matches("[data-together]") && holdsTouched(known)) return [];
  if (known.matches(FIELD)) {
    if (touched.has(known)) known.id = as.id;
    else fill(known, as);
    return [];
  }
  dress(known, as);
  if (known.matches("details") && !touched.has(known)) known.open = as.open;
  return renewChildren(known, as);
};

const renewChildren = (known, as) => {
  const before = [...known.children];
  const fresh = [];
  let place = known.firstElementChild;
  for (const child of [...as.children]) {
    const at = before.findIndex((each) => kind(each) === kind(child));
    if (at < 0) {
      known.insertBefore(child, place);
      fresh.push(child);
    } else {
      const [same] = before.splice(at, 1);
      place = same.nextElementSibling;
      fresh.push(...renew(same, child));
    }
  }
  for (const gone of before) gone.remove();
  return fresh;
};

htmx.defineExtension("around", {
  handleSwap: (style, target, fragment) => {
    if (style !== "around") return false;
    const chosen = [...target.querySelectorAll(":checked")].filter((each) => touched.has(each));
    const fresh = renewChildren(target, fragment.querySelector(`#${target.id}`) ?? fragment);
    // Another choice that comes in checked unchecks the one that was made.
    for (const each of chosen) each.checked = true;
    return fresh;
  },
});
