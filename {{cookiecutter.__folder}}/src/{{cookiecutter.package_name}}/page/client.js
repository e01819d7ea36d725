// Talks to the service. Addresses are relative, so the page also works below a path of a proxy.

/** The service does not answer, or not in its own words. */
export class Away extends Error {}

/** The service refused the values; `place` holds the indices within the row, if it named them. */
export class Refused extends Error {
  constructor({ field = "inputs", expected = "something else", got = "this" }) {
    super(`Expected ${expected}, got ${got}`);
    this.place = [...field.matchAll(/\[(\d+)\]/g)].slice(1).map((match) => Number(match[1]));
  }
}

/** Fetch the schema of the model that is served. */
export async function fetchSchema() {
  const { body } = await ask("schema");
  return body.schema ?? body;
}

/** Ask for the prediction of one row; resolves to its model, label, probabilities and milliseconds. */
export async function predict(row) {
  const { body, milliseconds } = await ask("v1/infer", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ inputs: [row] }),
  });
  return { model: body.model_id, label: body.labels[0], probabilities: body.probabilities[0], milliseconds };
}

async function ask(address, options) {
  const start = performance.now();
  const response = await fetch(address, options).catch(() => {
    throw new Away("The service does not answer. Is it running? This page tries again by itself.");
  });
  const body = await response.json().catch(() => null);
  if (body?.error && response.status < 500) throw new Refused(body.error);
  if (!response.ok || body === null) {
    throw new Away(`The service is in trouble (status ${response.status}). This page tries again by itself.`);
  }
  return { body, milliseconds: performance.now() - start };
}
