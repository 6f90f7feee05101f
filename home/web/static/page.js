// What every page loads. Without it everything can be read and pressed; with it the ages count on and the page follows the service.
import {follow} from "./live.js";

const body = document.body;
if (body.dataset.live) {
  follow(body);
}
