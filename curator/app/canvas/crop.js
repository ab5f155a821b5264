// A small picture of one face with what is known drawn over it, cut by the browser from a copy
// of the image that it has anyway.
import { svg } from "./elements.js";

// How much of what is around a face is shown, as a share of the longer side of its box.
const MARGIN = 0.25;

export function windowOf([left, top, right, bottom]) {
  const half = Math.max(right - left, bottom - top, 8) * (0.5 + MARGIN);
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return [x - half, y - half, x + half, y + half];
}

// ``source`` is where the copy is, ``image`` has the size of the photo.
export function crop(source, image, face, schemes, window = windowOf(face.box)) {
  return several(source, image, [face], schemes, window);
}

export function several(source, image, faces, schemes, window) {
  const size = { width: image.width, height: image.height };
  const photo = svg("image", { href: source, ...size, preserveAspectRatio: "none" });
  return picture(window, [photo, ...faces.flatMap((face) => overlay(face, schemes))]);
}

// The same over a picture that was cut by the server.
export function cut(source, window, face, schemes) {
  const [x, y, right, bottom] = window;
  const size = { x, y, width: right - x, height: bottom - y };
  const photo = svg("image", { href: source, ...size, preserveAspectRatio: "none" });
  return picture(window, [photo, ...overlay(face, schemes)]);
}

function picture([left, top, right, bottom], children) {
  const box = [left, top, right - left, bottom - top];
  return svg("svg", { class: "crop", viewBox: box.join(" "), "aria-hidden": "true" }, ...children);
}

export function overlay({ box, points, visibility, scheme, status }, schemes) {
  const [x, y, right, bottom] = box;
  const size = { x, y, width: Math.max(right - x, 0), height: Math.max(bottom - y, 0) };
  const few = (points?.length ?? 0) <= 10;
  const dots = (points ?? []).flatMap(([px, py], index) => {
    if (!visibility[index]) return [];
    const tone = visibility[index] === 1 ? "hidden" : (schemes[scheme]?.tones[index] ?? "contour");
    const name = few ? "" : " small";
    const d = `M${px} ${py}h0`;
    return [
      svg("path", { class: `dot rim${name}`, d }),
      svg("path", { class: `dot ${tone}${name}`, d }),
    ];
  });
  const group = svg("g", { class: `face ${status}` });
  group.append(
    svg("rect", { class: "rim", ...size }),
    svg("rect", { class: "line", ...size }),
    ...dots,
  );
  return [group];
}
