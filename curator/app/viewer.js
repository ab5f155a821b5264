// One photo, its faces drawn over it at any size of the window. A face, here or in the strip
// below, is looked at closely by a click or Enter, and let go the same way or with Escape.
const SVG = "http://www.w3.org/2000/svg";
const viewers = new WeakMap();

function svg(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function outline(face, index) {
  const group = svg("g", { "data-face": index });
  group.style.setProperty("--tone", face.tone);
  const title = svg("title", {});
  title.textContent = face.text;
  const [left, top, right, bottom] = face.box;
  const size = { width: Math.max(right - left, 0), height: Math.max(bottom - top, 0) };
  group.append(title, svg("rect", { x: left, y: top, ...size }));
  for (const { x, y, colour } of face.points) {
    group.append(svg("circle", { cx: x, cy: y, fill: colour }));
  }
  return group;
}

function chip(face, index) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.face = index;
  button.style.setProperty("--tone", face.tone);
  button.title = face.text;
  button.setAttribute("aria-label", face.text);
  button.setAttribute("aria-pressed", "false");
  const crop = document.createElement("img");
  crop.loading = "lazy";
  crop.alt = "";
  crop.src = face.crop;
  button.append(crop);
  item.append(button);
  return item;
}

class Viewer {
  constructor(root) {
    this.stage = root.querySelector(".stage");
    this.zoom = root.querySelector(".zoom");
    this.photo = root.querySelector(".zoom img");
    this.layer = root.querySelector("svg");
    this.strip = root.querySelector("ul");
    this.said = root.querySelector(".said");
    this.shown = root.querySelector("input");
    this.choice = root.querySelector("label");
    this.shown.onchange = () => this.layer.classList.toggle("bare", !this.shown.checked);
    new ResizeObserver(() => this.measure()).observe(this.stage);
    const pick = (event) => {
      const hit = event.target.closest("[data-face]");
      if (!hit) return;
      // The keyboard follows the mouse, so that Escape lets go of the face.
      if (this.layer.contains(hit)) this.stage.focus({ preventScroll: true });
      this.choose(Number(hit.dataset.face));
    };
    this.layer.onclick = pick;
    this.strip.onclick = pick;
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.chosen === null) return;
      event.stopPropagation();
      this.choose(this.chosen);
    });
  }

  draw(data) {
    this.data = data;
    this.chosen = null;
    this.stage.style.setProperty("--shape", data.width / data.height);
    this.stage.style.setProperty("--natural", `${Math.max(data.width, 480)}px`);
    this.choice.hidden = data.faces.length === 0;
    this.photo.alt = data.name;
    this.photo.src = data.src;
    this.measure();
    this.layer.setAttribute("viewBox", `0 0 ${data.width} ${data.height}`);
    this.layer.replaceChildren(...data.faces.map(outline));
    this.strip.replaceChildren(...data.faces.map(chip));
    this.show();
    // The grid that led here may have been scrolled far down.
    requestAnimationFrame(() => this.stage.scrollIntoView({ block: "nearest" }));
  }

  // Lines and dots keep their size on the screen: what a pixel of it is in pixels of the photo.
  measure() {
    const unit = this.data.width / (this.stage.clientWidth || 1);
    this.layer.style.setProperty("--unit", `${unit}px`);
  }

  choose(index) {
    this.chosen = this.chosen === index ? null : index;
    this.show();
  }

  show() {
    const face = this.data.faces[this.chosen];
    for (const element of [...this.layer.children, ...this.strip.querySelectorAll("button")]) {
      const chosen = Number(element.dataset.face) === this.chosen;
      element.classList.toggle("chosen", chosen);
      if (element.ariaPressed !== null) element.ariaPressed = String(chosen);
    }
    this.layer.classList.toggle("one", Boolean(face));
    this.said.textContent = face ? face.text : this.data.hint;
    this.closeUp(face ? face.box : [0, 0, this.data.width, this.data.height]);
    // The copy for the screen is not sharp close up.
    if (face && this.data.original) this.photo.src = this.data.original;
  }

  // Moves and scales the photo so that the box fills about half of the stage.
  closeUp([left, top, right, bottom]) {
    const { width, height } = this.data;
    const share = Math.max((right - left) / width, (bottom - top) / height, 0.01);
    const scale = Math.min(Math.max(0.55 / share, 1), 24);
    const shift = (middle) => Math.min(Math.max(0.5 - middle * scale, 1 - scale), 0) * 100;
    const x = shift((left + right) / 2 / width);
    const y = shift((top + bottom) / 2 / height);
    this.zoom.style.setProperty("--scale", scale);
    this.zoom.style.transform = `translate(${x}%, ${y}%) scale(${scale})`;
  }
}

export default function ({ data, parentElement }) {
  let viewer = viewers.get(parentElement);
  if (!viewer) viewers.set(parentElement, (viewer = new Viewer(parentElement)));
  const drawn = JSON.stringify(data);
  if (viewer.drawn !== drawn) {
    viewer.drawn = drawn;
    viewer.draw(data);
  }
}
