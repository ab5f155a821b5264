// Where the page and the editor meet. A desk outlives the element it stands in: Streamlit makes
// that anew when the connection was lost, and when people go to another page and come back.
import { Desk } from "./desk.js";

const desks = new Map();

export function mount(parent, data) {
  const space = `${data.dataset}:${data.user}`;
  if (!desks.has(space)) desks.set(space, new Desk(data));
  const desk = desks.get(space);
  desk.stand(parent);
  desk.update(data);
  return desk;
}
