// The page follows the service: it is told when something changed and asks for itself again; ages count on meanwhile, and a dead line is said.
import {morph} from "./morph.js";

const BEAT_MS = 15000, DEAD_MS = 2.5 * BEAT_MS, LOOK_MS = 60000, GAP_MS = 300, TICK_MS = 5000;

export function follow(body) {
  const ages = JSON.parse(body.dataset.ages);
  const broken = document.getElementById("broken");
  // What a press led to has no stream, and stays as it is until somebody goes on.
  const isLive = Boolean(body.dataset.live);
  const clock = new Clock(Number(body.dataset.nowMs));
  let heardAt = performance.now(), heardMs = clock.now(), lastAsked = -Infinity, askedMs = clock.now(), waiting = null, isLost = false;

  function heard() {
    heardAt = performance.now();
    heardMs = clock.now();
    if (isLost) {
      isLost = false;
      tick();
      soon();
    }
  }

  function lost() {
    isLost = true;
    tick();
  }

  function tick() {
    const now = clock.now();
    for (const one of document.querySelectorAll("[data-age-of]")) {
      const words = inWords(ages, now - Number(one.dataset.ageOf));
      if (one.textContent !== words) {
        one.textContent = words;
      }
    }
    isLost = isLost || (isLive && performance.now() - heardAt > DEAD_MS);
    const said = isLost ? broken.dataset.words.replace("{at}", atClock(heardMs, body.dataset.clockOffset)) : "";
    if (broken.textContent !== said) {
      broken.textContent = said;
    }
    broken.hidden = !isLost;
    body.classList.toggle("lost", isLost);
    here(now, body.dataset.clockOffset);
    // By the service's clock: what is foreseen and how old things are is true for a minute, and that is short in a fast world.
    if (isLive && !document.hidden && now - askedMs > LOOK_MS) {
      soon();
    }
  }

  async function refresh() {
    waiting = null;
    lastAsked = performance.now();
    askedMs = clock.now();
    try {
      const answer = await fetch(body.dataset.url, {headers: {Accept: "text/html"}, cache: "no-store"});
      if (answer.redirected) {
        location.reload();
        return;
      }
      if (!answer.ok) {
        throw new Error(answer.status);
      }
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      clock.set(Number(fresh.body.dataset.nowMs));
      body.dataset.clockOffset = fresh.body.dataset.clockOffset;
      for (const place of ["main", "footer"]) {
        morph(document.querySelector(place), fresh.querySelector(place));
      }
      document.dispatchEvent(new CustomEvent("refreshed"));
      heard();
      tick();
    } catch (problem) {
      lost();
    }
  }

  function soon() {
    waiting ??= setTimeout(refresh, Math.max(0, lastAsked + GAP_MS - performance.now()));
  }

  function listen() {
    const source = new EventSource(body.dataset.live);
    for (const name of ["clock", "change"]) {
      source.addEventListener(name, (event) => {
        clock.set(Number(event.data));
        heard();
        if (name === "change") {
          soon();
        }
      });
    }
    source.addEventListener("error", () => {
      lost();
      // Refused for good: the browser does not try again by itself.
      if (source.readyState === EventSource.CLOSED) {
        setTimeout(listen, LOOK_MS);
      }
    });
    addEventListener("pagehide", () => source.close());
  }

  setInterval(tick, TICK_MS);
  tick();
  if (isLive) {
    addEventListener("pageshow", (event) => event.persisted && location.reload());
    document.addEventListener("visibilitychange", () => document.hidden || soon());
    listen();
  }
}

// The clock of the service, which in a simulated world may run faster than ours.
class Clock {
  constructor(ms) {
    this.ms = ms;
    this.at = performance.now();
    this.rate = 1;
  }

  now() {
    return this.ms + (performance.now() - this.at) * this.rate;
  }

  set(ms) {
    const passed = performance.now() - this.at;
    if (passed > 1000) {
      this.rate = Math.max(0, (ms - this.ms) / passed);
      this.ms = ms;
      this.at += passed;
    }
  }
}

function inWords(ages, ms) {
  const [, one, words] = ages.find(([below]) => below === null || ms < below);
  return words.replace("{n}", Math.floor(Math.max(ms, 0) / one));
}

function offsetMs(text) {
  const [, sign, hours, minutes] = /UTC([+-])(\d\d):(\d\d)/.exec(text);
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60000;
}

function atClock(ms, offset) {
  return new Date(ms + offsetMs(offset)).toISOString().slice(11, 16);
}

// Where the reader's clock shows another time than the device's, it is said.
function here(now, offset) {
  const place = document.getElementById("here");
  const mine = -new Date(now).getTimezoneOffset() * 60000;
  place.hidden = mine === offsetMs(offset);
  const words = place.dataset.words.replace("{clock}", new Date(now + mine).toISOString().slice(11, 16));
  if (place.textContent !== words) {
    place.textContent = words;
  }
}
