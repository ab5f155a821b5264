// What each person likes: kept by the server for them, on every machine.
import { open } from "./dialog.js";
import { h, say } from "./elements.js";
import { ACTIONS, GROUPS, keyLabel, keyMap, keyName, keysByAction } from "./keys.js";

// ``frame`` is the share of the stage that a framed face fills, ``dot`` CSS pixels.
export const DEFAULTS = { frame: 0.6, dot: 7, palette: "okabe-ito", guides: true, keys: {} };

const PALETTES = [
  ["okabe-ito", "Okabe and Ito: told apart with every kind of colour vision"],
  ["bold", "Bold: for pale or busy photos"],
  ["plain", "Plain: white and grey, for judging colours"],
];

export function showSettings(desk) {
  const { settings } = desk;
  const keep = (changed) => desk.keepSettings(changed);
  const table = h("div", { class: "key-table" });
  drawKeys(desk, table);
  open(
    desk,
    "Settings",
    [
      h(
        "div",
        { class: "settings" },
        slider("A framed face fills", settings.frame, [0.3, 0.9, 0.05], percent, (frame) =>
          keep({ frame }),
        ),
        slider("Size of points", settings.dot, [3, 14, 1], pixels, (dot) => keep({ dot })),
        h(
          "fieldset",
          {},
          h("legend", {}, "Colours"),
          ...PALETTES.map(([name, says]) => palette(name, says, settings, keep)),
        ),
        check("Lines through the pointer", settings.guides, (guides) => keep({ guides })),
      ),
      h(
        "div",
        { class: "title-row" },
        h("h3", {}, "Keys"),
        h(
          "button",
          {
            type: "button",
            onclick: () => {
              keep({ keys: {} });
              drawKeys(desk, table);
            },
          },
          "As they were",
        ),
      ),
      table,
    ],
    { wide: true },
  );
}

const percent = (value) => `${Math.round(100 * value)} % of the height or width`;
const pixels = (value) => `${value} px`;

function slider(label, value, [min, max, step], words, keep) {
  const said = h("output", {}, words(value));
  const input = h("input", { type: "range", min, max, step, "aria-label": label });
  input.value = value;
  input.addEventListener("input", () => say(said, words(Number(input.value))));
  input.addEventListener("change", () => keep(Number(input.value)));
  return h("label", { class: "slider" }, h("span", {}, label), input, said);
}

function palette(name, says, settings, keep) {
  const input = h("input", {
    type: "radio",
    name: "palette",
    value: name,
    onchange: () => keep({ palette: name }),
  });
  input.checked = settings.palette === name;
  return h("label", {}, input, says);
}

function check(label, value, keep) {
  const input = h("input", { type: "checkbox", onchange: () => keep(input.checked) });
  input.checked = value;
  return h("label", {}, input, label);
}

function drawKeys(desk, table) {
  const keys = keysByAction(desk.keys);
  table.replaceChildren(
    ...GROUPS.map((group) => {
      const rows = ACTIONS.filter((action) => action.group === group).map(({ name, says }) => {
        const label = `key for: ${says}`;
        const button = h(
          "button",
          { type: "button", "aria-label": `${label}, now ${keys.get(name) ?? "none"}` },
          keys.get(name) ?? "none",
        );
        button.addEventListener("click", () => listen(desk, table, name, button));
        return h("div", { class: keys.has(name) ? "" : "without" }, h("span", {}, says), button);
      });
      return h("section", {}, h("h3", {}, group), ...rows);
    }),
  );
}

// The next key pressed is the one; Escape keeps the old.
function listen(desk, table, action, button) {
  say(button, "press a key");
  const heard = (event) => {
    if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    stop();
    if (event.key !== "Escape") remap(desk, action, keyName(event));
    drawKeys(desk, table);
  };
  const stop = () => {
    button.removeEventListener("keydown", heard);
    button.removeEventListener("blur", redraw);
  };
  const redraw = () => {
    stop();
    drawKeys(desk, table);
  };
  button.addEventListener("keydown", heard);
  button.addEventListener("blur", redraw);
}

// Whoever had the key is without one, and is shown so, until it gets another.
function remap(desk, action, key) {
  const usual = ACTIONS.find(({ name }) => name === action).key;
  const keys = Object.fromEntries(
    Object.entries(desk.settings.keys).filter(([, used]) => used !== key),
  );
  delete keys[action];
  if (key !== usual) keys[action] = key;
  desk.keepSettings({ keys });
  const lost = ACTIONS.filter(({ name }) => !keysByAction(keyMap(keys)).has(name));
  desk.tell(
    lost.length
      ? `${lost.map(({ says }) => says).join(", ")}: without a key now`
      : `${action}: ${keyLabel(key)}`,
  );
}
