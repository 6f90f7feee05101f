// Draws each plot of the page again, to be read with the finger or the mouse. Without it the server's own drawing stands.

const TWO = (number) => String(number).padStart(2, "0");

// As the pages write a day: 30 Nov, not Nov 30.
function language() {
  const its = document.documentElement.lang;
  return its === "en" ? "en-GB" : its;
}

function colour(element, name) {
  return getComputedStyle(element).getPropertyValue(name).trim();
}

// A Date whose own clock shows the time at the charger.
function there(seconds, offset) {
  const utc = new Date((seconds + offset) * 1000);
  return new Date(utc.getUTCFullYear(), utc.getUTCMonth(), utc.getUTCDate(), utc.getUTCHours(), utc.getUTCMinutes(), utc.getUTCSeconds());
}

function moment(seconds, offset, withDay) {
  const at = there(seconds, offset);
  const clock = `${TWO(at.getHours())}:${TWO(at.getMinutes())}`;
  return withDay ? `${at.toLocaleDateString(language(), {day: "numeric", month: "short"})} ${clock}` : clock;
}

function draw(figure) {
  const given = JSON.parse(figure.dataset.plot);
  const field = figure.querySelector(".plot-field");
  const box = figure.querySelector(".plot-drawn");
  const gutter = figure.querySelector(".plot-y").getBoundingClientRect().width;
  const isLong = given.span[1] - given.span[0] > 86400;
  const unit = (one, value) => value == null ? "–" : `${value.toLocaleString(language(), {maximumFractionDigits: 1})} ${one.unit}`.trim();
  const quiet = colour(figure, "--quiet");
  const rule = colour(figure, "--rule");
  const series = given.series.map((one) => {
    const stroke = colour(figure, one.name === "limit" ? "--limit" : "--accent");
    return {
      label: one.label, scale: one.name, stroke, width: one.dots ? 0 : one.name === "limit" ? 1.5 : 2, dash: one.name === "limit" ? [5, 4] : undefined,
      paths: one.step ? window.uPlot.paths.stepped({align: 1}) : one.dots ? () => null : undefined,
      points: {show: one.dots, size: 4, fill: stroke, stroke}, value: (plot, value) => unit(one, value),
    };
  });
  const scales = {x: {time: true, range: (plot, low, high) => low === high || low === given.x[0] ? given.span : [low, high]}};
  const axes = [{stroke: quiet, grid: {stroke: rule, width: 1}, ticks: {show: false}, size: 24, gap: 4, font: "12px system-ui, sans-serif",
    space: isLong ? 64 : 48, values: (plot, splits) => splits.map((at) => {
      const day = there(at, given.offset_s);
      return isLong && day.getHours() === 0 && day.getMinutes() === 0
        ? day.toLocaleDateString(language(), {day: "numeric", month: "short"}) : moment(at, given.offset_s, false);
    })}];
  given.series.forEach((one, place) => {
    scales[one.name] = {range: () => one.range};
    axes.push({scale: one.name, side: place ? 1 : 3, stroke: place ? colour(figure, "--limit") : quiet, grid: {show: !place, stroke: rule, width: 1},
      ticks: {show: false}, size: gutter, gap: 4, font: "12px system-ui, sans-serif",
      values: (plot, splits) => splits.map((at) => at.toLocaleString(language(), {maximumFractionDigits: 1}))});
  });
  const size = () => ({width: box.clientWidth, height: figure.classList.contains("low") ? 160 : 256});
  box.hidden = false;
  const data = [given.x, ...given.series.map((one) => one.y.map((value) => value === "" ? undefined : value))];
  const plot = new window.uPlot({
    ...size(), scales, axes, padding: [8, given.series.length > 1 ? 0 : 20, 0, 0], tzDate: (seconds) => there(seconds, given.offset_s),
    series: [{label: given.time, value: (its, at) => at == null ? "–" : moment(at, given.offset_s, isLong)}, ...series],
    legend: {show: true, live: true}, cursor: {y: false, drag: {x: true, y: false}},
  }, data, box);
  field.hidden = true;
  figure.querySelector(".plot-x").hidden = true;
  new ResizeObserver(() => plot.setSize(size())).observe(figure);
  box.dataset.keep = "";        // the page follows the service, and leaves this alone
  return () => {
    plot.destroy();
    box.replaceChildren();
    field.hidden = false;
  };
}

const drawn = new Map();

function drawAll(isAnew) {
  for (const figure of document.querySelectorAll("[data-plot]")) {
    const known = drawn.get(figure);
    if (known && !isAnew && known.text === figure.dataset.plot) {
      figure.querySelector(".plot-field").hidden = true;
      figure.querySelector(".plot-x").hidden = true;
      continue;
    }
    known?.away();
    drawn.set(figure, {text: figure.dataset.plot, away: draw(figure)});
  }
}

if (window.uPlot) {
  drawAll(true);
  document.addEventListener("refreshed", () => drawAll(false));
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(true));
}
