// Talks to the app's own routes.
export class Refused extends Error {
  constructor(status, answer) {
    super(answer?.error ?? `the server answered ${status}`);
    this.status = status;
    this.answer = answer;
  }
}

const TOKEN = /(?:^|;\s*)curator_xsrf=([^;]*)/;

// The answer of a route as a value. Throws Refused where the server says no, TypeError where it
// cannot be reached.
export async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  const headers = { Accept: "application/json" };
  if (method !== "GET") {
    headers["Content-Type"] = "application/json";
    headers["X-XSRF-Token"] = decodeURIComponent(TOKEN.exec(document.cookie)?.[1] ?? "");
  }
  const response = await fetch(`/label/${path}`, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "same-origin",
    // Answers change with every save; a hung server must not hold the queue for ever.
    cache: "no-store",
    signal: AbortSignal.timeout(20_000),
  });
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

export function query(parameters) {
  const known = Object.entries(parameters).filter(([, value]) => value !== null && value !== "");
  return new URLSearchParams(known).toString();
}

// Gives images back without waiting for an answer, also while the page goes away.
export function giveBack(images) {
  const token = decodeURIComponent(TOKEN.exec(document.cookie)?.[1] ?? "");
  fetch("/label/release", {
    method: "POST",
    keepalive: true,
    headers: { "Content-Type": "application/json", "X-XSRF-Token": token },
    body: JSON.stringify({ images }),
  }).catch(() => {});
}
