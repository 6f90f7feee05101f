// The editor of the week shows what the device would do while somebody types.
import {morph} from "./morph.js";

const REST_MS = 350;

export function preview(form) {
  let timer = null, asked = 0;

  async function show() {
    const mine = ++asked;
    try {
      const answer = await fetch(form.dataset.preview, {method: "POST", body: new URLSearchParams(new FormData(form)), headers: {Accept: "text/html"}});
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("preview");
      if (mine === asked && answer.ok && fresh) {
        morph(document.getElementById("preview"), fresh);
      }
    } catch (problem) {
      // The line is down, which the page says by itself.
    }
  }

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, REST_MS);
  });
}
