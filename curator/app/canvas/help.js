// All keys on one page.
import { open } from "./dialog.js";
import { h } from "./elements.js";
import { ACTIONS, GRID_KEYS, GROUPS, keysByAction } from "./keys.js";

const POINTER = [
  ["drag", "a point, an edge, a corner, or the face"],
  ["drag beside", "draws a new face"],
  ["wheel", "zooms at the pointer; two fingers zoom and move"],
  ["middle, Alt", "dragging moves the photo"],
];

export function showHelp(desk) {
  const shut = (event) => event.key === "?" && dialog.close();
  const columns =
    desk.root.dataset.mode === "grid" ? [table("Grid", GRID_KEYS)] : imageTables(desk);
  const dialog = open(desk, "All keys", [h("div", { class: "columns" }, ...columns)], {
    wide: true,
  });
  dialog.addEventListener("keydown", shut);
}

function imageTables(desk) {
  const keys = keysByAction(desk.keys);
  const groups = GROUPS.map((group) => {
    const rows = ACTIONS.filter((action) => action.group === group);
    return table(
      group,
      rows.map(({ name, says }) => [keys.get(name) ?? "–", says]),
    );
  });
  return [...groups, table("Mouse and fingers", POINTER)];
}

function table(title, rows) {
  const list = rows.map(([key, says]) =>
    h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, says)),
  );
  return h("section", {}, h("h3", {}, title), h("dl", {}, ...list));
}
