// What a form would do is shown while somebody types. data-preview: where it is asked; data-shows: ids of what is shown anew.
import {morph} from "./morph.js";

const REST_MS = 350;

export function preview(form) {
  let timer = null, asked = 0;

  async function show() {
    const mine = ++asked;
    try {
      const answer = await fetch(form.dataset.preview, {method: "POST", body: new URLSearchParams(new FormData(form)), headers: {Accept: "text/html"}});
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const id of mine === asked && answer.ok ? form.dataset.shows.split(" ") : []) {
        if (fresh.getElementById(id)) {
          morph(document.getElementById(id), fresh.getElementById(id));
        }
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
