// A density map of two numbers; a click, or Enter after the arrow keys, picks a place.
const maps = new WeakMap();

function readable(value) {
  return Number(value.toPrecision(3)).toLocaleString("en");
}

function paint(state) {
  const { canvas, data } = state;
  const style = getComputedStyle(canvas);
  const [columns, rows] = [data.columns, data.rows];
  const scale = 12;
  canvas.width = columns * scale;
  canvas.height = rows * scale;
  const pen = canvas.getContext("2d");
  const most = Math.log1p(Math.max(...data.counts, 1));
  pen.fillStyle = style.getPropertyValue("--st-primary-color");
  data.counts.forEach((count, i) => {
    if (!count) return;
    const column = i % columns;
    const row = rows - 1 - Math.floor(i / columns);
    pen.globalAlpha = 0.12 + 0.88 * (Math.log1p(count) / most);
    pen.fillRect(column * scale, row * scale, scale - 1, scale - 1);
  });
  if (!state.at) return;
  const [column, row] = state.at;
  pen.globalAlpha = 1;
  pen.lineWidth = 3;
  pen.strokeStyle = style.getPropertyValue("--st-text-color");
  pen.strokeRect((column - 1) * scale, (rows - 2 - row) * scale, 3 * scale, 3 * scale);
}

export default function ({ data, parentElement, setTriggerValue }) {
  let state = maps.get(parentElement);
  if (!state) maps.set(parentElement, (state = { canvas: parentElement.querySelector("canvas") }));
  const { canvas } = state;
  state.data = data;
  canvas.setAttribute("aria-label", `${data.y[2]} over ${data.x[2]}`);
  const words = parentElement.querySelector(".words");
  words.textContent =
    `across: ${data.x[2]}, ${readable(data.x[0])} to ${readable(data.x[1])} · ` +
    `up: ${data.y[2]}, ${readable(data.y[0])} to ${readable(data.y[1])}`;
  const pick = (column, row) => {
    state.at = [
      Math.min(Math.max(column, 0), data.columns - 1),
      Math.min(Math.max(row, 0), data.rows - 1),
    ];
    paint(state);
  };
  canvas.onclick = (event) => {
    const box = canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * data.columns);
    const row = data.rows - 1 - Math.floor(((event.clientY - box.top) / box.height) * data.rows);
    pick(column, row);
    setTriggerValue("picked", state.at);
  };
  canvas.onkeydown = (event) => {
    const step = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, 1],
      ArrowDown: [0, -1],
    }[event.key];
    const [column, row] = state.at ?? [data.columns >> 1, data.rows >> 1];
    if (step) pick(column + step[0], row + step[1]);
    else if (event.key === "Enter") setTriggerValue("picked", state.at ?? [column, row]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  paint(state);
  state.scheme ??= matchMedia("(prefers-color-scheme: dark)");
  state.scheme.onchange = () => setTimeout(() => paint(state), 200);
}
