// Boxes, points and labels over the photo. Shapes are in pixels of the photo and only their frame
// is moved; strokes keep their width on the screen. A dot is a line of no length with round ends.
import { h, say, svg } from "./elements.js";
import { inLetters, inWords } from "./faces.js";
import { toStage } from "./geometry.js";

// Points never cover a face: so many of them fit side by side into its width.
const FACE_PER_DOT = 9;
// Points have their digits on faces of this width and more, CSS pixels.
const DIGITS_FROM = 80;

export class Drawing {
  constructor(stage, view, schemes) {
    this.view = view;
    this.schemes = schemes;
    this.world = svg("g");
    this.guides = svg("path", { class: "guides" });
    this.layer = svg("svg", { class: "faces", "aria-hidden": "true" }, this.guides, this.world);
    this.labels = h("div", { class: "labels", "aria-hidden": "true" });
    stage.append(this.layer, this.labels);
    this.drawn = new Map();
    view.addEventListener("moved", () => this.move());
  }

  // ``chosen`` is the face being worked on, ``part`` what of it: {point}, {edges}, or null.
  draw(faces, chosen, part) {
    this.faces = faces;
    this.chosen = chosen;
    this.part = part;
    const kept = new Map();
    for (const face of faces) {
      const known = this.drawn.get(face.id);
      const selected = face.id === chosen;
      const said = selected ? JSON.stringify(part) : null;
      const right =
        known && known.face === face && known.said === said && known.selected === selected;
      kept.set(
        face.id,
        right ? known : { face, said, selected, group: this.group(face, selected) },
      );
    }
    this.drawn = kept;
    // Drawn last is on top.
    const last = kept.get(chosen);
    const groups = [...kept.values()].filter((one) => one !== last);
    this.world.replaceChildren(...groups.map(({ group }) => group), ...(last ? [last.group] : []));
    this.label();
    this.move();
  }

  move() {
    const { x, y, scale } = this.view.now;
    this.world.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
    for (const { face, group } of this.drawn.values()) {
      const size = (scale * (face.box[2] - face.box[0])) / FACE_PER_DOT;
      group.style.setProperty("--dot", `min(var(--largest-dot), ${Math.max(size, 1.5)}px)`);
    }
    const chosen = this.drawn.get(this.chosen)?.face.box ?? [0, 0, 0, 0];
    this.labels.classList.toggle("close", scale * (chosen[2] - chosen[0]) >= DIGITS_FROM);
    for (const label of this.labels.children) {
      const [left, top] = toStage(this.view.now, label.at);
      label.style.transform = `translate(${left}px, ${top}px)`;
    }
  }

  group(face, selected) {
    const [left, top, right, bottom] = face.box;
    const size = {
      x: left,
      y: top,
      width: Math.max(right - left, 0),
      height: Math.max(bottom - top, 0),
    };
    const group = svg("g", { class: `face ${face.status}${selected ? " chosen" : ""}` });
    group.append(svg("rect", { class: "rim", ...size }), svg("rect", { class: "line", ...size }));
    if (selected) group.append(...this.handles(face));
    if (face.points) group.append(...this.points(face, selected));
    return group;
  }

  handles({ box: [left, top, right, bottom] }) {
    const corners = `M${left} ${top}h0M${right} ${top}h0M${left} ${bottom}h0M${right} ${bottom}h0`;
    const marks = [
      svg("path", { class: "corner rim", d: corners }),
      svg("path", { class: "corner", d: corners }),
    ];
    const lines = {
      left: `M${left} ${top}V${bottom}`,
      right: `M${right} ${top}V${bottom}`,
      top: `M${left} ${top}H${right}`,
      bottom: `M${left} ${bottom}H${right}`,
    };
    const edges = this.part?.edges ?? [];
    return [...edges.map((edge) => svg("path", { class: "edge", d: lines[edge] })), ...marks];
  }

  points(face, selected) {
    const scheme = this.schemes[face.scheme];
    const seen = (index) => face.visibility[index] > 0;
    const at = ([x, y]) => `M${x} ${y}h0`;
    const curves = (scheme?.links ?? []).map((link) => {
      const path = link.filter(seen).map((index) => face.points[index].join(" "));
      return path.length > 1 ? svg("path", { class: "curve", d: `M${path.join("L")}` }) : null;
    });
    const few = face.points.length <= 10;
    const dots = face.points.flatMap((point, index) => {
      if (!seen(index)) return [];
      const kind = face.visibility[index] === 1 ? "hidden" : (scheme?.tones[index] ?? "contour");
      const mark = selected && this.part?.point === index ? " at" : "";
      const size = few ? "" : " small";
      return [
        svg("path", { class: `dot rim${size}${mark}`, d: at(point) }),
        svg("path", { class: `dot ${kind}${size}${mark}`, d: at(point) }),
      ];
    });
    return [...curves.filter(Boolean), ...dots];
  }

  label() {
    const labels = this.faces.flatMap((face, index) => {
      const selected = face.id === this.chosen;
      return [this.nameTag(face, index + 1, selected), ...(selected ? this.pointTags(face) : [])];
    });
    this.labels.replaceChildren(...labels);
  }

  nameTag(face, number, selected) {
    const words = selected ? inWords(face.attributes) : inLetters(face.attributes);
    const who = selected ? [face.identity, ...face.tags] : [face.identity];
    const said = [`${number}`, ...who, words].filter(Boolean).join(selected ? " · " : " ");
    return tag(`name ${face.status}${selected ? " chosen" : ""}`, said, face.box);
  }

  // Which point is which: all of five by their digit, of many only the chosen one by its name.
  pointTags({ points, visibility, scheme }) {
    if (!points) return [];
    const names = this.schemes[scheme]?.names ?? [];
    const chosen = this.part?.point;
    return points.flatMap((point, index) => {
      if (!visibility[index]) return [];
      if (index === chosen)
        return [tag("point", (names[index] ?? `${index + 1}`).replaceAll("_", " "), point)];
      return points.length <= 10 ? [tag("digit", `${index + 1}`, point)] : [];
    });
  }

  // Two thin lines through the pointer show where an edge or a point would go.
  guide(place) {
    const { width, height } = this.view.size;
    const d = place ? `M0 ${place[1]}H${width}M${place[0]} 0V${height}` : "";
    this.guides.setAttribute("d", d);
  }

  hide(bare) {
    this.layer.classList.toggle("bare", bare);
    this.labels.classList.toggle("bare", bare);
  }
}

function tag(kind, text, [x, y]) {
  const label = h("span", { class: kind });
  say(label, text);
  label.at = [x, y];
  return label;
}
