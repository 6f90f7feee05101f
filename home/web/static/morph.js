// Makes one piece of a page like another one, and leaves alone what somebody works on: focus, typed text, opened details, [data-keep].

export function morph(old, fresh) {
  if (isKept(old)) {
    return;
  }
  attributes(old, fresh);
  const olds = [...old.childNodes], byId = new Map(olds.filter((one) => one.id).map((one) => [one.id, one]));
  let place = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const named = wanted.id && byId.get(wanted.id);
    const here = named || (place && isAlike(place, wanted) && !place.id === !wanted.id ? place : null);
    if (!here) {
      old.insertBefore(document.importNode(wanted, true), place);
      continue;
    }
    if (here !== place) {
      old.insertBefore(here, place);
    } else {
      place = place.nextSibling;
    }
    if (here.nodeType === Node.ELEMENT_NODE) {
      morph(here, wanted);
    } else if (here.nodeValue !== wanted.nodeValue) {
      here.nodeValue = wanted.nodeValue;
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function isAlike(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName;
}

function isKept(element) {
  return element.hasAttribute("data-keep") || (element.nodeName === "FORM" && (isTypedIn(element) || isDirty(element)));
}

function isTypedIn(form) {
  return form.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
}

function isDirty(form) {
  return [...form.elements].some((one) => one.type === "checkbox" || one.type === "radio" ? one.checked !== one.defaultChecked
    : one.type !== "hidden" && "defaultValue" in one && one.value !== one.defaultValue);
}

function attributes(old, fresh) {
  for (const {name, value} of [...fresh.attributes]) {
    if (old.getAttribute(name) !== value && !isOurs(old, name)) {
      old.setAttribute(name, value);
    }
  }
  for (const {name} of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !isOurs(old, name)) {
      old.removeAttribute(name);
    }
  }
}

// What the reader or a script of ours has set.
function isOurs(element, name) {
  return (element.nodeName === "DETAILS" && name === "open") || (["broken", "here", "drag"].includes(element.id) && name === "hidden");
}
