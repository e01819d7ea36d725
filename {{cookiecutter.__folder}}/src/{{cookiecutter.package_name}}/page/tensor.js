// Between a flat list of feature values and the nested lists that the model takes.

/** Nest `values` to `shape`, such as [1, 8, 8]. */
export function nest(values, shape) {
  if (shape.length <= 1) return values;
  const size = values.length / shape[0];
  return Array.from({ length: shape[0] }, (_, i) => nest(values.slice(i * size, (i + 1) * size), shape.slice(1)));
}

/** The index in the flat list of a place in the nested ones; -1 if the place is not a single value. */
export function flatIndex(place, shape) {
  if (place.length !== shape.length) return -1;
  return place.reduce((index, position, axis) => index * shape[axis] + position, 0);
}
