// Puts the page together: images are drawn, everything else is filled in.
import { invite, layOut, show } from "./answer.js";
import { Away, Refused, fetchSchema, predict } from "./client.js";
import { openForm } from "./form.js";
import { openPad } from "./pad.js";

const RETRY = 2000; // milliseconds
const trouble = document.getElementById("trouble");
let latest = 0; // answers may overtake each other; only the latest question's counts

function complain(error) {
  trouble.textContent = error?.message ?? "";
  trouble.hidden = !error;
}

/** Run `action` until it is answered, or until `isOver`. */
async function insist(action, isOver = () => false) {
  while (!isOver()) {
    try {
      const result = await action();
      complain(null);
      return result;
    } catch (error) {
      if (!(error instanceof Away)) throw error;
      if (!isOver()) complain(error);
      await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
  }
}

async function ask(row, explain) {
  const question = (latest += 1);
  const isOver = () => question !== latest;
  try {
    const answer = await insist(() => predict(row), isOver);
    if (!isOver()) show(answer);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (isOver()) return;
    forget("The model does not take these values.");
    if (!explain(error)) complain(error);
  }
}

function forget(text) {
  latest += 1;
  complain(null);
  invite(text);
}

const schema = await insist(fetchSchema);
const isImage = schema.input_shape.length === 3;
const invitation = isImage ? "Draw, and lift the pen." : "Press Predict.";
layOut(schema.classes);
invite(invitation);
if (isImage) {
  openPad(schema, (row) => ask(row, () => false), () => forget(invitation));
} else {
  const explain = openForm(schema, (row) => ask(row, explain), () => forget(invitation));
}
