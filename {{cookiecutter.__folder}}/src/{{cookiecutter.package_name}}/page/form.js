// One number field for each feature. What the values are asked of judges them; this shows what it says.
import { flatIndex, nest } from "./tensor.js";

/** Show the form for `schema`; `onRow` gets the values when they are sent. */
export function openForm(schema, onRow, onReset) {
  const form = document.getElementById("form");
  const fields = schema.features.map(toField);
  document.getElementById("fields").replaceChildren(...fields.map((field) => field.element));
  const clean = () => fields.forEach((field) => field.complain(""));

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clean();
    onRow(nest(fields.map((field) => field.value()), schema.input_shape));
  });
  form.addEventListener("reset", () => (clean(), onReset()));
  form.hidden = false;

  /** Put a refusal beside its field; false if it belongs to none. */
  return (refusal) => {
    const field = fields[flatIndex(refusal.place, schema.input_shape)];
    field?.complain(refusal.message);
    field?.focus();
    return field !== undefined;
  };
}

function toField({ name, low, high }, index) {
  const element = document.createElement("div");
  const id = `feature-${index}`;
  const label = Object.assign(document.createElement("label"), { htmlFor: id, textContent: readable(name) });
  const input = Object.assign(document.createElement("input"), { id, name, type: "number", step: "any" });
  const range = Object.assign(document.createElement("small"), { id: `${id}-range`, textContent: `${low} to ${high}` });
  const problem = Object.assign(document.createElement("small"), { id: `${id}-problem`, className: "problem" });
  input.defaultValue = middle(low, high);
  input.setAttribute("aria-describedby", `${range.id} ${problem.id}`);
  element.append(label, input, range, problem);
  return {
    element,
    value: () => (Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : null),
    focus: () => input.focus(),
    complain: (message) => {
      problem.textContent = message;
      input.setAttribute("aria-invalid", String(message !== ""));
    },
  };
}

function readable(name) {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function middle(low, high) {
  const exact = low + (high - low) / 2;
  const short = Number(exact.toPrecision(3));
  return String(low <= short && short <= high ? short : exact);
}
