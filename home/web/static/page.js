// What every page loads. Without it everything can be read and pressed; with it the ages count on and the page follows the service.
import {follow} from "./live.js";
import {preview} from "./preview.js";

if (document.body.dataset.url) {
  follow(document.body);
}
document.querySelectorAll("form[data-preview]").forEach(preview);
const target = document.getElementById("target");
if (target) {
  import("./deadline.js").then(({deadline}) => deadline(target));
}
