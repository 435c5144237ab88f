/** How the model of the tests can behave when it is asked; the first feature is the place in this list. */
export const behaviours = [
  "well",
  "hangs",
  "throws",
  "not-a-number",
  "too-large",
  "wrong-shape",
  "no-data",
  "ends",
  "lies",
  "blocks",
] as const;
