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
