// What every page loads. Without it everything can be read and pressed; with it the ages count on and the page follows the service.
import {follow} from "./live.js";
import {preview} from "./week.js";

if (document.body.dataset.url) {
  follow(document.body);
}
const week = document.getElementById("week");
if (week) {
  preview(week);
}
// A second touch on a button that was pressed is none.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "post" && form.dataset.pressed) {
    event.preventDefault();
  }
  form.dataset.pressed = "yes";
  setTimeout(() => delete form.dataset.pressed, 4000);
});
