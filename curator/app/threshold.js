// A histogram; each threshold is a line to drag, or to move with the arrow keys. What falls on
// its bad side is told at once, all the rest when it is let go.
const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, FOOT] = [1000, 220, 26];
const plots = new WeakMap();

function svg(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// A number as people write it, fine enough for the range that is shown.
function readable(value, span) {
  const digits = Math.max(0, Math.min(4, 2 - Math.floor(Math.log10(span || 1))));
  return Number(value.toFixed(digits)).toLocaleString("en", { maximumFractionDigits: digits });
}

function ticks(low, high) {
  const rough = (high - low) / 8;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step) found.push(at);
  return found;
}

class Plot {
  constructor(root, tell) {
    this.root = root.querySelector(".plot");
    this.said = root.querySelector(".said");
    this.tell = tell;
  }

  draw(data) {
    this.data = data;
    this.span = data.high - data.low;
    const view = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT + FOOT}`, preserveAspectRatio: "none" });
    this.bars = svg("g", { class: "bars" });
    const most = Math.max(...data.counts, 1);
    const wide = WIDTH / data.counts.length;
    data.counts.forEach((count, i) => {
      // The root shows small counts beside large ones.
      const height = count ? Math.max(1.5, Math.sqrt(count / most) * (HEIGHT - 8)) : 0;
      const bar = { x: i * wide + 0.5, y: HEIGHT - height, width: Math.max(wide - 1, 0.5), height };
      this.bars.append(svg("rect", bar));
    });
    view.append(this.bars, svg("line", { class: "axis", x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT }));
    this.root.replaceChildren(view);
    for (const at of ticks(data.low, data.high)) this.label("tick", at, readable(at, this.span));
    this.handles = data.lines.map((line, index) => this.handle(view, line, index));
    this.paint();
  }

  // Text is HTML, so that it is not stretched with the drawing.
  label(kind, at, text) {
    const element = document.createElement("span");
    element.className = kind;
    element.textContent = text;
    element.style.left = `${this.share(at) * 100}%`;
    this.root.append(element);
    return element;
  }

  share(value) {
    return Math.min(Math.max((value - this.data.low) / this.span, 0), 1);
  }

  handle(view, line, index) {
    const element = document.createElement("button");
    element.type = "button";
    element.className = "handle";
    element.setAttribute("role", "slider");
    element.setAttribute("aria-label", line.label);
    element.setAttribute("aria-valuemin", this.data.low);
    element.setAttribute("aria-valuemax", this.data.high);
    const flag = document.createElement("span");
    element.append(flag);
    this.root.append(element);
    element.onpointerdown = (event) => {
      element.setPointerCapture(event.pointerId);
      element.classList.add("held");
    };
    element.onpointermove = (event) => {
      if (!element.classList.contains("held")) return;
      const box = this.root.getBoundingClientRect();
      const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
      line.value = this.data.low + share * this.span;
      this.paint();
    };
    element.onpointerup = () => {
      if (!element.classList.contains("held")) return;
      element.classList.remove("held");
      this.tell({ line: index, value: line.value });
    };
    element.onkeydown = (event) => {
      const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      const far = event.shiftKey ? 10 : 1;
      const value = line.value + (step * far * this.span) / 200;
      line.value = Math.min(Math.max(value, this.data.low), this.data.high);
      this.paint();
      clearTimeout(this.later);
      this.later = setTimeout(() => this.tell({ line: index, value: line.value }), 350);
    };
    return { element, flag, line };
  }

  bad(value) {
    return this.data.lines.some((l) => (l.above ? value < l.value : value > l.value));
  }

  paint() {
    const { counts, low, lines, unit } = this.data;
    let out = 0;
    [...this.bars.children].forEach((bar, i) => {
      const bad = this.bad(low + ((i + 0.5) / counts.length) * this.span);
      bar.classList.toggle("bad", bad);
      if (bad) out += counts[i];
    });
    for (const { element, flag, line } of this.handles) {
      element.style.left = `${this.share(line.value) * 100}%`;
      element.classList.toggle("late", this.share(line.value) > 0.85);
      element.setAttribute("aria-valuenow", line.value);
      flag.textContent = `${readable(line.value, this.span)} ${unit}`.trim();
    }
    const all = counts.reduce((sum, count) => sum + count, 0);
    const share = all ? Math.round((1000 * out) / all) / 10 : 0;
    this.said.textContent = lines.length
      ? `${out.toLocaleString("en")} of ${all.toLocaleString("en")} faces (${share} %) on the wrong side`
      : `${all.toLocaleString("en")} faces`;
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  let plot = plots.get(parentElement);
  if (!plot) plots.set(parentElement, (plot = new Plot(parentElement)));
  plot.tell = (moved) => setTriggerValue("moved", moved);
  const drawn = JSON.stringify(data);
  if (plot.drawn !== drawn) {
    const focus = plot.handles?.findIndex(({ element }) => element.matches(":focus"));
    plot.drawn = drawn;
    plot.draw(data);
    if (focus >= 0) plot.handles[focus]?.element.focus();
  }
}
