// The prediction: the label, a bar for each class, the model and the time it took.

const percents = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const percent = (share) => (share > 0.9995 ? ">99.9%" : percents.format(share)); // never certain
const at = (id) => document.getElementById(id);

/** Lay out an empty bar for each class. */
export function layOut(classes) {
  at("bars").replaceChildren(
    ...classes.map((name) => {
      const item = document.createElement("li");
      const [label, bar, share] = ["label", "bar", "share"].map((part) =>
        Object.assign(document.createElement("span"), { className: part }),
      );
      label.textContent = name;
      bar.append(document.createElement("i"));
      item.append(label, bar, share);
      return item;
    }),
  );
}

/** Say what to do while there is no prediction. */
export function invite(text) {
  at("summary").replaceChildren(Object.assign(document.createElement("span"), { className: "quiet", textContent: text }));
  [...at("bars").children].forEach((item) => fill(item, 0, "", false));
  at("latency").textContent = "–";
}

/** Show the prediction of one row. */
export function show({ model, label, probabilities, milliseconds }) {
  const best = Math.max(...probabilities);
  const name = Object.assign(document.createElement("strong"), { textContent: label });
  const words = Object.assign(document.createElement("span"), { textContent: ` ${percent(best)} sure` });
  at("summary").replaceChildren(name, words);
  [...at("bars").children].forEach((item, i) => {
    fill(item, probabilities[i], percent(probabilities[i]), probabilities[i] === best);
  });
  at("model").textContent = model;
  at("latency").textContent = `${Math.max(milliseconds, 1).toFixed(0)} ms`;
}

function fill(item, share, text, best) {
  item.classList.toggle("best", best);
  item.querySelector("i").style.width = `${share * 100}%`;
  item.querySelector(".share").textContent = text;
}
