// The deadline is dragged: the handle, the time that is typed, and the line follow each other. Nothing is sent by that.

export function deadline(form) {
  const drag = form.querySelector("#drag"), by = form.querySelector("#by");

  function show() {
    drag.setAttribute("aria-valuetext", by.value);
    const line = document.getElementById("deadline");
    if (line) {
      const x = `${100 * drag.value / drag.max}%`;
      line.setAttribute("x1", x);
      line.setAttribute("x2", x);
    }
  }

  drag.addEventListener("input", () => {
    // The edge that has begun is no deadline.
    drag.value = Math.max(drag.value, 1);
    by.value = drag.dataset.clocks.split(" ")[drag.value];
    show();
  });
  by.addEventListener("input", () => {
    const place = drag.dataset.clocks.split(" ").indexOf(by.value, 1);
    if (place > 0) {
      drag.value = place;
      show();
    }
  });
  drag.hidden = false;
}
